import { Random } from '../../src/base/random.ts'
import type { Fault } from '../../src/base/fault.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { ImpairedLink, ImpairmentCounts, ImpairmentRule, Impairments } from '../../src/link/impair.ts'
import type { FrameSink, Link, LinkInfo, LinkStatistics } from '../../src/link/link.ts'
import { MemoryHub } from '../../src/link/memory.ts'
import type { MemoryLink } from '../../src/link/memory.ts'
import { segmentKindOf, type SegmentKind } from '../../src/link/segment-kind.ts'
import { createStation } from '../../src/sim/network.ts'
import type { Station } from '../../src/sim/station.ts'
import { datagramServices, services } from '../../src/stack/applications/services.ts'
import type { Host, HostSink } from '../../src/stack/host.ts'
import type { HostEvent } from '../../src/stack/host-event.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { parseIpv4, parseIpv6 } from '../../src/wire/addresses.ts'

export const virtualPeerAddress = '10.77.0.1'
export const virtualPeerAddress6 = 'fd00:77::1'
/** The address that the lab's own host takes on this link. */
export const virtualLabAddress = '10.77.0.2/24'

export interface VirtualLinkOptions {
  /** The time in µs since 1970; never goes back. */
  readonly clock: () => number
  readonly seed: number
  /** How long a frame takes each way, so that it can be watched; 0 unless said. */
  readonly delayUs?: number
  /** What else happens to frames, from the lab to the peer and back. */
  readonly toPeer?: Impairments
  readonly toLab?: Impairments
  readonly mtu?: number
  /** Frames that the lab sends come back with direction `sent`; true unless said. */
  readonly seeSent?: boolean
  readonly peerTcp?: Partial<TcpConfig>
  /** Hears what the peer's TCP decides. */
  readonly peerSink?: HostSink
  readonly onPeerEvent?: (event: HostEvent, nowUs: number) => void
}

/** Opens a simulated cable with a second host of ours at its far end: {@link virtualPeerAddress}, with echo, discard, chargen and http. */
export function openVirtualLink(options: VirtualLinkOptions): VirtualLink {
  return new VirtualLink(options)
}

/**
 * One end of a simulated cable as a link in real time. The far end lives in the same clock: whatever is due there happens when the lab
 * sends or drains, or when its own timer says so, in the order and at the times it would have happened.
 */
export class VirtualLink implements Link {
  readonly info: LinkInfo
  readonly peer: Host
  readonly station: Station
  onReadable: (() => void) | null = null
  onClosed: ((reason: Fault) => void) | null = null
  private readonly hub = new MemoryHub()
  private readonly port: MemoryLink
  private readonly clock: () => number
  /** How many of the next segments of each kind are to be lost. */
  private readonly awaited = new Map<SegmentKind, number>()
  private nowUs: number
  private readonly loseAwaited: ImpairmentRule = {
    action: 'drop', count: Infinity,
    matches: (bytes, at, length) => this.awaited.size > 0 && this.takeAwaited(segmentKindOf(bytes, at, length)),
  }

  private timer: NodeJS.Timeout | null = null
  private timerUs = Infinity
  private notice: NodeJS.Timeout | null = null
  private closed = false

  constructor(options: VirtualLinkOptions) {
    const { clock, delayUs = 0, mtu = 1500 } = options
    const random = new Random(options.seed)
    this.clock = clock
    this.nowUs = clock()
    const now = () => this.nowUs
    this.port = this.hub.attach({ name: 'virtual', kind: 'virtual', description: 'Two hosts of our own on a simulated cable', mtu, seeSent: options.seeSent ?? true, clock: now })
    this.port.onReadable = () => this.notify()
    this.info = this.port.info
    this.station = createStation({
      name: 'peer', address: parseIpv4(virtualPeerAddress)!, prefixLength: 24, tcp: options.peerTcp,
      host: {
        ipv6: true, probeIpv6: false, solicitRouters: false, multicastReports: false, ipv6Addresses: [{ address: parseIpv6(virtualPeerAddress6)!, prefixLength: 64 }],
      },
      sink: options.peerSink,
      receive: this.withAwaited({ delayUs, ...options.toPeer }), send: this.withAwaited({ delayUs, ...options.toLab }),
    }, this.hub, random, mtu, now)
    this.peer = this.station.host
    this.station.onEvent = options.onPeerEvent ?? null
    for (const { port, create } of Object.values(services)) this.station.applications.serve(port, create)
    for (const { port, create } of Object.values(datagramServices)) this.station.applications.serveDatagrams(port, create())
    this.peer.start(this.nowUs)
    this.advance()
  }

  /** What happens to frames from now on, each way; those under way stay as they are. */
  impair(settings: Impairments): void {
    const { receivePath, sendPath } = this.path
    receivePath.configure(this.withAwaited(settings))
    sendPath.configure(this.withAwaited(settings))
  }

  /** Loses the next `count` segments of a kind, of whichever end; 0 takes it back. */
  loseNext(kind: SegmentKind, count: number): void {
    if (count > 0) this.awaited.set(kind, count)
    else this.awaited.delete(kind)
  }

  /** Segments that {@link loseNext} still waits for. */
  awaitedLosses(): { kind: SegmentKind, count: number }[] {
    return Array.from(this.awaited, ([kind, count]) => ({ kind, count }))
  }

  /** What has happened to frames, each way. */
  impairmentCounts(): readonly Readonly<ImpairmentCounts>[] {
    return [this.path.receivePath.counts, this.path.sendPath.counts]
  }

  /** Another end on the same cable, which sees and sends what it likes. */
  attach(name: string): Link {
    return this.hub.attach({ name, mtu: this.info.mtu, clock: () => this.clock() })
  }

  drain(sink: FrameSink, maxFrames: number): number {
    this.advance()
    return this.port.drain(sink, maxFrames)
  }

  send(batch: FrameBatch): number {
    if (this.closed) return 0
    this.advance()
    const taken = this.port.send(batch)
    this.advance()
    return taken
  }

  setFilter(expression: string): Fault | null {
    return this.port.setFilter(expression)
  }

  statistics(into: LinkStatistics): void {
    this.port.statistics(into)
  }

  nextDeadlineUs(): number {
    return this.closed ? Infinity : this.station.nextDeadlineUs()
  }

  close(): void {
    this.closed = true
    if (this.timer !== null) clearTimeout(this.timer)
    if (this.notice !== null) clearTimeout(this.notice)
    this.timer = this.notice = null
    this.station.link.close()
    this.port.close()
  }

  /** The far end is always impaired, if only by the delay. */
  private get path(): ImpairedLink {
    return this.station.link as ImpairedLink
  }

  private withAwaited(settings: Impairments): Impairments {
    return { ...settings, rules: [...settings.rules ?? [], this.loseAwaited] }
  }

  private takeAwaited(kind: SegmentKind | null): boolean {
    const count = kind === null ? 0 : this.awaited.get(kind) ?? 0
    if (count > 0) this.loseNext(kind!, count - 1)
    return count > 0
  }

  /** Lets happen at the far end whatever is due by now, each thing at its own time. */
  private advance(): void {
    if (this.closed) return
    const untilUs = Math.max(this.nowUs, this.clock())
    for (;;) {
      while (this.station.turn(this.nowUs));
      const nextUs = Math.max(this.nowUs, this.station.nextDeadlineUs())
      if (nextUs > untilUs) break
      if (nextUs === this.nowUs && !this.station.turn(this.nowUs)) break
      this.nowUs = nextUs
    }
    this.nowUs = untilUs
    this.arm()
  }

  private arm(): void {
    const dueUs = this.station.nextDeadlineUs()
    if (dueUs === this.timerUs) return
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.timerUs = dueUs
    if (dueUs === Infinity) return
    const waitMs = Math.min(Math.ceil((dueUs - this.nowUs) / 1000), 0x7fff_ffff)
    this.timer = setTimeout(() => {
      this.timer = null
      this.timerUs = Infinity
      this.advance()
    }, waitMs)
  }

  /** At most once a millisecond, and never from inside `send`: a timer waits that long at least. */
  private notify(): void {
    if (this.notice !== null) return
    this.notice = setTimeout(() => {
      this.notice = null
      this.onReadable?.()
    }, 1)
  }
}
