import { statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { startsLabOfTest } from './lab-harness.ts'
import type { TestLab } from './lab-harness.ts'

const startLab = startsLabOfTest()

/** A lab on the virtual link that has had so many packets at least. */
async function labWith(packets: number, keepPackets: number): Promise<TestLab> {
  const test = startLab({ keep: { kind: 'packets', limit: keepPackets } })
  await test.lab.start()
  const total = () => test.updates.at(-1)?.packets.total ?? 0
  await test.until(() => total() > 10, 'the first conversation')
  while (total() < packets) {
    const before = total()
    await test.client.runFirstConversation()
    await test.until(() => total() >= before + 8, 'another conversation')
  }
  return test
}

describe('a live capture that keeps the latest packets', () => {
  it('lists from the first that is kept, counts all, and tells how many have left', async () => {
    const test = await labWith(80, 20)
    const { packets, link, flows } = await test.until(() => test.updates.at(-1)!.packets.left > 0 && test.updates.at(-1), 'packets leave')
    expect(link.keep).toEqual({ kind: 'packets', limit: 20 })
    expect(packets.total - packets.left).toBeLessThanOrEqual(25)
    expect(flows.total + flows.left).toBeGreaterThan(flows.total)
    const page = await test.client.getPacketRows({ from: 0, count: 500 })
    expect(page.rows[0].number).toBeGreaterThan(packets.left)
    expect(page.total).toBe(page.rows.length)
    expect(page.rows.map(({ number }) => number)).toEqual(page.rows.map((_, i) => page.rows[0].number + i))
    const first = page.rows[0].number
    expect(await test.call('getPacket', [1])).toMatchObject({ ok: false, fault: { code: 'noSuchPacket' } })
    expect(await test.client.findRow({ packet: first })).toBe(0)
    expect((await test.client.getPacket(first)).bytes.length).toBeGreaterThan(0)
  })

  it('answers filters, flows, graphs, streams and statistics over what is kept', async () => {
    const test = await labWith(80, 24)
    await test.client.stopCapture()
    const { packets } = await test.until(() => !test.updates.at(-1)!.link.capturing && test.updates.at(-1), 'the capture stops')
    const kept = await test.client.getPacketRows({ from: 0, count: 500 })
    const segments = kept.rows.filter(({ tcp }) => tcp !== null)
    const filtered = await test.client.getPacketRows({ from: 0, count: 500, filter: 'tcp' })
    expect(filtered.rows.map(({ number }) => number)).toEqual(segments.map(({ number }) => number))
    expect(filtered.scanned).toBe(kept.total)
    const byNumber = await test.client.getPacketRows({ from: 0, count: 500, filter: 'frame.time_delta >= 0 and frame.number > 0' })
    expect(byNumber.total).toBeGreaterThanOrEqual(kept.total - 1)
    const { flows, total } = await test.client.getFlows({ from: 0, count: 500 })
    expect(flows).toHaveLength(total)
    expect(new Set(flows.map(({ flow }) => flow))).toEqual(new Set(kept.rows.filter(({ flow }) => flow >= 0).map(({ flow }) => flow)))
    const sorted = await test.client.getFlows({ from: 0, count: 500, sort: 'clientBytes', descending: true })
    expect(new Set(sorted.flows.map(({ flow }) => flow))).toEqual(new Set(flows.map(({ flow }) => flow)))
    const { flow } = segments.at(-1)!
    expect((await test.client.getPacketRows({ from: 0, count: 500, flow })).rows.map(({ number }) => number))
      .toEqual(kept.rows.filter((row) => row.flow === flow).map(({ number }) => number))
    expect((await test.client.flowSeries({ flow, kind: 'sequence', columns: 100 })).taken).toBeGreaterThan(0)
    expect((await test.client.getStream({ flow, from: 0, count: 100 })).pieces).toBeDefined()
    expect((await test.client.getStatistics()).packets).toBe(packets.total)
    expect((await test.client.getConversations({ layer: 'tcp', from: 0, count: 100 })).total).toBe(flows.filter(({ protocol }) => protocol === 'TCP').length)
    expect((await test.client.getIoSeries({ filters: [''] })).series[0].packets.reduce((sum, count) => sum + count, 0)).toBe(kept.total)
  })

  it('saves all that the recording has, and of a selection what is kept', async () => {
    const test = await labWith(60, 20)
    await test.client.stopCapture()
    const { packets } = await test.until(() => !test.updates.at(-1)!.link.capturing && test.updates.at(-1), 'the capture stops')
    const { recordingFolder } = await test.client.describeLab()
    const all = path.join(recordingFolder, 'all.pcapng')
    expect((await test.client.saveCapture({ path: all })).frames).toBe(packets.total)
    expect(statSync(all).size).toBeGreaterThan(1000)
    expect((await test.client.saveCapture({ path: path.join(recordingFolder, 'some.pcapng'), first: 1 })).frames).toBe(packets.total - packets.left)
  })

  it('is changed while it runs, holds for the next link, and refuses what is no bound', async () => {
    const test = await labWith(60, 1000)
    expect(test.updates.at(-1)!.packets.left).toBe(0)
    expect(await test.client.setKeep({ kind: 'packets', limit: 10 })).toEqual({ kind: 'packets', limit: 10 })
    await test.until(() => test.updates.at(-1)!.packets.left > 0, 'packets leave at once')
    for (const keep of [{ kind: 'packets', limit: 0 }, { kind: 'hours', limit: 1 }, { kind: 'bytes' }, null]) {
      expect(await test.call('setKeep', [keep])).toMatchObject({ ok: false, fault: { code: 'badArgument' } })
    }
    await test.client.clearCapture()
    await test.until(() => test.updates.at(-1)!.packets.left === 0, 'a new capture begins')
    expect((await test.client.openLink({ kind: 'virtual' })).keep).toEqual({ kind: 'packets', limit: 10 })
    expect(await test.client.setKeep({ kind: 'all', limit: 7 })).toEqual({ kind: 'all', limit: 0 })
  })
})
