import { FaultError } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import type { HostEvent } from '../../src/stack/host-event.ts'
import { formatAddress } from '../../src/stack/ip-address.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import { tcpStateNames } from '../../src/tcp/state.ts'
import { formatEndpoint, formatIpv4, formatMac } from '../../src/wire/addresses.ts'
import { machineClock } from '../lab/clock.ts'
import { DecisionLog } from '../lab/decision-log.ts'
import { deferred } from './deferred.ts'
import { ExitCode, tellFailure } from './failure.ts'
import { onInterrupt } from './interrupt.ts'
import { elevationOf, openNamedLink } from './link-choice.ts'
import { Output } from './output.ts'
import type { Run } from './program.ts'
import { reasonText } from './reason-words.ts'
import { hostSettingsOf, openSpokenHost, tcpSettingsOf } from './spoken-host.ts'
import type { SpokenHost } from './spoken-host.ts'
import type { Words } from './words.ts'

const endings = ['closed', 'reset', 'refused', 'timedOut'] as const

/**
 * `tcplab host`: a host that listens until it is interrupted. With `--json` one object an event:
 * `{"event": "ready", "address", "mac", "listeners"}`, then of each connection `accepted`, `state`, `remoteClosed`, `ended`.
 */
export const runHost: Run = async ({ options, json, words }) => {
  const tcp = tcpSettingsOf(options.set)
  const settings = hostSettingsOf(options)
  const opened = await openNamedLink(options.interface, { ...elevationOf(options), promiscuous: true })
  const output = new Output(process.stdout)
  const printer = new LifePrinter(output, words, json)
  const spoken: SpokenHost = await openSpokenHost({
    opened, settings, tcp, sink: printer.log.sinkOf(0), onEvent: (event) => printer.event(event, spoken), onError: (error) => { tellFailure(error, words) },
    afterTurn: () => {
      printer.tell()
      output.flush()
    },
  })
  const { promise: interrupted, resolve: interrupt } = deferred<Fault | null>()
  const release = onInterrupt(() => interrupt(null))
  void spoken.died.then(interrupt)
  try {
    if (!json) output.line(words('cli.host.probing', { address: spoken.address }))
    const early = await Promise.race([spoken.ready.then(() => 'ready' as const), interrupted])
    if (early === 'ready') {
      printer.ready(spoken)
      output.flush()
    }
    const reason = await interrupted
    if (reason !== null) throw new FaultError(reason)
    if (!json) process.stderr.write(`${words('cli.host.stopping')}\n`)
    return ExitCode.done
  } finally {
    await spoken.close()
    printer.tell()
    await output.end()
    release()
  }
}

/** Each connection's life, from the host's events and the engine's decisions. */
class LifePrinter {
  readonly log = new DecisionLog()
  private told = 0
  private readonly output: Output
  private readonly words: Words
  private readonly json: boolean
  private readonly snapshot = createTcpSnapshot()

  constructor(output: Output, words: Words, json: boolean) {
    this.output = output
    this.words = words
    this.json = json
  }

  ready({ host }: SpokenHost): void {
    const { config } = host.host
    const listeners = host.listeners.map(({ application, port }) => `${application}:${port}`)
    const address = `${formatIpv4(config.ipv4)}/${config.prefixLength}`
    this.print('ready', { address, mac: formatMac(config.mac), listeners: this.json ? listeners : listeners.join(' ') || this.words('cli.host.nothing') }, 'ready')
  }

  event(event: HostEvent, { host }: SpokenHost): void {
    const record = host.host.record(event.connection)
    this.tell()
    if (record === undefined) return
    const remote = formatEndpoint(formatAddress(record.remoteAddress), record.remotePort)
    const { id: connection } = record
    if (event.kind === 'accepted') this.print('accepted', { connection, remote, port: event.listenerPort, application: host.applicationOf(record) }, 'accepted')
    if (event.kind === 'remoteClosed') this.print('remoteClosed', { connection, remote }, 'remoteClosed')
    if (!(endings as readonly string[]).includes(event.kind)) return
    record.connection.snapshot(this.snapshot)
    const { bytesDelivered, bytesSent, retransmissions, openedUs } = this.snapshot
    const how = this.json ? event.kind : this.words(`cli.ending.${event.kind}`)
    const seconds = openedUs < 0 ? 0 : Number(((machineClock() - openedUs) / 1e6).toFixed(3))
    this.print('ended', { connection, remote, how, received: bytesDelivered, sent: bytesSent, retransmissions, seconds }, 'ended')
  }

  /** State changes since the last time. */
  tell(): void {
    const decisions = this.log.query({ after: this.told, count: 5000 })
    this.told = this.log.latestId
    for (const decision of decisions) {
      if (decision.verb !== 'state') continue
      const { from, to } = decision.operands
      this.print('state', { connection: decision.connection, from: tcpStateNames[from], to: tcpStateNames[to], reason: reasonText(decision, this.words) }, 'state')
    }
  }

  private print(event: string, params: Record<string, string | number | string[]>, key: string): void {
    this.output.line(this.json ? JSON.stringify({ event, ...params }) : this.words(`cli.host.${key}`, params as Record<string, string | number>))
  }
}
