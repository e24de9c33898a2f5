import { parentPort, workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { createBirpc } from 'birpc'
import type { CoreFunctions, ShellFunctions } from '../../src/rpc/outcome.ts'
import { Lab } from './lab.ts'
import { openShellDoor } from './shell-door.ts'
import type { FromLabWorker, LabWorkerSettings, ToLabWorker } from './worker-protocol.ts'

/* The lab core in a thread of its own: a flood on the wire never freezes a window. */

const settings = workerData as LabWorkerSettings
const onError = (error: unknown): void => console.error('tcplab: lab:', error)
const lab = new Lab({ ...settings, onError })

parentPort!.on('message', (message: ToLabWorker) => {
  if (message.kind === 'shell') serveShell(message.port)
  else void stop()
})
// A mistake in one call or callback must not take the recording with it.
process.on('uncaughtException', onError)
process.on('unhandledRejection', onError)
lab.start().catch(onError)

function serveShell(port: MessagePort): void {
  const functions: CoreFunctions = { call: (name, args) => door.call(name, args) }
  const rpc = createBirpc<ShellFunctions, CoreFunctions>(functions, {
    post: (message) => port.postMessage(message),
    on: (listener) => { port.on('message', listener) },
    timeout: -1,
  })
  const door = openShellDoor(lab, (update) => void rpc.update.asEvent(update).catch(onError))
  port.on('close', () => {
    door.close()
    rpc.$close()
  })
}

async function stop(): Promise<void> {
  try {
    await lab.stop()
  } catch (error) {
    onError(error)
  }
  const done: FromLabWorker = { kind: 'stopped' }
  parentPort!.postMessage(done)
  parentPort!.close()
}
