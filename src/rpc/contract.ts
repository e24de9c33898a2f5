import type { Fault } from '../base/fault.ts'
import type { SegmentKind } from '../link/segment-kind.ts'
import type { LinkInfo, LinkKind, LinkStatistics } from '../link/link.ts'
import type { CableSettings, CableState } from './cable-contract.ts'
import type { FlowInsights, FlowPage, FlowRequest, FlowRow, FlowSeriesAnswer, FlowSeriesRequest } from './flows-contract.ts'
import type { ApplicationName, ConnectRequest, ConnectionView, DatagramPage, DatagramRequest, Decision, HostSettings, HostState, InjectRequest, InjectResult, SocketRow } from './host-contract.ts'
import type { CommentRequest, PacketBytes, PacketRowPage, PacketRowRequest } from './packets-contract.ts'
import type { ScriptAnswer, ScriptExportAnswer, ScriptExportRequest, ScriptProgress, ScriptRequest } from './script-contract.ts'
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
  /** What live captures keep of their packets, from now on; the recording on disk keeps all. */
  setKeep(keep: Keep): Keep
  /** Lets the virtual link's cable do this to frames; what is not said is as it was at first. With nothing said, `loseNext` is taken back too. @throws linkNotVirtual */
  impair(settings: Partial<CableSettings>): CableState
  /** Loses the next segments of a kind, of whichever end; 0 takes it back. @throws linkNotVirtual */
  loseNext(request: { kind: SegmentKind, count: number }): CableState
  /** Copies the recording to a file of the user's. @throws fileExists unless `overwrite`, fileNotWritable, diskFull, badDisplayFilter */
  saveCapture(request: SaveRequest): SaveResult
  /** Reads the capture file that is open no further; what has been read stays. */
  stopLoading(): void
  /** Opens the recording, or the capture file, in Wireshark on the lab's machine. @throws wiresharkNotFound */
  openInWireshark(): { program: string }

  getPacketRows(request: PacketRowRequest): PacketRowPage
  /** @throws noSuchPacket */
  getPacket(number: number): PacketBytes
  /** Reads, writes or deletes the comment of a packet; a file has it once the capture is saved. @throws noSuchPacket, commentTooLong */
  commentPacket(request: CommentRequest): { comments: string[] }
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
  /** Scripts that are being played, whoever asked for them, end with what they have come to. */
  stopScripts(): void
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
  setConnectionOption(request: { connection: number, name: string, value: number | boolean | string }): void
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

/** `commentsLeft`: comments written here that the file could not take, as a pcap file. */
export interface SaveResult { frames: number, bytes: number, commentsLeft: number }

export const keepKinds = ['all', 'packets', 'bytes', 'minutes'] as const
export type KeepKind = typeof keepKinds[number]

/** What a live capture keeps of its packets: all, or the latest `limit` packets, captured bytes or minutes. */
export interface Keep { readonly kind: KeepKind, readonly limit: number }

export interface LinkState {
  open: boolean
  capturing: boolean
  info: LinkInfo | null
  filter: FilterState
  statistics: LinkStatistics
  keep: Keep
  recording: RecordingState
  /** Of a capture file that is being read: how far, of how many bytes, which grow while a compressed file is unpacked; null where none is. */
  loading: { bytes: number, totalBytes: number } | null
  /** Set when the link died by itself. */
  fault: Fault | null
  /** The far end, where the lab knows it: the kernel of the sandbox, the second host of the virtual link. */
  peer: { address: string, kind: 'kernel' | 'lab' } | null
  /** Of the virtual link; null on others. */
  cable: CableState | null
}

export interface FilterState { expression: string, instructions: number }

export interface RecordingState {
  /** The file that is written. */
  path: string | null
  /** The first file of the recording, which may have left with its packets: what the recording is known by. */
  first: string | null
  frames: number
  /** Of the files that are there. */
  bytes: number
  /** Milliseconds since the file was last flushed; -1 when nothing is recorded. */
  flushedAgoMs: number
  fault: Fault | null
}

/** Everything that changed since the last update. */
export interface LabUpdate {
  timeUs: number
  link: LinkState
  host: HostState
  /** `total` came, and `left` of them are not kept any more: lists begin behind them. */
  /** And how often comments changed, and of how many packets they are not in a saved file. */
  packets: { total: number, left: number, ratePps: number, commentChanges: number, commentsUnsaved: number }
  /** `total` are there; `left` have left with their packets, and their numbers may be others' now. */
  flows: { total: number, left: number, changed: FlowRow[] }
  sockets: SocketRow[]
  connection: ConnectionView | null
  decisions: Decision[]
  /** How many rows `getDatagrams` has had so far. */
  datagrams: number
  /** Of the script that began last of those that are being played; null where none is. */
  script: ScriptProgress | null
  /** Faults that belong to no call, such as an interface that went away; the link's and recording's are in their states too. */
  faults: Fault[]
}

export type CallName = keyof LabCalls

/** The only names a shell may call. */
export const callNames = [
  'describeLab', 'listLinks', 'openLink', 'closeLink', 'setCaptureFilter', 'startCapture', 'stopCapture', 'clearCapture', 'setKeep', 'impair', 'loseNext', 'saveCapture', 'stopLoading', 'openInWireshark',
  'getPacketRows', 'getPacket', 'commentPacket', 'getFlows', 'getFlowInsights', 'findRow', 'getStream', 'findInStream', 'findStreamPacket', 'saveStream', 'runScript', 'stopScripts', 'exportScript',
  'getStatistics', 'getConversations', 'getEndpoints', 'getIoSeries',
  'flowSeries', 'startHost', 'stopHost', 'listen', 'unlisten', 'connect', 'send', 'closeConnection',
  'abortConnection', 'setConnectionOption', 'getReceived', 'sendDatagram', 'getDatagrams', 'getDecisions', 'inject', 'watch', 'runFirstConversation',
] as const satisfies readonly CallName[]

/** The calls as a shell sees them: asked now, answered later. */
export type LabClient = { [name in CallName]: (...args: Parameters<LabCalls[name]>) => Promise<ReturnType<LabCalls[name]>> }
