import { printTcpFlags, printTcpOption } from '../../wire/one-line.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import { encodeTcpOptions } from '../../wire/tcp-options.ts'
import type { TcpOption } from '../../wire/tcp-options.ts'
import { profileLine } from '../profile.ts'
import type { Profile } from '../profile.ts'
import type { RecordedCall, RecordedEvent, RecordedSegment, Recording } from './recording.ts'

export interface ScriptTextOptions {
  /** Lines of comment at the top. */
  readonly comments: readonly string[]
  readonly profile: Profile
  readonly mtu: number
  /** Times are those of the engine itself: they are kept as they are, and no tolerance is given. */
  readonly isExact: boolean
  /** Otherwise what real clocks need. */
  readonly toleranceUs: number
  /** Whether the windows of what is expected are written. */
  readonly checksWindows: boolean
}

const names = ['noecn', 'ect1', 'ect0', 'ce'] as const

/** A recording whose calls are known as a packetdrill script. Data are written as lengths: the language knows zeros only. */
export function scriptText(recording: Recording, options: ScriptTextOptions): string {
  const events = fromFirstSyn(recording.events).filter((event) => event.kind !== 'segment' || event.direction === 'out' || !event.isDamaged)
  return [
    ...options.comments.map((line) => `// ${line}`), profileLine(options.profile), ...optionLines(recording, events, options), '',
    ...new ScriptWriter(events, options).lines(), '',
  ].join('\n')
}

function fromFirstSyn(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  const first = events.findIndex((event) => event.kind === 'connect' || (event.kind === 'segment' && (event.flags & TcpFlag.syn) !== 0))
  return events.slice(Math.max(0, first))
}

function optionLines({ ipVersion }: Recording, events: readonly RecordedEvent[], { mtu, isExact, toleranceUs }: ScriptTextOptions): string[] {
  const mss = mtu - (ipVersion === 4 ? 40 : 60)
  const isAggregated = events.some((event) => event.kind === 'segment' && event.direction === 'in' && event.length > mss)
  return [...ipVersion === 6 ? ['--ip_version=ipv6'] : [], `--mtu=${mtu}`, ...isAggregated ? [`--mss=${mss}`] : [], ...isExact ? [] : [`--tolerance_usecs=${toleranceUs}`, '--tolerance_percent=12.5']]
}

class ScriptWriter {
  private readonly events: readonly RecordedEvent[]
  private readonly options: ScriptTextOptions
  private readonly written: string[] = []
  private readonly ourIsn: number
  private readonly theirIsn: number
  private readonly usesEcn: boolean
  /** A whole second, so that the ticks of timestamps fall as they fell. */
  private readonly zeroUs: number
  private previous: RecordedEvent | null = null
  private isActive = false
  private hasFile = false

  constructor(events: readonly RecordedEvent[], options: ScriptTextOptions) {
    this.events = events
    this.options = options
    this.ourIsn = this.firstSyn('out')
    this.theirIsn = this.firstSyn('in')
    this.usesEcn = events.some((event) => event.kind === 'segment' && event.ecn !== 0)
    const firstUs = events[0]?.timeUs ?? 0
    this.zeroUs = options.isExact ? firstUs - firstUs % 1_000_000 : firstUs
  }

  lines(): readonly string[] {
    const first = this.events[0]
    this.isActive = first?.kind === 'connect'
    const answers = this.events.some((event) => event.kind === 'segment' && event.direction === 'out' && (event.flags & TcpFlag.syn) !== 0)
    if (this.isActive || answers) this.open()
    for (const event of this.events) {
      if (event.kind === 'segment') this.line(this.timeOf(event), this.segment(event))
      else if (event.kind === 'connect') this.line(this.timeOf(event), 'connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)')
      else this.call(event)
      this.previous = event
    }
    return this.written
  }

  private open(): void {
    this.line('0', 'socket(..., SOCK_STREAM, IPPROTO_TCP) = 3')
    if (this.isActive) this.line('+0', 'fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0')
    else this.written.push('+0 bind(3, ..., ...) = 0', '+0 listen(3, 1) = 0')
    this.hasFile = this.isActive
  }

  /** The first call on a connection that came in accepts it. */
  private call(call: RecordedCall): void {
    const time = this.timeOf(call)
    if (!this.hasFile) this.line(time, 'accept(3, ..., ...) = 4')
    const when = this.hasFile ? time : '+0'
    this.hasFile = true
    const fd = this.isActive ? 3 : 4
    switch (call.kind) {
      case 'write':
        this.line(when, call.isHeld ? `send(${fd}, ..., ${call.bytes}, MSG_MORE) = ${call.bytes}` : `write(${fd}, ..., ${call.bytes}) = ${call.bytes}`)
        break
      case 'read': this.line(when, `read(${fd}, ..., ${call.bytes}) = ${call.bytes}`); break
      case 'shutdown': this.line(when, `shutdown(${fd}, SHUT_WR) = 0`); break
      case 'close': this.line(when, `close(${fd}) = 0`); break
      case 'abort':
        this.line(when, `setsockopt(${fd}, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0`)
        this.line('+0', `close(${fd}) = 0`)
    }
  }

  private segment(segment: RecordedSegment): string {
    const { direction, flags, length, options, ecn } = segment
    const isOut = direction === 'out'
    const [own, other] = isOut ? [this.ourIsn, this.theirIsn] : [this.theirIsn, this.ourIsn]
    const seq = (segment.seq - own) >>> 0
    const parts = [isOut ? '>' : '<', ...this.usesEcn ? [`[${names[ecn]}]`] : [], printTcpFlags(flags), `${seq}:${(seq + length) >>> 0}(${length})`]
    if ((flags & TcpFlag.ack) !== 0) parts.push(`ack ${(segment.ack - other) >>> 0}`)
    if (!isOut || this.options.checksWindows) parts.push(`win ${segment.window}`)
    if ((flags & TcpFlag.urg) !== 0) parts.push(`urg ${segment.urgentPointer}`)
    if (options.length > 0) parts.push(`<${optionsText(options, other, isOut)}>`)
    return parts.join(' ')
  }

  private line(time: string, text: string): void {
    this.written.push(`${this.written.length === 0 ? '0' : time} ${text}`)
  }

  /** Exact times are absolute but within a turn; others count from the event before, so that no lateness adds up. */
  private timeOf(event: RecordedEvent): string {
    const { previous } = this
    if (!this.options.isExact) return `+${secondsText(Math.max(0, event.timeUs - (previous?.timeUs ?? this.zeroUs)))}`
    const isSameTurn = previous !== null && previous.timeUs === event.timeUs && (event.kind !== 'segment' || (previous.kind === 'segment' && previous.turn === event.turn))
    return isSameTurn ? '+0' : secondsText(event.timeUs - this.zeroUs)
  }

  /** 0 where that end never sent one. */
  private firstSyn(direction: 'in' | 'out'): number {
    const syn = this.events.find((event) => event.kind === 'segment' && event.direction === direction && (event.flags & TcpFlag.syn) !== 0) as RecordedSegment | undefined
    return syn?.seq ?? 0
  }
}

/** Options that the language has no word for become NOPs where they come in; what goes out is not checked then. */
function optionsText(options: readonly TcpOption[], ackBase: number, isOut: boolean): string {
  const isForeign = ({ name }: TcpOption) => foreign.has(name)
  if (isOut && options.some(isForeign)) return '...'
  return options.map((option) => isForeign(option) ? Array.from(encodeTcpOptions([option]), () => 'nop').join(',') : printTcpOption(option, ackBase)).join(',')
}

const foreign: ReadonlySet<string> = new Set<TcpOption['name']>(['user-timeout', 'tcp-ao', 'mptcp', 'unknown', 'malformed', 'experimental'])

function secondsText(us: number): string {
  return (us / 1_000_000).toFixed(6).replace(/\.?0+$/, '')
}
