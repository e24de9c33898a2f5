import { openNicLink } from '../../main/link/nic-link.ts'
import { writeU32 } from '../../src/base/bytes.ts'
import { FrameWriter } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import { tcpFrame } from '../support/nasty-segments.ts'

/**
 * Sends TCP segments into an interface at an even rate: 42 conversations of data and acknowledgments that go on, and one segment in 500 twice.
 * Arguments: interface, seconds, frames a second. Prints one JSON object: `{ sent, failed, seconds }`.
 */
const [name, secondsText, rateText] = process.argv.slice(2)
const seconds = Number(secondsText)
const rate = Number(rateText)
const conversations = 42
const batchFrames = 512
const dataBytes = 100
const sequenceAt = 14 + 20 + 4

const link = openNicLink({ name, seeSent: false, filter: 'greater 262144', bufferBytes: 1 << 20, ringBytes: 1 << 21 })
const writer = new FrameWriter(batchFrames, batchFrames * 256)
const sent = new Uint32Array(conversations).fill(1000)
for (let i = 0; i < batchFrames; i++) writer.write(segment(i % conversations, isAck(i)))

const begin = performance.now()
let taken = 0
for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - begin) / 1000) {
  const due = Math.min(batchFrames, Math.floor(elapsed * rate) - taken)
  if (due < 64) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    continue
  }
  advance(due)
  writer.batch.count = due
  taken += link.send(writer.batch)
}
const spent = (performance.now() - begin) / 1000
link.close()
const counts = emptyStatistics()
link.statistics(counts)
console.log(JSON.stringify({ sent: counts.sent, failed: counts.sendFailed, seconds: spent }))

/** Numbers of the next segments; checksums stay wrong, which a capture does not look at. */
function advance(count: number): void {
  const { offset } = writer.batch
  for (let i = 0; i < count; i++) {
    const which = i % conversations
    if (isAck(i)) {
      writeU32(writer.bytes, offset[i] + sequenceAt + 4, sent[which])
    } else {
      writeU32(writer.bytes, offset[i] + sequenceAt, sent[which])
      if ((taken + i) % 500 !== 0) sent[which] += dataBytes
    }
  }
}

function isAck(i: number): boolean {
  return Math.floor(i / conversations) % 3 === 2
}

function segment(which: number, isAcknowledgment: boolean): Uint8Array {
  const client = { address: 0x0a4d0002, port: 40_000 + which }
  const server = { address: 0x0a4d0003, port: 80 }
  const [own, peer] = isAcknowledgment ? [server, client] : [client, server]
  return tcpFrame({ own, peer, seq: 5000, ack: 5000, flags: 0x10, window: 5000, length: isAcknowledgment ? 0 : dataBytes })
}
