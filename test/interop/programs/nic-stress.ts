import { once } from 'node:events'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import { openNicLink } from '../../../main/link/nic-link.ts'
import { FrameWriter } from '../../../src/link/frame-batch.ts'

/**
 * Ends captures in every rude way while frames flow: workers that are terminated or exit with open links, links that nobody closes,
 * many links at once, collections in between. Arguments: two interfaces of a veth pair. Prints `survived`.
 */
const [near, far] = isMainThread ? process.argv.slice(2) : workerData as string[]
const collect = (globalThis as { gc?: () => void }).gc ?? (() => {})
const small = { bufferBytes: 4 << 20, ringBytes: 4 << 20 }

if (isMainThread) await main()
else work()

async function main(): Promise<void> {
  const sender = openNicLink({ name: far, ...small, filter: 'greater 262144' })
  const writer = new FrameWriter(100, 100 * 1008)
  const frame = new Uint8Array(1000)
  frame.set([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x88, 0xb5])
  while (writer.write(frame)) continue
  const flood = setInterval(() => { for (let i = 0; i < 10; i++) sender.send(writer.batch) }, 1)

  for (let round = 0; round < 6; round++) {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: [near, round % 2 === 0 ? 'wait' : 'exit'] })
    const exited = once(worker, 'exit')
    await once(worker, 'message')
    if (round % 2 === 0) await worker.terminate()
    else worker.postMessage('exit')
    await exited
    collect()
  }

  let seen = 0
  const links = Array.from({ length: 8 }, () => openNicLink({ name: near, ...small }))
  for (const link of links) link.onReadable = () => { link.drain((batch) => { seen += batch.count }, 1000) }
  await pause(100)
  for (const link of links.slice(0, 6)) link.close()
  collect()
  await pause(50)
  links[6].close()
  links[6].close()
  collect()
  clearInterval(flood)
  if (seen === 0) throw new Error('no frames were seen')
  // The last link and the sender stay open: leaving the process must not mind.
  process.stdout.write('survived', () => process.exit(0))
}

function work(): void {
  const link = openNicLink({ name: near, ...small })
  const other = openNicLink({ name: near, ...small })
  other.onReadable = () => { other.drain(() => {}, 1000) }
  parentPort!.on('message', () => process.exit(0))
  link.onReadable = () => {
    link.drain(() => {}, 10)
    parentPort!.postMessage('reading')
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
