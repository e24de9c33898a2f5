import { seqAdd } from '../tcp/seq.ts'
import { TcpState } from '../tcp/state.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { buildIcmp, icmpNumbers } from './build-icmp.ts'
import { buildDatagram, buildSegment } from './build-packet.ts'
import { Flow } from './flow.ts'
import { belongsTo, matchPacket, payloadLengthOf } from './match-packet.ts'
import type { Match } from './match-packet.ts'
import type { Call, PacketAction, TcpBody } from './script.ts'
import type { Settings } from './settings.ts'
import type { Returned } from './sockets/arguments.ts'
import type { ConnectionsUnderTest, Wire } from './under-test.ts'

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
   * @param staysOpen more comes in before the host may answer
   * @returns the timestamp echo that never left, where the packet has one: it was not injected
   */
  inject(action: PacketAction, staysOpen: boolean): number | null {
    const flow = this.flowFor(action)!
    const { body } = action
    if (body.kind === 'tcp') return this.injectSegment(flow, action, body, staysOpen)
    if (body.kind === 'icmp') {
      const numbers = icmpNumbers(flow.version, body)
      if (numbers !== null) this.connections.noteIcmp(flow.version, numbers.type, numbers.code)
      this.wire.inject([buildIcmp(flow, action, body)], flow.version, staysOpen)
    } else this.wire.inject([buildDatagram(flow, action, body.length)], flow.version, staysOpen)
    return null
  }

  /** Whether the packet that is expected, or something else of its flow, has left completely. */
  hasWhole(flow: Flow, action: PacketAction): boolean {
    const { body } = action
    const wanted = body.kind === 'tcp' && !this.settings.strictSegments ? body.length : 0
    let total = 0
    let first = -1
    for (const captured of this.wire.captured) {
      if (!belongsTo(flow, captured, body.kind)) continue
      const length = payloadLengthOf(captured)
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
    const own = captured.filter((one) => belongsTo(flow, one, action.body.kind))
    if (own.length === 0) return null
    const { settings } = this
    const liveTickUs = settings.profile.tcp.timestampTickUs
    const found = matchPacket(flow, action, own, { strictSegments: settings.strictSegments, scriptTickUs: settings.timestampTickUs, liveTickUs, toleranceUs: settings.toleranceUs })
    const last = captured.indexOf(own[found.count - 1])
    const left = captured.filter((one, i) => i > last || !(own.includes(one) && own.indexOf(one) < found.count))
    captured.splice(0, captured.length, ...left)
    return found
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
    this.wire.inject(frames, flow.version, staysOpen)
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
