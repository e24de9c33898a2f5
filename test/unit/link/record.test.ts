import { describe, expect, it } from 'vitest'
import { FrameBatch } from '../../../src/link/frame-batch.ts'
import { memoryLinkPair } from '../../../src/link/memory.ts'
import { RecordingLink } from '../../../src/link/record.ts'
import type { FrameRecorder } from '../../../src/link/record.ts'
import { describeLinkContract } from '../../support/link-contract.ts'
import { farMac, labMac } from '../../support/link-frames.ts'

/** Keeps what it is given in memory, one behind the other. */
class MemoryRecorder implements FrameRecorder {
  readonly frames: number[][] = []
  private end = 0

  record(batch: FrameBatch): Float64Array {
    const offsets = new Float64Array(batch.count)
    for (let i = 0; i < batch.count; i++) {
      this.frames.push([...batch.bytes.subarray(batch.offset[i], batch.offset[i] + batch.capturedLength[i])])
      offsets[i] = this.end
      this.end += batch.capturedLength[i]
    }
    return offsets
  }
}

describeLinkContract({
  name: 'recording over memory',
  lacks: {
    snap: 'an in-memory link hands out whole frames', filter: 'an in-memory link has no filter machine', remove: 'an in-memory link has no interface that could go',
  },
  open({ seeSent }) {
    const [link, peer] = memoryLinkPair({ seeSent, mac: labMac }, { mac: farMac })
    return { link: new RecordingLink(link, new MemoryRecorder()), peer }
  },
})

describe('recording link', () => {
  function frames(...fills: number[]): FrameBatch {
    const batch = new FrameBatch(fills.length, new Uint8Array(fills.length * 60))
    fills.forEach((fill, i) => {
      batch.bytes.fill(fill, i * 60, (i + 1) * 60)
      batch.add(i * 60, 60, 60, 0, 0, 2)
    })
    return batch
  }

  it('records what it hands out, before the sink sees it, and says where each frame went', () => {
    const [inner, peer] = memoryLinkPair({ seeSent: true, mac: labMac }, { mac: farMac })
    const recorder = new MemoryRecorder()
    const link = new RecordingLink(inner, recorder)
    peer.send(frames(1, 2))
    link.send(frames(3))
    const seen: [number, number][] = []
    link.drain((batch) => {
      for (let i = 0; i < batch.count; i++) {
        expect(recorder.frames.length).toBeGreaterThan(seen.length)
        seen.push([batch.bytes[batch.offset[i]], link.frameOffsets[i]])
      }
    }, 10)
    expect(recorder.frames.map((frame) => frame[0])).toEqual(seen.map(([fill]) => fill))
    expect(seen.map(([fill]) => fill).sort((a, b) => a - b)).toEqual([1, 2, 3])
    expect(seen.map(([, offset]) => offset)).toEqual([0, 60, 120])
  })

  it('without a recorder goes on, and says that frames are nowhere', () => {
    const [inner, peer] = memoryLinkPair({ mac: labMac }, { mac: farMac })
    const link = new RecordingLink(inner, null)
    peer.send(frames(1, 2, 3))
    let count = 0
    link.drain((batch) => {
      count += batch.count
      expect([...link.frameOffsets.subarray(0, batch.count)]).toEqual(new Array<number>(batch.count).fill(-1))
    }, 10)
    expect(count).toBe(3)
    const recorder = new MemoryRecorder()
    link.recorder = recorder
    peer.send(frames(4))
    link.drain(() => {}, 10)
    expect(recorder.frames).toHaveLength(1)
  })
})
