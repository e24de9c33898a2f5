import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { createBirpc } from 'birpc'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LabWorker } from '../../../main/lab/worker-client.ts'
import type { LabUpdate } from '../../../src/rpc/contract.ts'
import type { CoreFunctions, ShellFunctions } from '../../../src/rpc/outcome.ts'
import { buildProgram } from '../../support/program.ts'

let program = ''
let folder = ''

beforeAll(async () => {
  program = await buildProgram('main/lab/worker.ts')
  folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-worker-'))
}, 60_000)
afterAll(() => {
  if (program !== '') rmSync(path.dirname(program), { recursive: true, force: true })
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

function shellOf(worker: LabWorker) {
  const port = worker.connect()
  const updates: LabUpdate[] = []
  const core = createBirpc<CoreFunctions, ShellFunctions>({ update: (update) => { updates.push(update) } }, { post: (message) => port.postMessage(message), on: (listener) => { port.on('message', listener) } })
  return { port, updates, core }
}

it('runs the lab in a thread for several shells, answers faults as values, and ends with a whole recording', async () => {
  const worker = new LabWorker({ workerUrl: pathToFileURL(program), version: '0.0.0', recordingFolder: folder, electron: false, defaultLink: { kind: 'virtual' } })
  const first = shellOf(worker)
  const second = shellOf(worker)
  expect(await first.core.call('describeLab', [])).toMatchObject({ ok: true, value: { version: '0.0.0', recordingFolder: folder } })
  expect(await second.core.call('nonsense', [])).toMatchObject({ ok: false, fault: { code: 'unknownCommand', params: { name: 'nonsense' } } })
  expect(await second.core.call('getPacket', [1e9])).toMatchObject({ ok: false, fault: { code: 'noSuchPacket' } })
  const end = performance.now() + 10_000
  while (!first.updates.at(-1)?.sockets.some(({ remotePort, state }) => remotePort === 80 && state === 10)) {
    if (performance.now() > end) throw new Error(`the first conversation did not end: ${JSON.stringify(first.updates.at(-1)?.sockets)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(first.updates.flatMap(({ decisions }) => decisions).length).toBeGreaterThan(8)
  expect(second.updates.length).toBeGreaterThan(0)
  second.port.close()
  const rows = await first.core.call('getPacketRows', [{ from: -3, count: 3 }])
  expect(rows).toMatchObject({ ok: true, value: { rows: [{}, {}, {}] } })
  const recording = first.updates.at(-1)!.link.recording.path!
  await worker.stop()
  expect(existsSync(recording)).toBe(true)
  expect(existsSync(`${recording}.lock`)).toBe(false)
  first.port.close()
}, 30_000)
