import type { Fault } from '../base/fault.ts'
import type { GraphKind, Side } from '../graph/graph.ts'
import type { GraphView } from '../graph/view.ts'
import type { LinkInfo, LinkKind, LinkStatistics } from '../link/link.ts'
import type { TcpConfig } from '../tcp/config.ts'
import type { DecisionVerb } from '../tcp/decision.ts'
import type { TcpSnapshot } from '../tcp/snapshot.ts'
import type { InsightName } from '../trace/insight/insight.ts'
import type { LimitName } from '../trace/insight/limited-time.ts'
import type { VerdictName } from '../trace/insight/verdicts.ts'
import type { ScriptAnswer, ScriptExportAnswer, ScriptExportRequest, ScriptRequest } from './script-contract.ts'
import type { ConversationPage, EndpointPage, IoAnswer, IoRequest, PairRequest, StatisticsSummary } from './statistics-contract.ts'
import type { StreamChoice, StreamMatch, StreamPage, StreamRequest, StreamSave, StreamSearch } from './stream-contract.ts'

/**
 * The one contract between the lab core and its shells (window in Electron, window in a browser, command line, console).
 * Calls are asked by a shell and answered by the core; events are pushed by the core, batched, at most 30 times a second.
 * Everything here survives structured clone and msgpack: plain objects, numbers, strings, typed arrays.
 */
export interface LabCalls {
  describeLab(): LabDescription
  listLinks(): LinkChoice[]
  /** Opens a link, closing the one that is open. The capture starts, the host starts where `spec.host` says so. */
  openLink(spec: LinkSpec): LinkState
  closeLink(): void
  /** @throws badFilter */
  setCaptureFilter(expression: string): FilterState
  startCapture(): void
  stopCapture(): void
  /** Forgets all captured packets and starts a new recording. */
  clearCapture(): void
  /** Copies the recording to a file of the user's. @throws fileExists unless `overwrite`, fileNotWritable, diskFull, badDisplayFilter */
  saveCapture(request: SaveRequest): { frames: number, bytes: number }
  /** Reads the capture file that is open no further; what has been read stays. */
  stopLoading(): void
  /** Opens the recording, or the capture file, in Wireshark on the lab's machine. @throws wiresharkNotFound */
  openInWireshark(): { program: string }

  getPacketRows(request: PacketRowRequest): PacketRowPage
  /** @throws noSuchPacket */
  getPacket(number: number): PacketBytes
  /** What a TCP flow comes to beyond its findings; null of another, or where it is forgotten. */
  getFlowInsights(flow: number): FlowInsights | null
  /** `from` as in {@link PacketRowRequest}, among the flows as they are sorted: by number unless said. */
  getFlows(request: FlowRequest): FlowPage
  /** Position of a packet among the rows of a flow (or of all), so that a view can scroll to it; -1 when not in it. */
  findRow(request: { packet: number, flow?: number, filter?: string }): number
  /** A graph of a TCP flow, as far as it is in sight. @throws noSuchFlow */
  flowSeries(request: FlowSeriesRequest): FlowSeriesAnswer

  /** What the ends of a TCP flow have sent, put together, a page of it. @throws noSuchFlow */
  getStream(request: StreamRequest): StreamPage
  findInStream(request: StreamSearch): StreamMatch
  /** Position of the first byte that a packet carried; -1 where none of it is there. @throws noSuchFlow */
  findStreamPacket(request: StreamChoice & { packet: number }): { position: number }
  /** @throws noSuchFlow, fileExists, fileNotWritable, diskFull */
  saveStream(request: StreamSave): { bytes: number, missing: number }

  /** Plays a packetdrill script against our engine in virtual time. @throws badArgument, fileNotFound, fileNotReadable */
  runScript(request: ScriptRequest): ScriptAnswer
  /** @throws badArgument, noHandshake, fileExists, fileNotWritable, diskFull */
  exportScript(request: ScriptExportRequest): ScriptExportAnswer

  /** What is counted of all packets while they come. */
  getStatistics(): StatisticsSummary
  getConversations(request: PairRequest): ConversationPage
  getEndpoints(request: PairRequest): EndpointPage
  /** Packets and bytes over time. @throws badDisplayFilter */
  getIoSeries(request: IoRequest): IoAnswer

  startHost(settings: HostSettings): HostState
  stopHost(): void
  listen(request: { port: number, application: ApplicationName }): void
  unlisten(request: { port: number }): void
  connect(request: ConnectRequest): { connection: number }
  /** Queues bytes for sending. @returns bytes the send buffer took */
  send(request: { connection: number, data: Uint8Array }): { accepted: number }
  /** Sends FIN after what is queued; receiving goes on. */
  closeConnection(request: { connection: number }): void
  abortConnection(request: { connection: number }): void
  setConnectionOption(request: { connection: number, name: string, value: number | boolean }): void
  /** Bytes that the connection's application has received, the latest `limit`. */
  getReceived(request: { connection: number, limit: number }): { total: number, data: Uint8Array }
  /** Sends a datagram from the lab host, which then listens for answers. @returns the port that it left from */
  sendDatagram(request: DatagramRequest): { from: number }
  /** What went and came over UDP by hand, oldest first, the latest `count`. */
  getDatagrams(request: { count: number }): DatagramPage
  getDecisions(request: { connection?: number, before?: number, count: number }): Decision[]

  inject(request: InjectRequest): InjectResult
  /** Which connection's snapshot comes with each update; null for none. */
  watch(request: { connection: number | null }): void
  /** Runs the first conversation again: ARP, handshake, GET, answer, close. */
  runFirstConversation(): { connection: number }
}

export interface LabEvents {
  update(update: LabUpdate): void
}

export const applicationNames = ['echo', 'discard', 'chargen', 'http', 'udp-echo', 'udp-discard', 'udp-manual'] as const
/** `manual` ones are the user's: what comes is kept to be looked at, and nothing is answered by itself. */
export type ApplicationName = typeof applicationNames[number]

export interface LabDescription {
  version: string
  platform: string
  /** Which link the lab opened, or will open, by itself. */
  defaultLink: LinkSpec
  electron: boolean
  recordingFolder: string
}

/** One line of the link selector. */
export interface LinkChoice {
  kind: LinkKind
  name: string
  description: string
  addresses: string[]
  mac: string | null
  up: boolean
  mayOpen: boolean
  /** May be opened with `elevate`, after the system has asked the user. */
  elevates: boolean
  /** Why it may not be opened, or null. */
  obstacle: Fault | null
}

export interface LinkSpec {
  kind: LinkKind
  /** Interface name for `nic` and `cap`, path for `file`; ignored otherwise. */
  name?: string
  filter?: string
  promiscuous?: boolean
  snapLength?: number
  /** Where this user may not open the interface, the system may ask for the rights in a dialog of its own; opening takes as long as that. */
  elevate?: boolean
  /** Start a lab host with these settings; absent: watch only (sandbox and virtual links bring their own). */
  host?: HostSettings
}

/**
 * All, or only what is in all that is said: a flow, a range of packet numbers, what passes a display filter.
 * A name that ends with `.pcap` or `.cap` makes a pcap file of a selection.
 */
export interface SaveRequest { path: string, overwrite?: boolean, flow?: number, first?: number, last?: number, filter?: string }

export interface LinkState {
  open: boolean
  capturing: boolean
  info: LinkInfo | null
  filter: FilterState
  statistics: LinkStatistics
  recording: RecordingState
  /** Of a capture file that is being read: how far, of how many bytes, which grow while a compressed file is unpacked; null where none is. */
  loading: { bytes: number, totalBytes: number } | null
  /** Set when the link died by itself. */
  fault: Fault | null
  /** The far end, where the lab knows it: the kernel of the sandbox, the second host of the virtual link. */
  peer: { address: string, kind: 'kernel' | 'lab' } | null
}

export interface FilterState { expression: string, instructions: number }

export interface RecordingState {
  path: string | null
  frames: number
  bytes: number
  /** Milliseconds since the file was last flushed; -1 when nothing is recorded. */
  flushedAgoMs: number
  fault: Fault | null
}

/**
 * `rules`: display filters, at most 32; the page says which is the first that each row passes.
 * `from` is the position of the first row, starting at 0; negative counts from the end (-20: the latest 20).
 * With a display filter, positions are those among the packets that pass. @throws badDisplayFilter
 */
export interface PacketRowRequest { from: number, count: number, flow?: number, filter?: string, rules?: string[] }

/**
 * At most 500 rows a call. `scanned`: with a display filter, packets looked at so far; ask again while there are more.
 * `matches`: with rules, the first that each row passes, -1 for none.
 */
export interface PacketRowPage { total: number, from: number, rows: PacketRow[], scanned?: number, matches?: number[] }

/** One captured packet as lists show it. Numbers start at 1. */
export interface PacketRow {
  number: number
  /** Seconds since the first packet of the capture. */
  time: number
  direction: 0 | 1 | 2
  source: string
  destination: string
  protocol: 'TCP' | 'UDP' | 'ICMP' | 'ICMPv6' | 'ARP' | 'IPv4' | 'IPv6' | 'Ethernet'
  capturedLength: number
  originalLength: number
  /** Flow number, or -1. */
  flow: number
  /** The rest is for TCP; null otherwise. */
  tcp: TcpRow | null
  /** One line in the protocol's own words (for TCP: options or application text). */
  info: string
  /** The decoder's complaint, or null. */
  malformed: string | null
}

export interface TcpRow {
  sourcePort: number
  destinationPort: number
  flags: number
  seq: number
  ack: number
  window: number
  /** Window after scaling, or -1 where the scale was not seen. */
  scaledWindow: number
  length: number
  /** Which end of the flow sent it: 0 client, 1 server. */
  from: 0 | 1
  /** State of the sender after this packet, an index of TcpState; -1 unknown. */
  state: number
  stateChanged: boolean
  /** State of the receiver after it has taken this packet; -1 unknown. */
  receiverState: number
  /** First byte had been sent before. */
  retransmission: boolean
  /** Bits of `Finding` (src/trace/finding.ts). */
  findings: number
}

export interface PacketBytes {
  number: number
  timeSec: number
  timeNsec: number
  direction: 0 | 1 | 2
  linkType: number
  originalLength: number
  bytes: Uint8Array
  flow: number
  row: PacketRow
  /** Sequence numbers of the flow's first SYN each way, so that relative numbers can be shown; -1 unknown. */
  clientIsn: number
  serverIsn: number
  /** What proves the findings of the row. */
  proofs: FindingProof[]
  insights: PacketInsight[]
  /** Why a host of the lab sent this segment, or dropped it on arrival; null where it was none of its, or where that is forgotten. */
  decision: Decision | null
}

/** Why a packet has a finding: what the operands are follows from the rule (src/trace/segment-analysis.ts). */
export interface FindingProof {
  /** Bits of `Finding` that it proves. */
  finding: number
  /** Signed words where they are sequence numbers. */
  first: number
  second: number
  /** The packets that set the operands; 0 none. */
  firstPacket: number
  secondPacket: number
}

/** What a packet shows beyond the findings of Wireshark (src/trace/insight/insight.ts). */
export interface PacketInsight {
  name: InsightName
  severity: 'error' | 'warn' | 'note'
  /** What the rule is read from: RFC and section. */
  source: string
  /** Operands by name; numbers of sequence space are relative to the first one of whose they are. */
  operands: Record<string, number>
  /** The packets that prove it. */
  packets: number[]
}

/** What a flow comes to (src/trace/insight/verdicts.ts). */
export interface FlowVerdict {
  name: VerdictName
  /** Whose data, or who did it: 0 client, 1 server. */
  side: 0 | 1
  params: Record<string, number>
  /** Packets that show it. */
  packets: number[]
}

/** How long an end was kept from sending by what, in µs. */
export interface LimitedTimes { widthUs: number, totals: Record<LimitName, number>, intervals: Record<LimitName, number>[] }

export interface FlowInsights {
  flow: number
  verdicts: FlowVerdict[]
  client: LimitedTimes
  server: LimitedTimes
}

/** What flows can be sorted by; `age` puts the youngest first. */
export const flowSorts = ['number', 'client', 'server', 'age', 'clientPackets', 'serverPackets', 'clientBytes', 'serverBytes', 'rtt', 'retransmissions', 'findings'] as const
export type FlowSort = typeof flowSorts[number]

export interface FlowRequest { from: number, count: number, sort?: FlowSort, descending?: boolean }

export interface FlowPage { total: number, from: number, flows: FlowRow[] }

export interface FlowRow {
  flow: number
  protocol: 'TCP' | 'UDP' | 'ICMP'
  client: FlowEnd
  server: FlowEnd
  /** Seconds since the first packet of the capture. */
  firstTime: number
  lastTime: number
  /** Handshake round trip in microseconds; -1 unknown. */
  rttUs: number
  retransmissions: number
  /** Packets in which something was found. */
  findings: number
  resets: number
  /** Packets in each of the last 32 seconds, oldest first. */
  activity: number[]
}

/** From `from` to `to` seconds behind the flow's first packet, the whole flow unless said, in at most 4,096 columns of time. */
export interface FlowSeriesRequest {
  flow: number
  kind: GraphKind
  /** Whose data a sequence graph shows; the end that sent more unless said. */
  sender?: Side
  from?: number
  to?: number
  columns: number
}

/** `stream` as Wireshark counts. Packets of the flow that the view knows of: ask again while there are more. */
export interface FlowSeriesAnswer { stream: number, sender: Side, taken: number, total: number, view: GraphView }

export interface FlowEnd {
  address: string
  port: number
  /** Index of TcpState; -1 unknown. */
  state: number
  /** True when this end is a host of the lab, so that its state is known and not inferred. */
  known: boolean
  /** The packet that proves the inferred state; -1 none. */
  proof: number
  packets: number
  bytes: number
}

export interface HostSettings {
  /** `address/length`, or `dhcp` */
  address: string
  mac?: string
  gateway?: string
  /** `auto` (a link-local address and what routers advertise) unless said; `address/length` for one more; `off`. */
  ipv6?: string
  /** Preset of TcpConfig. */
  preset?: string
  /** Fixed first sequence number in place of RFC 6528. */
  isn?: number
  listen?: { port: number, application: ApplicationName }[]
}

export interface HostState {
  running: boolean
  phase: 'off' | 'probing' | 'ready' | 'conflict'
  address: string
  mac: string
  gateway: string | null
  mtu: number
  listeners: { port: number, application: ApplicationName }[]
  /** Link-local first; none where IPv6 is off. */
  ipv6Addresses: { address: string, state: 'tentative' | 'assigned' | 'duplicate' }[]
  /** Of both versions; an age of -1 is not known. */
  neighbours: { address: string, mac: string, state: string, ageMs: number }[]
  fault: Fault | null
}

export interface ConnectRequest {
  address: string
  port: number
  /** What talks on our side: `http-get` sends a request and closes after the answer, `manual` leaves it to the user. */
  application?: 'manual' | 'http-get'
  /** Path for `http-get`. */
  path?: string
  send?: Uint8Array
  closeAfterSend?: boolean
}

export interface DatagramRequest {
  address: string
  port: number
  /** Our port; one that is free, and the same again next time, unless said. */
  from?: number
  data: Uint8Array
}

export interface DatagramPage { total: number, datagrams: DatagramRow[] }

/** A datagram that was sent or received by hand, or an error that the network has told of one. */
export interface DatagramRow {
  /** Ascending from 1. */
  id: number
  timeUs: number
  what: 'sent' | 'received' | 'error'
  localPort: number
  address: string
  port: number
  data: Uint8Array
  /** Of an error. */
  icmp: IcmpReport | null
}

/** What ICMP has told; worded by the shells from the catalogue (`icmp`). */
export interface IcmpReport { version: 4 | 6, type: number, code: number }

/** One line of the socket table. */
export interface SocketRow {
  /** Connection id; -1 for a listener. */
  connection: number
  /** 0 the lab host, 1 the second host of the virtual link. */
  host: 0 | 1
  localAddress: string
  localPort: number
  remoteAddress: string
  remotePort: number
  /** Index of TcpState; -1 for UDP. */
  state: number
  receiveQueue: number
  sendQueue: number
  timer: { name: string, remainingMs: number } | null
  /** Who opened it: 0 active (client), 1 passive (server). */
  side: 0 | 1
  application: string
}

/** What the engine decided and why; worded by the shells from the catalogue (`reasons`). */
export interface Decision {
  /** Ascending over the whole lab. */
  id: number
  timeUs: number
  host: 0 | 1
  connection: number
  verb: DecisionVerb
  reason: string
  operands: Record<string, number>
  rfc: string
  seq: number
  length: number
  /** The segment as one line, for verbs that moved one. */
  line: string | null
}

/** A connection as the Endpoint workspace draws it. */
export interface ConnectionView {
  connection: number
  timeUs: number
  localAddress: string
  remoteAddress: string
  side: 0 | 1
  application: string
  /** The last trouble that the network told of, which the connection has survived. */
  softError: IcmpReport | null
  /** Every knob of this connection as it is set now. */
  config: TcpConfig
  snapshot: TcpSnapshot
  /** The other end where it is ours too (virtual link), or null. */
  peer: TcpSnapshot | null
}

export interface InjectRequest {
  /** Whole link-layer frames, sent as they are. */
  frames: Uint8Array[]
  /**
   * Packets in one-line form, sent after the frames. The core adds what a line leaves out: the Ethernet header (our MAC and the
   * neighbour's), the lab host as source, lengths and checksums. @throws packetSyntax with `line`, `column`, `expected`, `got`
   */
  lines?: string[]
  /** How often the whole list is sent; 1 unless said. */
  count?: number
  /** Frames a second; as fast as the guard rails allow unless said. */
  ratePps?: number
  /** Public addresses the user agreed to, for this lab run. */
  consent?: string[]
}

export interface InjectResult { sent: number, failed: number }

/** Everything that changed since the last update. */
export interface LabUpdate {
  timeUs: number
  link: LinkState
  host: HostState
  packets: { total: number, ratePps: number }
  flows: { total: number, changed: FlowRow[] }
  sockets: SocketRow[]
  connection: ConnectionView | null
  decisions: Decision[]
  /** How many rows `getDatagrams` has had so far. */
  datagrams: number
  /** Faults that belong to no call, such as an interface that went away; the link's and recording's are in their states too. */
  faults: Fault[]
}

export type CallName = keyof LabCalls

/** The only names a shell may call. */
export const callNames = [
  'describeLab', 'listLinks', 'openLink', 'closeLink', 'setCaptureFilter', 'startCapture', 'stopCapture', 'clearCapture', 'saveCapture', 'stopLoading', 'openInWireshark',
  'getPacketRows', 'getPacket', 'getFlows', 'getFlowInsights', 'findRow', 'getStream', 'findInStream', 'findStreamPacket', 'saveStream', 'runScript', 'exportScript',
  'getStatistics', 'getConversations', 'getEndpoints', 'getIoSeries',
  'flowSeries', 'startHost', 'stopHost', 'listen', 'unlisten', 'connect', 'send', 'closeConnection',
  'abortConnection', 'setConnectionOption', 'getReceived', 'sendDatagram', 'getDatagrams', 'getDecisions', 'inject', 'watch', 'runFirstConversation',
] as const satisfies readonly CallName[]

/** The calls as a shell sees them: asked now, answered later. */
export type LabClient = { [name in CallName]: (...args: Parameters<LabCalls[name]>) => Promise<ReturnType<LabCalls[name]>> }
