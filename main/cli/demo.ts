import { FaultError } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { HttpGet } from '../../src/stack/applications/http-get.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import { TcpState } from '../../src/tcp/state.ts'
import { machineClock } from '../lab/clock.ts'
import type { OpenedLink } from '../lab/links.ts'
import { Conversation } from './conversation.ts'
import { deferred } from './deferred.ts'
import { EndingApplication, failureOf } from './ending-application.ts'
import type { How } from './ending-application.ts'
import { ExitCode, UsageError, tellFailure } from './failure.ts'
import { onInterrupt } from './interrupt.ts'
import { openNamedLink } from './link-choice.ts'
import { Output } from './output.ts'
import type { Invocation, Run } from './program.ts'
import { SpokenHost } from './spoken-host.ts'

const pollUs = 20_000
/** Long past the probe, the handshake and a retransmission or two. */
const patienceMs = 15_000

/** `tcplab demo`: the first conversation as text. With `--json` the objects of {@link Conversation}, and at the end `{"event": "done", …}`. */
export const runDemo: Run = async (invocation) => {
  const { json, words } = invocation
  const output = new Output(process.stdout)
  const opened = await openDemoLink(invocation)
  if (opened.host === null || opened.peer === null) {
    opened.link.close()
    throw new UsageError('badValue', { name: '--link', value: opened.link.info.name, expected: 'sandbox | virtual' })
  }
  if (!json) output.line(words('cli.demo.link', { name: `${opened.link.info.name} (${opened.link.info.description || opened.link.info.kind})` }))
  const conversation = new Conversation({ output, words, json, all: true, quiet: false })
  const { promise: ended, resolve: end } = deferred<Fault | How | 'late'>()
  const spoken = new SpokenHost({
    opened, settings: { ...opened.host, listen: [] }, tcp: {}, sink: conversation.sink(), onError: (error) => { tellFailure(error, words) },
    onFrames: (batch, from, nowUs) => conversation.log.noteFrames(0, batch, from, nowUs),
    watch: (batch) => conversation.watch(batch, opened.link.info.linkType),
    afterTurn: () => {
      conversation.tell()
      output.flush()
    },
  })
  conversation.host = spoken.host.host
  void spoken.died.then(end)
  const late = setTimeout(() => end('late'), patienceMs)
  const release = onInterrupt(() => end('late'))
  try {
    await spoken.ready
    const { address } = opened.peer
    const get = new EndingApplication(new HttpGet({ host: address, path: '/' }))
    get.onEnded = end
    const id = spoken.host.connectWith(address, 80, get, 'http-get', machineClock())
    let dueUs = 0
    spoken.driver.tasks.add({
      pollTimeout: () => dueUs,
      handleTimeout(nowUs) {
        dueUs = nowUs + pollUs
        if (spoken.host.host.connection(id)?.state === TcpState.timeWait) end('closed')
      },
    })
    spoken.driver.wake()
    const how = await ended
    conversation.tell(true)
    if (how === 'late') return ExitCode.failed
    const failure = typeof how === 'object' ? how : failureOf(how, address, 80)
    if (failure !== null) throw new FaultError(failure)
    const snapshot = createTcpSnapshot()
    spoken.host.host.connection(id)?.snapshot(snapshot)
    const bytes = snapshot.bytesDelivered
    if (json) output.line(JSON.stringify({ event: 'done', segments: conversation.segments, bytes }))
    else output.line(words('cli.demo.done', { segments: conversation.segments, bytes }))
    return ExitCode.done
  } finally {
    clearTimeout(late)
    await spoken.close()
    await output.end()
    release()
  }
}

async function openDemoLink({ options, words }: Invocation): Promise<OpenedLink> {
  // Where the sandbox cannot be had, its own fault says why.
  const wanted = options.link ?? (process.platform === 'linux' ? 'sandbox' : 'virtual')
  try {
    return await openNamedLink(wanted)
  } catch (error) {
    if (options.link !== undefined || wanted === 'virtual') throw error
    tellFailure(error, words)
    process.stderr.write(`${words('cli.demo.fallback')}\n`)
    return openNamedLink('virtual')
  }
}
