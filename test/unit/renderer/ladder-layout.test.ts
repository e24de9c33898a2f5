import { describe, expect, it } from 'vitest'
import { layLadder, type LadderInput } from '../../../renderer/capture/ladder-layout.ts'
import { shownInfo } from '../../../renderer/capture/shown-numbers.ts'
import type { PacketRow } from '../../../src/rpc/packets-contract.ts'
import { Finding } from '../../../src/trace/finding.ts'
import { tcpStateNames } from '../../../src/tcp/state.ts'
import { fixtureCapture } from '../../support/fixture-capture.ts'

const capture = fixtureCapture(10)
const rowsOf = (flow: number): PacketRow[] => capture.packets.map((packet) => packet.row).filter((row) => row.flow === flow)
const story = rowsOf(0)

function lay(rows: readonly (PacketRow | undefined)[], more: Partial<LadderInput> = {}) {
  return layLadder({ rows, before: undefined, firstIndex: 0, flow: 0, endsHere: true, isns: [100, 2000], form: 'raw', isSymbolic: false, height: (rows.length + 1) * 18, ...more })
}

/** Boxes of an end as `NAME first-last`, in rows. */
const boxes = (layout: ReturnType<typeof lay>, end: 0 | 1) => layout.states.filter((box) => box.end === end)
  .map((box) => `${tcpStateNames[box.state]} ${box.top / 18}-${box.bottom / 18}${box.current ? ' current' : ''}`)

describe('ladder beside the packet list', () => {
  it('puts every arrow into the row of its packet', () => {
    const { arrows } = lay(story)
    expect(arrows).toHaveLength(story.length)
    arrows.forEach((arrow, slot) => {
      expect(arrow.packet).toBe(story[slot].number)
      expect(Math.floor(arrow.y / 18)).toBe(slot)
    })
  })

  it('labels arrows with flags, numbers, length, and the window where it is closed', () => {
    const labels = lay(story).arrows.map((arrow) => arrow.label)
    expect(labels.slice(0, 5)).toEqual(['SYN 100/0', 'SYN+ACK 2000/101', 'ACK 101/2001', 'PSH+ACK 101/2001 +100', 'PSH+ACK 2001/201 +500'])
    expect(labels[16]).toBe('ACK 201/11261 win 0')
    expect(labels[21]).toBe('FIN+ACK 201/12001')
  })

  it('counts from the initial numbers in the relative form, and leaves unknown sides raw', () => {
    expect(lay(story, { form: 'relative' }).arrows[4].label).toBe('PSH+ACK 1/101 +500')
    expect(lay(story, { form: 'relative', isns: [100, -1] }).arrows[4].label).toBe('PSH+ACK 2001/101 +500')
  })

  it('writes letters for the initial numbers where they are known', () => {
    const labels = lay(story, { isSymbolic: true }).arrows.map((arrow) => arrow.label)
    expect(labels.slice(0, 5)).toEqual(['SYN A/0', 'SYN+ACK B/A+1', 'ACK A+1/B+1', 'PSH+ACK A+1/B+1 +100', 'PSH+ACK B+1/A+101 +500'])
    expect(lay(story, { isSymbolic: true, isns: [100, -1] }).arrows[1].label).toBe('SYN+ACK 2000/A+1')
  })

  it('marks what stands behind a hole', () => {
    const after = story.map((row) => ({ ...row, tcp: { ...row.tcp!, findings: row.number === 10 ? Finding.lostSegment : 0 } }))
    expect(lay(after).arrows.filter(({ afterHole }) => afterHole).map(({ packet }) => packet)).toEqual([10])
  })

  it('changes a sender with its row and a receiver with the next', () => {
    const layout = lay(story)
    expect(boxes(layout, 0)).toEqual(['SYN_SENT 0-2', 'ESTABLISHED 2-21', 'FIN_WAIT_1 21-23', 'FIN_WAIT_2 23-24', 'TIME_WAIT 24-26 current'])
    expect(boxes(layout, 1)).toEqual(['LISTEN 0-1', 'SYN_RCVD 1-3', 'ESTABLISHED 3-22', 'CLOSE_WAIT 22-23', 'LAST_ACK 23-25', 'CLOSED 25-26 current'])
  })

  it('enters the view in the states of the row above it, and goes on where the list does', () => {
    const layout = lay(story.slice(6, 10), { before: story[5], firstIndex: 6, endsHere: false, height: 4 * 18 })
    expect(boxes(layout, 0)).toEqual(['ESTABLISHED 0-4'])
    expect(boxes(layout, 1)).toEqual(['ESTABLISHED 0-4'])
    expect(layout.arrows[0].index).toBe(6)
  })

  it('never lets the boxes of an end overlap, nor a window leave its state', () => {
    for (let first = 0; first < story.length; first++) {
      const layout = lay(story.slice(first), { before: story[first - 1], firstIndex: first })
      for (const end of [0, 1] as const) {
        const own = layout.states.filter((box) => box.end === end)
        own.forEach((box, i) => { if (i > 0) expect(box.top).toBeGreaterThanOrEqual(own[i - 1].bottom) })
        for (const span of layout.windows.filter((box) => box.end === end)) {
          expect(own.some((box) => box.top <= span.top && span.bottom <= box.bottom)).toBe(true)
        }
      }
    }
  })

  it('shows how much of the largest window is closed', () => {
    const windows = lay(story).windows.filter((box) => box.end === 0)
    expect(windows.map((box) => box.window)).toEqual([8760, 7300, 0, 8760])
    expect(windows[2].closedShare).toBe(1)
    expect(windows[1].closedShare).toBeCloseTo(1 - 7300 / 8760)
  })

  it('marks retransmissions and resets', () => {
    expect(lay(story).arrows.filter((arrow) => arrow.retransmission).map((arrow) => arrow.packet)).toEqual([18, 23])
    const refused = lay(rowsOf(2), { flow: 2 })
    expect(refused.arrows[1]).toMatchObject({ reset: true, zeroWindow: false, label: 'RST+ACK 0/701' })
  })

  it('leaves the slots of other flows and of rows on their way empty', () => {
    const { arrows } = lay([story[0], undefined, rowsOf(2)[0], story[1]])
    expect(arrows.map((arrow) => Math.floor(arrow.y / 18))).toEqual([0, 3])
  })

  it('draws no box for an end that never answered', () => {
    const layout = lay(rowsOf(3), { flow: 3 })
    expect(boxes(layout, 0)).toEqual(['SYN_SENT 0-4 current'])
    expect(boxes(layout, 1)).toEqual([])
  })
})

describe('numbers in the info line', () => {
  const sack = story.find((row) => row.info.startsWith('SACK'))!.tcp!

  it('shows SACK blocks in the same form as SEQ and ACK', () => {
    expect(shownInfo('SACK 5421-6881 8341-9801, TS', sack, [100, 2000], 'relative')).toBe('SACK 3421-4881 6341-7801, TS')
    expect(shownInfo('SACK 5421-6881', sack, [100, 2000], 'raw')).toBe('SACK 5421-6881')
    expect(shownInfo('SACK 5421-6881', sack, [100, -1], 'relative')).toBe('SACK 5421-6881')
  })

  it('leaves application text alone', () => {
    expect(shownInfo('GET /a-1-2 HTTP/1.1', sack, [100, 2000], 'relative')).toBe('GET /a-1-2 HTTP/1.1')
  })
})
