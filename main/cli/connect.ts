import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { HttpGet } from '../../src/stack/applications/http-get.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import { TcpState } from '../../src/tcp/state.ts'
import { machineClock } from '../lab/clock.ts'
import type { Task } from '../lab/driver.ts'
import { Conversation } from './conversation.ts'
import { deferred } from './deferred.ts'
import { EndingApplication, failureOf } from './ending-application.ts'
import type { How } from './ending-application.ts'
import { ExitCode, UsageError, tellFailure } from './failure.ts'
import { onInterrupt } from './interrupt.ts'
import { elevationOf, openNamedLink } from './link-choice.ts'
import type { CliOptions } from './options.ts'
import { Output } from './output.ts'
import type { Run } from './program.ts'
import { hostSettingsOf, openSpokenHost, tcpSettingsOf } from './spoken-host.ts'
import type { SpokenHost } from './spoken-host.ts'
import { StreamApplication } from './stream-application.ts'

const pollUs = 20_000
/** In TIME-WAIT nothing more comes but a FIN that missed our ACK: it gets this long. */
const lingerUs = 200_000

/**
 * `tcplab connect`: one connection from a host of its own. The conversation goes to the standard output, or to the standard error where that
 * one carries the received bytes. With `--json` the objects of {@link Conversation}, and at the end
 * `{"event": "ended", "how", "sent", "received", "retransmissions", "seconds"}`.
 */
export const runConnect: Run = async ({ args, options, json, words }) => {
  const [address, port] = args as [string, number]
  if (options.http !== undefined && (options.send ?? options.receive) !== undefined) throw new UsageError('oneOf', { names: '--http | --send --receive', command: 'connect' })
  const tcp = tcpSettingsOf(options.set)
  const settings = hostSettingsOf(options)
  const { source, sink } = await openStreams(options)
  const output = new Output(options.receive === '-' ? process.stderr : process.stdout)
  const conversation = new Conversation({ output, words, json, all: options.all ?? false, quiet: options.quiet ?? false })
  const opened = await openNamedLink(options.interface, { ...elevationOf(options), promiscuous: true }).catch((error: unknown) => {
    source?.destroy()
    throw error
  })
  const spoken = await openSpokenHost({
    opened, settings, tcp, sink: conversation.sink(), onError: (error) => { tellFailure(error, words) },
    onFrames: (batch, from, nowUs) => conversation.log.noteFrames(0, batch, from, nowUs),
    onEvent: (event, nowUs) => {
      const softError = spoken.host.host.record(event.connection)?.softError ?? null
      if (event.kind === 'unreachable' && softError !== null) conversation.trouble(softError, nowUs)
    },
    watch: (batch) => conversation.watch(batch, opened.link.info.linkType),
    afterTurn: () => {
      conversation.tell()
      output.flush()
    },
  })
  conversation.host = spoken.host.host
  const { promise: ended, resolve: end } = deferred<How | Fault>()
  const stream = new StreamApplication({ source, sink, closeAfterSend: options.closeAfterSend ?? false, now: machineClock, wake: () => spoken.driver.wake() })
  const application = options.http === undefined ? stream : new EndingApplication(new HttpGet({ host: address, path: options.http }))
  application.onEnded = end
  void spoken.died.then(end)
  let id = -1
  const release = onInterrupt(
    () => {
      process.stderr.write(`${words('cli.connect.interrupted')}\n`)
      // Nothing is there yet that could be closed in good order.
      if (id < 0 || spoken.host.host.connection(id)?.state === TcpState.synSent) end('aborted')
      else spoken.host.host.close(id, machineClock())
      spoken.driver.wake()
    },
    () => {
      if (id >= 0) spoken.host.host.abort(id, machineClock())
      end('aborted')
    },
  )
  const snapshot = createTcpSnapshot()
  try {
    const early = await Promise.race([spoken.readyFor(address).then(() => null), ended])
    if (early === null) {
      id = spoken.host.connectWith(address, port, application, 'connect', machineClock())
      spoken.driver.tasks.add(timeWaitWatch(spoken, id, () => end('closed')))
      spoken.driver.wake()
    }
    const how = early ?? await ended
    spoken.host.host.record(id)?.connection.snapshot(snapshot)
    await spoken.close()
    conversation.tell(true)
    await stream.finish()
    const { bytesAcked, bytesDelivered, retransmissions, openedUs } = snapshot
    const seconds = openedUs < 0 ? 0 : Number(((machineClock() - openedUs) / 1e6).toFixed(3))
    const failure = stream.failure === null ? failureOf(how, address, port) : streamFault(stream.failure, options)
    const name = failure === null || typeof how === 'string' ? how as How : 'aborted'
    const sent = Math.max(0, bytesAcked)
    if (json) output.line(JSON.stringify({ event: 'ended', how: name, sent, received: bytesDelivered, retransmissions, seconds }))
    else output.line(words('cli.connect.summary', { how: words(`cli.ending.${name}`), sent, received: bytesDelivered, retransmissions, seconds }))
    if (failure !== null) throw new FaultError(failure)
    return how === 'closed' ? ExitCode.done : ExitCode.failed
  } finally {
    await spoken.close()
    source?.destroy()
    await output.end()
    release()
  }
}

/** Both directions are done once TIME-WAIT is reached: nobody in front of a terminal waits for its minutes. */
function timeWaitWatch({ host, driver }: SpokenHost, id: number, done: () => void): Task {
  let dueUs = machineClock() + pollUs
  let sinceUs = -1
  return {
    pollTimeout: () => dueUs,
    handleTimeout(nowUs) {
      dueUs = nowUs + pollUs
      if (host.host.connection(id)?.state !== TcpState.timeWait) return
      if (sinceUs < 0) sinceUs = nowUs
      if (nowUs - sinceUs < lingerUs) return
      driver.tasks.delete(this)
      done()
    },
  }
}

/** @throws FaultError `fileNotFound`, `fileNotReadable`, `fileNotWritable` */
async function openStreams({ send, receive }: CliOptions): Promise<{ source: Readable | null, sink: Writable | null }> {
  let source: Readable | null = null
  if (send === '-') source = process.stdin
  else if (send !== undefined) {
    try {
      if (statSync(send).isDirectory()) throw Object.assign(new Error('EISDIR'), { code: 'EISDIR' })
      const file = await open(send, 'r')
      source = createReadStream('', { fd: file, highWaterMark: 256 * 1024 })
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
      throw new FaultError(reason === 'ENOENT' ? fault('fileNotFound', { path: send }) : fault('fileNotReadable', { path: send, reason }), { cause: error })
    }
  }
  if (receive === undefined) return { source, sink: null }
  if (receive === '-') return { source, sink: process.stdout }
  try {
    const file = await open(receive, 'w')
    return { source, sink: createWriteStream('', { fd: file, highWaterMark: 1024 * 1024 }) }
  } catch (error) {
    source?.destroy()
    throw new FaultError(fault('fileNotWritable', { path: receive, reason: (error as NodeJS.ErrnoException).code ?? 'unknown', lost: 0 }), { cause: error })
  }
}

function streamFault({ stream, error }: NonNullable<StreamApplication['failure']>, { send = '-', receive = '-' }: CliOptions): Fault {
  const reason = error.code ?? error.message
  if (stream === 'source') return fault('fileNotReadable', { path: send, reason })
  return reason === 'ENOSPC' || reason === 'EDQUOT' ? fault('diskFull', { path: receive, reason }) : fault('fileNotWritable', { path: receive, reason, lost: 0 })
}
