import { seqAdd } from '../tcp/seq.ts'
import { TcpState } from '../tcp/state.ts'
import { printPacket } from '../wire/one-line.ts'
import { decodePacket, LinkType, Packet } from '../wire/packet.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { buildIcmp, icmpNumbers } from './build-icmp.ts'
import { buildDatagram, buildSegment } from './build-packet.ts'
import { decapsulate, encapsulate, isEncapsulated } from './encapsulation.ts'
import { Flow } from './flow.ts'
import { belongsTo, matchPacket, payloadLengthOf } from './match-packet.ts'
import type { Match } from './match-packet.ts'
import { unsupported } from './problem.ts'
import type { Call, PacketAction, TcpBody, Where } from './script.ts'
import type { Settings } from './settings.ts'
import type { Returned } from './sockets/arguments.ts'
import { intoDatagram } from './udp-tunnel.ts'
import type { TunnelPorts, UdpTunnels } from './udp-tunnel.ts'
import type { Captured, ConnectionsUnderTest, Wire } from './under-test.ts'

/** Injects a script's packets, and compares those that leave with what it expects. Knows which connection the script speaks of. */
export class PacketPlayer {
  private readonly settings: Settings
  private readonly wire: Wire
  private readonly connections: ConnectionsUnderTest
  private readonly flows: Flow[] = []
  private flow: Flow | null = null
  /** Somebody listens since the last packet: the next one from outside opens a conversation of its own. */
  private isListening = false
  private nextRemotePort: number

  constructor(settings: Settings, wire: Wire, connections: ConnectionsUnderTest) {
    this.settings = settings
    this.wire = wire
    this.connections = connections
    this.nextRemotePort = connections.firstRemotePort
    connections.onConnect = (localPort, remotePort) => {
      this.add(localPort, remotePort)
      this.isListening = false
    }
  }

  noteCall(call: Call, outcome: Returned | null): void {
    if (call.name === 'listen' && outcome?.result === 0) this.isListening = true
  }

  /** The connection that a packet speaks of: by its ports, or the one under test. Null where an expected packet speaks of none. */
  flowFor(action: PacketAction): Flow | null {
    const { ports, direction } = action
    if (ports !== null) {
      const localPort = direction === 'in' ? ports.destination : ports.source
      const remotePort = direction === 'in' ? ports.source : ports.destination
      return this.flows.find((flow) => flow.localPort === localPort && flow.remotePort === remotePort) ?? this.add(localPort, remotePort)
    }
    const isFromOutside = direction === 'in' && action.body.kind === 'tcp' && (this.flow === null || this.isListening)
    if (isFromOutside) {
      this.isListening = false
      this.add(this.listeningPort(), this.nextRemotePort++)
    }
    return this.flow ?? (direction === 'in' ? this.add(this.settings.bindPort, this.nextRemotePort++) : null)
  }

  /**
   * @param where the event
   * @param staysOpen more comes in before the host may answer
   * @returns the timestamp echo that never left, where the packet has one: it was not injected
   */
  inject(action: PacketAction, where: Where, staysOpen: boolean): number | null {
    const flow = this.flowFor(action)!
    const { body } = action
    this.keepTunnel(flow, action, where)
    if (body.kind === 'tcp') return this.injectSegment(flow, action, body, staysOpen)
    if (body.kind === 'icmp') {
      const numbers = icmpNumbers(flow.version, body)
      if (numbers !== null) this.connections.noteIcmp(flow.version, numbers.type, numbers.code)
      this.send(flow, action, [buildIcmp(flow, action, body)], staysOpen)
    } else this.send(flow, action, [buildDatagram(flow, action, body.length)], staysOpen)
    return null
  }

  private send(flow: Flow, { outer, tunnel }: PacketAction, frames: readonly Uint8Array[], staysOpen: boolean): void {
    const [first] = outer
    if (tunnel !== undefined) return this.wire.inject(frames.map((frame) => intoDatagram(frame, tunnel)), flow.version, staysOpen)
    if (first?.kind !== 'ip') return this.wire.inject(frames, flow.version, staysOpen)
    this.wire.inject(frames.map((frame) => encapsulate(frame, outer)), typeof first.source === 'number' ? 4 : 6, staysOpen)
  }

  /** Whether the packet that is expected, or something else of its flow, has left completely. */
  hasWhole(flow: Flow, action: PacketAction): boolean {
    const { body } = action
    const wanted = body.kind === 'tcp' && !this.settings.strictSegments ? body.length : 0
    let total = 0
    let first = -1
    for (const { seen } of this.candidates(flow, action)) {
      if (seen === null) return true
      const length = payloadLengthOf(seen)
      if (first >= 0 && (length === 0 || length > first)) return true
      if (first < 0) first = length
      total += length
      if (total >= wanted || length === 0 || length < first) return true
    }
    return false
  }

  /** Takes the packets that make up the expected one off the queue. Null where there is none. */
  match(flow: Flow, action: PacketAction): Match | null {
    const { captured } = this.wire
    const own = this.candidates(flow, action)
    if (own.length === 0) return null
    const { settings } = this
    const liveTickUs = settings.profile.tcp.timestampTickUs
    const otherwise = own.findIndex(({ seen }) => seen === null)
    const whole = (otherwise < 0 ? own : own.slice(0, otherwise)).map(({ seen }) => seen!)
    const found = whole.length === 0
      ? encapsulatedOtherwise(own[0].raw)
      : matchPacket(flow, action, whole, { strictSegments: settings.strictSegments, scriptTickUs: settings.timestampTickUs, liveTickUs, toleranceUs: settings.toleranceUs })
    const taken = new Set(own.slice(0, found.count).map(({ raw }) => raw))
    captured.splice(0, captured.length, ...captured.filter((one) => !taken.has(one)))
    return found
  }

  /** Captured packets that the expected one may be, and what they carry; null where that is encapsulated in another way than expected. */
  private candidates(flow: Flow, { outer, body, tunnel }: PacketAction): { readonly raw: Captured, readonly seen: Captured | null }[] {
    const { captured, tunnels } = this.wire
    if (tunnel !== undefined && !tunnels) throw unsupported(tunnel.where, 'encapsulation', '/udp')
    if (outer.length === 0 && body.kind === 'tcp' && tunnels) return captured.map((raw) => tunnelled(flow, raw, tunnel ?? null, tunnels)).filter((one) => one !== null)
    if (outer.length === 0) return captured.filter((one) => belongsTo(flow, one, body.kind)).map((raw) => ({ raw, seen: raw }))
    const found: { raw: Captured, seen: Captured | null }[] = []
    for (const raw of captured) {
      if (!isEncapsulated(raw.bytes)) continue
      const bytes = decapsulate(raw.bytes, outer)
      const seen = bytes === null ? null : { timeUs: raw.timeUs, bytes }
      if (seen === null || belongsTo(flow, seen, body.kind)) found.push({ raw, seen })
    }
    return found
  }

  /** How a connection's first segment comes, its others come and go. @throws ScriptProblem where a later one comes in another way */
  private keepTunnel(flow: Flow, { body, tunnel }: PacketAction, where: Where): void {
    if (body.kind !== 'tcp') return
    const { tunnels } = this.wire
    if (!tunnels) {
      if (tunnel !== undefined) throw unsupported(tunnel.where, 'encapsulation', '/udp')
      return
    }
    const ours = tunnel === undefined ? null : { source: tunnel.destination, destination: tunnel.source }
    if (this.connections.stateOf(flow) === null) return tunnels.learn(flow, ours)
    const known = tunnels.of(flow)
    if (known?.source !== ours?.source || known?.destination !== ours?.destination) throw unsupported(tunnel?.where ?? where, 'encapsulation', known === null ? '/udp' : `!= /udp(${known.destination} > ${known.source})`)
  }

  private injectSegment(flow: Flow, action: PacketAction, body: TcpBody, staysOpen: boolean): number | null {
    const isSyn = (body.flags & TcpFlag.syn) !== 0
    if (isSyn && this.mayOpen(flow)) flow.learnRemoteIsn(body.seq ?? 0)
    const { timestampTickUs, timestampEchoScaled, profile } = this.settings
    const rule = { scaled: timestampEchoScaled, scriptTickUs: timestampTickUs === 0 ? profile.tcp.timestampTickUs : timestampTickUs, liveTickUs: profile.tcp.timestampTickUs }
    const frames: Uint8Array[] = []
    for (const piece of piecesOf(body, this.settings.aggregateMss)) {
      const { frame, unknownEcho } = buildSegment(flow, action, piece, rule)
      if (unknownEcho !== null) return unknownEcho
      frames.push(frame)
    }
    this.send(flow, action, frames, staysOpen)
    if (isSyn) this.learnRemoteIsn(flow)
    return null
  }

  /** Whether a SYN may be the first one of its direction. */
  private mayOpen(flow: Flow): boolean {
    const known = this.connections.stateOf(flow)
    return known === null || known.state <= TcpState.synSent
  }

  /** A SYN in a connection that was over may have opened a new one. */
  private learnRemoteIsn(flow: Flow): void {
    const known = this.connections.stateOf(flow)
    if (known !== null && known.state >= TcpState.synReceived) flow.learnRemoteIsn(known.irs)
  }

  private listeningPort(): number {
    return this.connections.boundPort === 0 ? this.settings.bindPort : this.connections.boundPort
  }

  private add(localPort: number, remotePort: number): Flow {
    const flow = new Flow(this.settings.local, this.settings.remote, localPort, remotePort)
    this.flows.push(flow)
    this.flow = flow
    return flow
  }
}

/** A packet of the flow, and what it carries where that goes in the datagrams that are expected, or in none; null where it is of something else. */
function tunnelled(flow: Flow, raw: Captured, expected: TunnelPorts | null, tunnels: UdpTunnels): { readonly raw: Captured, readonly seen: Captured | null } | null {
  const opened = tunnels.open(raw.bytes)
  const seen = opened === null ? raw : { timeUs: raw.timeUs, bytes: opened.bytes }
  if (!belongsTo(flow, seen, 'tcp')) return null
  const isSame = opened?.ports.source === expected?.source && opened?.ports.destination === expected?.destination
  return { raw, seen: isSame ? seen : null }
}

function encapsulatedOtherwise({ bytes, timeUs }: Captured): Match {
  const packet = new Packet()
  decodePacket(bytes, 0, bytes.length, LinkType.rawIp, packet)
  return { differing: ['outer'], actual: [{ field: 'outer', text: `> ${printPacket(packet, bytes)}` }], timeUs, count: 1 }
}

/** What receive offload put together, as it came: segments of `mss` bytes, PSH and FIN on the last. */
function piecesOf(body: TcpBody, mss: number): TcpBody[] {
  if (mss === 0 || body.length <= mss) return [body]
  const pieces: TcpBody[] = []
  for (let at = 0; at < body.length; at += mss) {
    const isLast = at + mss >= body.length
    const flags = isLast ? body.flags : body.flags & ~(TcpFlag.psh | TcpFlag.fin)
    pieces.push({ ...body, flags, seq: seqAdd(body.seq ?? 0, at), length: Math.min(mss, body.length - at) })
  }
  return pieces
}
