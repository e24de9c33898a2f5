import type { Fault } from '../../src/base/fault.ts'
import { utf8Text } from '../../src/base/bytes.ts'
import type { CommandLineError } from '../../src/rpc/command-line.ts'
import { commandUsage } from '../../src/rpc/command-line.ts'
import { commandNames, commandSpec, type Command, type CommandName } from '../../src/rpc/commands.ts'
import type { CableState } from '../../src/rpc/cable-contract.ts'
import type { Keep, LinkChoice, LinkState, SaveResult } from '../../src/rpc/contract.ts'
import type { FlowInsights, FlowPage } from '../../src/rpc/flows-contract.ts'
import type { DatagramPage, Decision, HostState, InjectResult, SocketRow } from '../../src/rpc/host-contract.ts'
import type { PacketBytes, PacketRowPage } from '../../src/rpc/packets-contract.ts'
import type { ScriptAnswer, ScriptExportAnswer } from '../../src/rpc/script-contract.ts'
import type { ConversationPage, EndpointPage, StatisticsSummary } from '../../src/rpc/statistics-contract.ts'
import type { StreamMatch, StreamPage } from '../../src/rpc/stream-contract.ts'
import { reasonParams } from '../../src/words/reason-params.ts'
import { icmpErrorName } from '../../src/wire/icmp-names.ts'
import { printData, printPacket } from '../../src/wire/one-line.ts'
import { decodePacket, Packet } from '../../src/wire/packet.ts'
import { tcpStateNames } from '../../src/tcp/state.ts'
import { formatCompact, formatCount, formatRtt, formatTime } from '../format.ts'
import { flagLabel } from '../tcp-flags.ts'
import { harmless, toned } from './ansi.ts'
import { insightLines, packetsText, reasonTitle, verdictLines } from '../capture/shown-insights.ts'
import { savedCapture } from '../capture/saved-capture.ts'
import { savedStream } from '../capture/stream-words.ts'
import { cableText } from '../endpoint/cable-text.ts'
import { printExport, printScript } from './print-script.ts'
import { printConversations, printEndpoints, printStatistics } from './print-statistics.ts'
import { printStream } from './print-stream.ts'
import { textTable } from './text-table.ts'
import { formatEndpoint } from '../../src/wire/addresses.ts'

export interface PrintWords {
  t(key: string, params?: Record<string, unknown>): string
  te(key: string): boolean
  tFault(fault: Fault): string
}

const state = (index: number): string => index < 0 ? '—' : tcpStateNames[index]

/** Prints what commands come to, as lines for a terminal of `columns` cells. */
export class ResultPrinter {
  private readonly words: PrintWords
  private readonly columns: () => number

  constructor(words: PrintWords, columns: () => number) {
    this.words = words
    this.columns = columns
  }

  /** @param value what the core answered; its shape follows from the command */
  result(command: Command, value: unknown): string[] {
    const { t } = this.words
    switch (command.command) {
      case 'interfaces': return this.links(value as LinkChoice[])
      case 'linkOpen': case 'open': return this.link(value as LinkState)
      case 'filter': return [t('window.result.filter', { count: (value as { instructions: number }).instructions })]
      case 'keep': {
        const { kind, limit } = value as Keep
        return [kind === 'all' ? t('window.result.keptAll') : t(`window.result.kept.${kind}`, { limit: formatCount(limit) })]
      }
      case 'impair': case 'lose': return [cableText(value as CableState, t)]
      case 'save': {
        return [savedCapture(value as SaveResult, t)]
      }
      case 'flows': return this.flows(value as FlowPage)
      case 'packets': return this.packets(value as PacketRowPage)
      case 'packet': return this.packet(value as PacketBytes)
      case 'comment': return this.comments((value as { comments: string[] }).comments)
      case 'explain': return this.insights(value as FlowInsights | null)
      case 'streamShow': return printStream(value as StreamPage, t)
      case 'streamFind': return [(value as StreamMatch).position < 0 ? t('window.stream.notFound') : t('window.stream.foundAt', { position: formatCount((value as StreamMatch).position) })]
      case 'streamSave': {
        const { bytes, missing } = value as { bytes: number, missing: number }
        return [savedStream(bytes, missing, t)]
      }
      case 'run': return printScript(value as ScriptAnswer, t)
      case 'script': return printExport(value as ScriptExportAnswer, t)
      case 'statistics': return printStatistics(value as StatisticsSummary, t, this.columns())
      case 'conversations': return this.withMore(value as ConversationPage, printConversations(value as ConversationPage, t, this.columns()))
      case 'endpoints': return this.withMore(value as EndpointPage, printEndpoints(value as EndpointPage, t, this.columns()))
      case 'hostStart': return [t('window.result.host', { address: (value as HostState).address, mac: (value as HostState).mac })]
      case 'connect': case 'demo': return [t('window.result.connection', { connection: (value as { connection: number }).connection })]
      case 'send': return [t('window.result.accepted', { count: formatCount((value as { accepted: number }).accepted) })]
      case 'received': return this.received(value as { total: number, data: Uint8Array })
      case 'datagram': return [t('window.result.datagram', { port: (value as { from: number }).from })]
      case 'datagrams': return this.datagrams(value as DatagramPage)
      case 'decisions': return this.decisions(value as Decision[])
      case 'inject': return [t('window.result.injected', { sent: formatCount((value as InjectResult).sent), failed: formatCount((value as InjectResult).failed) })]
      default: return []
    }
  }

  fault(fault: Fault): string[] {
    return [toned('error', `◆ ${harmless(this.words.tFault(fault))}`)]
  }

  /** The line's mistake beneath its place. @param indent cells before the line on the screen */
  mistake(error: CommandLineError, indent: number): string[] {
    const { t } = this.words
    const near = error.code === 'unknownCommand' && error.params.command !== ''
    const words = t(`commands.errors.${near ? 'unknownCommandNear' : error.code}`, { ...error.params, column: error.column })
    return [toned('error', `${' '.repeat(indent)}^`), toned('error', harmless(words))]
  }

  sockets(rows: readonly SocketRow[]): string[] {
    const { t } = this.words
    if (rows.length === 0) return [t('window.result.noSockets')]
    const columns = [
      { head: 'ID', align: 'right' }, { head: t('window.result.local') }, { head: t('window.result.remote') }, { head: t('window.flows.state') }, { head: 'Rcv-Q', align: 'right' },
      { head: 'Snd-Q', align: 'right' }, { head: t('window.result.application') },
    ] as const
    const cells = rows.map((row) => [
      row.connection < 0 ? '' : String(row.connection), formatEndpoint(row.localAddress, row.localPort), row.connection < 0 ? '*:*' : formatEndpoint(row.remoteAddress, row.remotePort),
      row.application.startsWith('udp-') ? 'UDP' : state(row.state),
      String(row.receiveQueue), String(row.sendQueue), row.application,
    ])
    return textTable(columns, cells, this.columns())
  }

  help(words: string | undefined): string[] {
    const { t } = this.words
    if (words) {
      const named = commandNames.find((name) => commandSpec(name).words.join(' ') === words)
      if (named) return this.helpOf(named)
    }
    const chosen = words ? commandNames.filter((name) => commandSpec(name).words[0] === words) : commandNames
    if (chosen.length === 0) return [toned('error', t('commands.errors.unknownCommand', { got: harmless(words!) }))]
    const rows = chosen.map((name) => [commandSpec(name).words.join(' '), t(`commands.summary.${name}`)])
    return [...textTable([{ head: t('window.result.command') }, { head: '' }], rows, this.columns()), toned('dim', t('window.result.helpHint'))]
  }

  private helpOf(name: CommandName): string[] {
    const { t } = this.words
    const { positionals, options } = commandSpec(name)
    const rows = [
      ...positionals.map((argument) => [argument.name.toUpperCase(), t(`commands.argument.${argument.name}`)]),
      ...options.map((option) => [`--${option.name}`, t(`commands.option.${option.name}`)]),
    ]
    return [toned('text', commandUsage(name)), t(`commands.summary.${name}`), ...(rows.length > 0 ? textTable([{ head: '' }, { head: '' }], rows, this.columns()).slice(1) : [])]
  }

  private links(choices: readonly LinkChoice[]): string[] {
    const { t, tFault } = this.words
    const rows = choices.map((choice) => [
      choice.kind, choice.name, choice.addresses.join(' ') || '—', choice.mac ?? '—', choice.elevates ? t('window.link.elevates') : choice.obstacle ? `▲ ${tFault(choice.obstacle)}` : choice.up ? '' : t('window.link.down'),
    ])
    return textTable([{ head: t('window.result.kind') }, { head: t('window.result.name') }, { head: t('window.result.addresses') }, { head: 'MAC' }, { head: '' }], rows, this.columns())
  }

  private link(link: LinkState): string[] {
    const { t } = this.words
    if (!link.info) return []
    const permit = t(link.info.mayInject ? 'window.link.mayInject' : 'window.link.watchOnly')
    return [[link.info.kind, link.info.name, ...link.info.addresses, `MTU ${link.info.mtu}`, permit].filter((part, i, all) => all.indexOf(part) === i).join('  ')]
  }

  private flows(page: FlowPage): string[] {
    const { t } = this.words
    if (page.total === 0) return [t('window.flows.empty')]
    const columns = [
      { head: '#', align: 'right' }, { head: t('window.flows.client') }, { head: t('window.flows.state') }, { head: t('window.flows.server') }, { head: t('window.flows.state') },
      { head: `${t('window.flows.packets')} →`, align: 'right' }, { head: '←', align: 'right' }, { head: `${t('window.flows.bytes')} →`, align: 'right' }, { head: '←', align: 'right' },
      { head: 'RTT', align: 'right' }, { head: t('window.flows.retransmissions'), align: 'right' }, { head: t('window.flows.findings'), align: 'right' },
    ] as const
    const rows = page.flows.map((flow) => [
      String(flow.flow), formatEndpoint(flow.client.address, flow.client.port), state(flow.client.state),
      formatEndpoint(flow.server.address, flow.server.port), state(flow.server.state),
      formatCompact(flow.client.packets), formatCompact(flow.server.packets), formatCompact(flow.client.bytes), formatCompact(flow.server.bytes), formatRtt(flow.rttUs),
      String(flow.retransmissions), String(flow.findings),
    ])
    return [...textTable(columns, rows, this.columns()), ...this.more(page.from, page.flows.length, page.total)]
  }

  private packets(page: PacketRowPage): string[] {
    const { t } = this.words
    if (page.total === 0) return [t('window.packets.empty')]
    const columns = [
      { head: 'No.', align: 'right' }, { head: t('window.packets.timeColumn.start'), align: 'right' }, { head: t('window.packets.column.source') }, { head: t('window.packets.column.destination') },
      { head: t('window.packets.column.protocol') }, { head: t('window.packets.column.info') },
    ] as const
    const rows = page.rows.map((row) => {
      const { tcp } = row
      const line = tcp ? [flagLabel(tcp.flags), `seq ${tcp.seq}`, `ack ${tcp.ack}`, `win ${tcp.window}`, `len ${tcp.length}`, row.info].join(' ') : row.info
      return [String(row.number), formatTime(row.time), row.source, row.destination, row.protocol, harmless(row.malformed ?? line).replaceAll('\n', ' ')]
    })
    return [...textTable(columns, rows, this.columns()), ...this.more(page.from, page.rows.length, page.total)]
  }

  private withMore({ from, rows, total }: { from: number, rows: readonly unknown[], total: number }, lines: string[]): string[] {
    return [...lines, ...this.more(from, rows.length, total)]
  }

  private more(from: number, shown: number, total: number): string[] {
    return shown >= total ? [] : [toned('dim', this.words.t('window.result.rows', { from: formatCount(from + 1), to: formatCount(from + shown), total: formatCount(total) }))]
  }

  private packet(packet: PacketBytes): string[] {
    const decoded = new Packet()
    decodePacket(packet.bytes, 0, packet.bytes.length, packet.linkType, decoded, packet.originalLength)
    const lines = [`${toned('text', `No. ${packet.number}`)}  ${formatTime(packet.row.time)} s  ${formatCount(packet.originalLength)} B`, harmless(printPacket(decoded, packet.bytes))]
    for (let at = 0; at < Math.min(packet.bytes.length, dumpAtMost); at += 16) lines.push(hexLine(packet.bytes, at))
    if (packet.bytes.length > dumpAtMost) lines.push(toned('dim', this.words.t('window.result.moreBytes', { count: formatCount(packet.bytes.length - dumpAtMost) })))
    for (const { text, packets } of insightLines(packet.insights, this.words.t)) lines.push(`${text}${packetsText(packets, this.words.t)}`)
    for (const comment of packet.comments) lines.push(...this.comments([comment]))
    const { decision } = packet
    if (decision !== null) lines.push(`${this.words.t(reasonTitle(decision))}: ${this.words.t(`reasons.${decision.reason}`, reasonParams(decision.verb, decision.operands))} (${decision.rfc})`)
    return lines
  }

  private comments(comments: readonly string[]): string[] {
    const { t } = this.words
    if (comments.length === 0) return [toned('dim', t('window.comment.none'))]
    return comments.flatMap((comment) => harmless(t('window.comment.ofRow', { comment })).split('\n'))
  }

  private insights(found: FlowInsights | null): string[] {
    const { t } = this.words
    if (found === null || found.verdicts.length === 0) return [toned('dim', t('insights.none'))]
    return verdictLines(found.verdicts, t).map(({ text, packets }) => `${text}${packetsText(packets, t)}`)
  }

  private received({ total, data }: { total: number, data: Uint8Array }): string[] {
    const lines = harmless(utf8Text(data).replaceAll('\r\n', '\n')).split('\n')
    return [...lines, toned('dim', this.words.t('window.result.received', { shown: formatCount(data.length), total: formatCount(total) }))]
  }

  private datagrams({ total, datagrams }: DatagramPage): string[] {
    const { t } = this.words
    if (total === 0) return [t('window.result.noDatagrams')]
    const rows = datagrams.map(({ timeUs, what, localPort, address, port, data, icmp }) => [
      timeOfDay(timeUs), String(localPort), what === 'received' ? '<' : what === 'sent' ? '>' : '!', formatEndpoint(address, port), icmp === null ? String(data.length) : '',
      icmp === null ? harmless(printData(data.subarray(0, dumpAtMost))) : t(`icmp.${icmpErrorName(icmp.version, icmp.type, icmp.code)}`),
    ])
    const columns = [
      { head: t('window.result.time') }, { head: t('window.result.local'), align: 'right' }, { head: '' }, { head: t('window.result.remote') },
      { head: t('window.flows.bytes'), align: 'right' }, { head: t('window.result.datagramData') },
    ] as const
    return [...textTable(columns, rows, this.columns()), ...this.more(total - datagrams.length, datagrams.length, total)]
  }

  private decisions(decisions: readonly Decision[]): string[] {
    const { t, te } = this.words
    if (decisions.length === 0) return [t('window.result.noDecisions')]
    const rows = decisions.map((decision) => {
      const key = `reasons.${decision.reason}`
      return [timeOfDay(decision.timeUs), String(decision.connection), decision.verb, `${te(key) ? t(key, reasonParams(decision.verb, decision.operands)) : decision.reason}  ${decision.rfc}`]
    })
    const columns = [{ head: t('window.result.time') }, { head: 'ID', align: 'right' }, { head: t('window.result.verb') }, { head: t('window.result.why') }] as const
    return textTable(columns, rows, this.columns())
  }
}

const dumpAtMost = 512

/** `14:02:11.532100` */
function timeOfDay(timeUs: number): string {
  const micros = String(Math.floor(timeUs % 1e6)).padStart(6, '0')
  return `${new Date(timeUs / 1000).toTimeString().slice(0, 8)}.${micros}`
}

function hexLine(bytes: Uint8Array, at: number): string {
  const line = bytes.subarray(at, at + 16)
  const digits = Array.from(line, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
  const chars = Array.from(line, (byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.').join('')
  return `${toned('dim', at.toString(16).padStart(4, '0'))} ${digits.padEnd(47)} ${toned('dim', chars)}`
}
