import { fileURLToPath } from 'node:url'
import path from 'node:path'
import type { LinkSpec } from '../../src/rpc/contract.ts'
import { keepAll } from '../../src/trace/keep.ts'
import { defaultRecordingFolder } from '../lab/recording-path.ts'
import { LabWorker } from '../lab/worker-client.ts'
import { LabServer } from '../server/server.ts'
import { deferred } from './deferred.ts'
import { ExitCode, UsageError } from './failure.ts'
import { keepOf } from './options.ts'
import { onInterrupt } from './interrupt.ts'
import type { Run } from './program.ts'
import { version } from './version.ts'

/** `tcplab serve`: the lab behind a loopback server until interrupted. With `--json` one object: `{"event": "serving", "url", "port"}`. */
export const runServe: Run = async ({ options, json, words }) => {
  if (options.link === '') throw new UsageError('badValue', { name: '--link', value: '', expected: 'sandbox | virtual | INTERFACE' })
  const recordingFolder = path.resolve(options.recordings ?? defaultRecordingFolder())
  const lab = new LabWorker({ version, recordingFolder, electron: false, keep: keepOf(options.keep ?? 'all') ?? keepAll, ...(options.link === undefined ? {} : { defaultLink: linkNamed(options.link) }) })
  const { promise: ended, resolve: end } = deferred<number>()
  lab.onExit = () => {
    process.stderr.write(`tcplab: ${words('cli.serve.stopped')}\n`)
    end(ExitCode.failed)
  }
  let server: LabServer
  try {
    server = await LabServer.open({
      port: options.port ?? 0, rendererFolder: fileURLToPath(new URL('../renderer', import.meta.url)), connectShell: () => lab.connect(),
      unauthorizedText: words('cli.serve.unauthorized'),
    })
  } catch (error) {
    lab.onExit = null
    await lab.stop()
    throw error
  }
  onInterrupt(() => end(ExitCode.done))
  if (json) console.log(JSON.stringify({ event: 'serving', url: server.url, port: server.port }))
  else console.log(`${words('cli.serve.ready', { url: server.url })}\n${words('cli.serve.hint')}`)
  const exitCode = await ended
  lab.onExit = null
  await Promise.all([server.close(), lab.stop()])
  return exitCode
}

function linkNamed(name: string): LinkSpec {
  return name === 'sandbox' || name === 'virtual' ? { kind: name } : { kind: 'nic', name }
}
