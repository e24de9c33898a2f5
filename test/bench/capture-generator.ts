import { openNicLink } from '../../main/link/nic-link.ts'
import { FrameWriter } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'

/**
 * Sends frames of mixed size into an interface as fast as it takes them.
 * Arguments: interface, frames. Prints one JSON object: `{ sent, failed, startedAtMs, seconds, cpuSeconds }`.
 */
const [name, wanted] = process.argv.slice(2)
const frames = Number(wanted)
const shortest = 54
const longest = 1454
const batchFrames = 1000

const link = openNicLink({ name, seeSent: false, filter: 'greater 262144', bufferBytes: 1 << 20, ringBytes: 1 << 21 })
const writer = new FrameWriter(batchFrames, batchFrames * (longest + 8))
for (let i = 0; i < batchFrames; i++) writer.write(tcpFrame(i, shortest + (i * 613) % (longest - shortest + 1)))

const cpu = process.cpuUsage()
const startedAtMs = Date.now()
const begin = performance.now()
let taken = 0
while (taken < frames) {
  writer.batch.count = Math.min(batchFrames, frames - taken)
  const count = link.send(writer.batch)
  taken += count
  if (count < writer.count) await new Promise<void>((resolve) => { link.onReadable = resolve })
}
// What was taken has left then.
link.close()
const seconds = (performance.now() - begin) / 1000
const used = process.cpuUsage(cpu)
const counts = emptyStatistics()
link.statistics(counts)
console.log(JSON.stringify({ sent: counts.sent, failed: counts.sendFailed, startedAtMs, seconds, cpuSeconds: (used.user + used.system) / 1e6 }))

/** Ethernet, IPv4 and TCP headers with plausible fields, so that a decoder has something to look at. */
function tcpFrame(number: number, length: number): Uint8Array {
  const frame = new Uint8Array(length)
  const view = new DataView(frame.buffer)
  frame.set([0x02, 0x54, 0x43, 0x50, 0x00, 0x02, 0x02, 0x54, 0x43, 0x50, 0x00, 0x01, 0x08, 0x00, 0x45, 0x00])
  view.setUint16(16, length - 14)
  view.setUint32(18, number)
  frame[22] = 64
  frame[23] = 6
  frame.set([192, 0, 2, 1, 192, 0, 2, 2], 26)
  view.setUint16(34, 40_000 + number % 42)
  view.setUint16(36, 9)
  view.setUint32(38, number * 1400)
  frame[46] = 0x50
  frame[47] = 0x10
  return frame
}
