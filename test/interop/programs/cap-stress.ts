import { Worker } from 'node:worker_threads'
import { openCapLink } from '../../../main/link/cap-link.ts'
import { openNicLink } from '../../../main/link/nic-link.ts'
import { FrameWriter } from '../../../src/link/frame-batch.ts'

/**
 * Opens, refuses and closes `cap` links with collections in between, while frames flow. Arguments: two interfaces of a veth pair.
 * Prints `survived`.
 */
const [near, far] = process.argv.slice(2)
const collect = (globalThis as { gc?: () => void }).gc!
const small = { bufferBytes: 4 << 20, ringBytes: 1 << 20 }
const sender = openNicLink({ name: far, bufferBytes: 1 << 20, ringBytes: 1 << 21, filter: 'greater 262144' })
const writer = new FrameWriter(100, 100 * 1008)
const frame = new Uint8Array(1000)
frame.set([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x88, 0xb5])
while (writer.write(frame)) continue
const flood = setInterval(() => sender.send(writer.batch), 1)
let seen = 0
for (let round = 0; round < 20; round++) {
  try { openCapLink({ name: near, filter: 'no such words', ...small }) } catch { /* Refused, as it should be. */ }
  const link = openCapLink({ name: near, ...small })
  link.onReadable = () => { link.drain((batch) => { seen += batch.count }, 1000) }
  await pause(10)
  if (round % 2 === 0) link.setFilter('len < 2000')
  collect()
  await pause(10)
  link.close()
  collect()
  // Memory that was freed too early is likely to be handed out here.
  new Worker('globalThis.x = Buffer.alloc(1 << 20, 1)', { eval: true }).unref()
}
clearInterval(flood)
sender.close()
if (seen === 0) throw new Error('no frames were seen')
process.stdout.write('survived', () => process.exit(0))

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
