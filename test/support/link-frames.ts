import { Direction, FrameWriter } from '../../src/link/frame-batch.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { Link } from '../../src/link/link.ts'

/** Ethertype for local experiments (IEEE 802): no kernel answers it. */
export const testEtherType = 0x88b5
export const broadcastMac = Uint8Array.of(255, 255, 255, 255, 255, 255)
/** Locally administered addresses that no interface has: what the far end sends from, and what the link under test sends from. */
export const farMac = Uint8Array.of(0x02, 0x54, 0x43, 0x50, 0x00, 0x01)
export const labMac = Uint8Array.of(0x02, 0x54, 0x43, 0x50, 0x00, 0x02)

export interface TestFrame {
  readonly bytes: Uint8Array
  readonly originalLength: number
  readonly direction: Direction
  /** Nanoseconds since 1970. */
  readonly time: bigint
}

/** An Ethernet frame of the test's own type whose number and contents can be checked: 14 bytes of header, 4 of number, a pattern. */
export function testFrame(number: number, length: number, source: Uint8Array = farMac): Uint8Array {
  const frame = new Uint8Array(length)
  frame.set(broadcastMac, 0)
  frame.set(source, 6)
  frame[12] = testEtherType >> 8
  frame[13] = testEtherType & 0xff
  for (let i = 14; i < length; i++) frame[i] = i < 18 ? number >>> (17 - i) * 8 : number * 7 + i
  return frame
}

/** The frames of a list as a batch of their own. */
export function batchOf(frames: readonly Uint8Array[]): FrameBatch {
  const writer = new FrameWriter(Math.max(1, frames.length), frames.reduce((sum, frame) => sum + frame.length + 8, 8))
  for (const frame of frames) writer.write(frame)
  return writer.batch
}

/** Offers the frames until the link has taken them all. */
export async function sendAll(link: Link, frames: readonly Uint8Array[]): Promise<void> {
  let rest = frames
  while (rest.length > 0) {
    const taken = link.send(batchOf(rest))
    rest = rest.slice(taken)
    if (rest.length > 0) await pause(1)
  }
}

/** Copies of the test's own frames that a link hands out; what a kernel says by itself is left aside. */
export class FrameLog {
  readonly frames: TestFrame[] = []
  /** All frames, the kernel's too. */
  total = 0
  readonly add = (batch: FrameBatch): void => {
    this.total += batch.count
    for (let i = 0; i < batch.count; i++) {
      const bytes = batch.bytes.slice(batch.offset[i], batch.offset[i] + batch.capturedLength[i])
      if (bytes.length < 14 || bytes[12] << 8 !== (testEtherType & 0xff00) || bytes[13] !== (testEtherType & 0xff)) continue
      const time = BigInt(batch.timeSec[i]) * 1_000_000_000n + BigInt(batch.timeNsec[i])
      this.frames.push({ bytes, originalLength: batch.originalLength[i], direction: batch.direction[i] as Direction, time })
    }
  }

  get received(): TestFrame[] {
    return this.frames.filter(({ direction }) => direction !== Direction.sent)
  }

  get sent(): TestFrame[] {
    return this.frames.filter(({ direction }) => direction === Direction.sent)
  }
}

/** Drains the link into the log until the condition holds. @throws when it does not within `timeoutMs` */
export async function drainUntil(link: Link, log: FrameLog, condition: () => boolean, timeoutMs = 3000): Promise<void> {
  await until(() => {
    link.drain(log.add, 100_000)
    return condition()
  }, timeoutMs)
}

export async function until(condition: () => boolean, timeoutMs = 3000): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${condition}`)
    await pause(1)
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
