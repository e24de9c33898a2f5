import { closeSync, fstatSync, openSync } from 'node:fs'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { FrameFilter } from '../../src/link/frame-filter.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { Link } from '../../src/link/link.ts'
import { RecordingLink } from '../../src/link/record.ts'
import type { LocatedLink } from '../../src/link/record.ts'
import type { EndsCongestion } from '../../src/graph/graph.ts'
import type { Keep, RecordingState, SaveResult } from '../../src/rpc/contract.ts'
import type { FlowRow } from '../../src/rpc/flows-contract.ts'
import { readPacketComments } from '../../src/capture-file/packet-comment.ts'
import { PacketComments } from '../../src/trace/packet-comments.ts'
import { keepAll } from '../../src/trace/keep.ts'
import { CaptureStatistics } from '../../src/trace/statistics/capture-statistics.ts'
import { Trace } from '../../src/trace/trace.ts'
import type { ReasonReader } from '../../src/trace/trace.ts'
import { FileLink } from '../link/file-link.ts'
import type { Task } from './driver.ts'
import { ColourRules } from './colour-rules.ts'
import { FlowGraphs } from './flow-graphs.ts'
import { SegmentedRecorder } from './segmented-recorder.ts'
import { copyRecording } from './save-recording.ts'
import { saveSelection } from './save-selection.ts'
import type { SavedComments, Selection } from './save-selection.ts'

export interface CaptureOptions {
  readonly filter: string
  readonly application: string
  /** Where the next recording goes. */
  readonly nextPath: () => string
  /** The file that is being read, for links that read one. */
  readonly sourcePath: string | null
  /** Whether an address and port are a host's of the lab. */
  readonly isKnown: (address: string, port: number) => boolean
  /** Congestion windows of a flow's ends, where they are hosts of the lab; the time is that of its first packet, in µs since 1970. */
  readonly congestionOf?: (flow: FlowRow, originUs: number) => EndsCongestion
  readonly reasonOf: ReasonReader
  /** What stays of the packets of a link; a capture file stays whole. */
  readonly keep?: Keep
  /** See {@link SegmentedRecorder}. */
  readonly segmentBytes?: number
  readonly nowUs: number
}

/** The watching half of an open link: the recording on disk, and packets and flows in memory. */
export class Capture implements Task {
  /** What to drive in place of the link itself. */
  readonly link: LocatedLink
  trace: Trace
  statistics = new CaptureStatistics()
  capturing = true
  private readonly options: CaptureOptions
  private wanted: Keep
  private readonly file: FileLink | null
  private readonly recording: RecordingLink | null
  private recorder: SegmentedRecorder | null = null
  private filter: string
  /** Of the packets that are there now; made when somebody looks. */
  private flowGraphs: FlowGraphs | null = null
  private rules: ColourRules | null = null

  constructor(link: Link, options: CaptureOptions) {
    this.options = options
    this.filter = options.filter
    this.wanted = options.keep ?? keepAll
    this.file = link instanceof FileLink ? link : null
    this.recording = link instanceof FileLink ? null : new RecordingLink(link, null)
    this.link = this.file ?? this.recording!
    this.trace = this.newTrace()
    if (this.recording !== null) this.record(options.nowUs)
  }

  /** Takes what the link captures of the batch that it is handing out. */
  watch(): void {
    if (!this.capturing) return
    const { captured, frameOffsets } = this.link
    const linkType = this.link.linkTypes ?? this.link.info.linkType
    const first = this.trace.packetCount
    this.trace.append(captured, linkType, frameOffsets)
    this.statistics.take(captured, linkType, this.trace, first)
    this.trim()
  }

  get keep(): Keep { return this.trace.keep }

  /** Time goes on where packets still come; in a capture file it ends with the last one. */
  traceAt(nowUs: number): Trace {
    if (this.file === null) this.trace.tracker.watchedSec = nowUs / 1e6
    return this.trace
  }

  /** Packets beyond the bound leave at once; those that have left do not come back. */
  setKeep(keep: Keep): void {
    this.wanted = keep
    this.trace.keep = this.file === null ? keep : keepAll
    if (this.recorder !== null) this.recorder.isRing = keep.kind !== 'all'
    this.trim()
  }

  start(): void {
    this.capturing = true
    if (this.recording !== null) this.recording.recorder = this.recorder
  }

  stop(): void {
    this.capturing = false
    if (this.recording !== null) this.recording.recorder = null
  }

  /** Forgets all packets; a new recording starts, the old one stays on disk. */
  clear(nowUs: number): void {
    this.trace = this.newTrace()
    this.statistics = new CaptureStatistics()
    this.flowGraphs = null
    this.rules = null
    if (this.recording === null) return
    this.closeRecorder(nowUs)
    this.record(nowUs)
    if (!this.capturing) this.recording.recorder = null
  }

  /** @param program what picks frames here; null where the link itself does */
  setFilter(expression: string, program: Uint32Array | null): void {
    this.filter = expression
    if (this.recording !== null) this.recording.filter = program === null ? null : new FrameFilter(program)
    this.recorder?.describeInterface(this.link.info, expression)
  }

  /** Bytes of a captured frame, wherever they are kept; null where they are gone. */
  readonly bytesOf = (offset: number, length: number): Uint8Array | null => (this.file ?? this.recorder)?.readBytes(offset, length) ?? null

  /** @throws FaultError `fileExists`, `fileNotWritable`, `diskFull`, `badDisplayFilter` */
  save(path: string, overwrite: boolean, selection: Selection, clock: () => number): SaveResult | Promise<SaveResult> {
    const { recorder } = this
    const isAll = Object.values(selection).every((limit) => limit === undefined)
    const isOneFile = isAll && (recorder === null || recorder.files.length === 1)
    if (!isOneFile || this.hasWrittenComments) return this.saveAndNote(path, overwrite, selection, clock, isOneFile)
    const copied = recorder === null ? this.copyFile(path, overwrite) : recorder.copyTo(path, { overwrite })
    this.trace.comments?.noteAllSaved()
    return { ...copied, commentsLeft: 0 }
  }

  /** Comments that the file holds are saved. */
  private async saveAndNote(...args: Parameters<Capture['saveSelected']>): Promise<SaveResult> {
    const { comments } = this.trace
    const { result, saved } = await this.saveSelected(...args)
    if (result.commentsLeft === 0) comments?.noteSaved(saved)
    return result
  }

  private async saveSelected(path: string, overwrite: boolean, selection: Selection, clock: () => number, isWhole: boolean): Promise<{ result: SaveResult, saved: SavedComments }> {
    const { trace, bytesOf, recorder } = this
    recorder?.flush(clock())
    const release = recorder?.hold()
    const files = recorder?.files ?? [{ path: this.options.sourcePath ?? '', base: 0 }]
    try {
      return await saveSelection({ trace, files, bytesOf, clock, isWhole }, selection, path, overwrite, this.options.application)
    } finally {
      release?.()
    }
  }

  graphs(): FlowGraphs {
    this.flowGraphs ??= new FlowGraphs(this.trace, this.bytesOf, this.options.congestionOf)
    return this.flowGraphs
  }

  colourRules(): ColourRules {
    this.rules ??= new ColourRules(this.trace, this.bytesOf)
    return this.rules
  }

  state(nowUs: number): RecordingState {
    return this.recorder?.state(nowUs) ?? { path: null, first: null, frames: 0, bytes: 0, flushedAgoMs: -1, fault: null }
  }

  /** A file in which everything stands that is there now; one is made where the recording has several. */
  async fileOnDisk(clock: () => number): Promise<string> {
    const { recorder } = this
    recorder?.flush(clock())
    const isOneFile = recorder === null || recorder.files.length === 1
    if (isOneFile && !this.hasWrittenComments) return recorder === null ? this.options.sourcePath ?? '' : recorder.path
    const path = this.options.nextPath().replace(/\.pcapng$/, '-whole.pcapng')
    await this.saveSelected(path, true, {}, clock, isOneFile)
    return path
  }

  /** How far the capture file has been read; null where none is, or where it has been read. */
  get loading(): { bytes: number, totalBytes: number } | null {
    const { file } = this
    return file === null || file.atEnd ? null : { bytes: file.positionBytes, totalBytes: file.sizeBytes }
  }

  stopLoading(): void {
    this.file?.stopReading()
  }

  /** Something to tell the user once. */
  takeNotice(): Fault | null {
    return this.recorder?.takeNotice() ?? null
  }

  pollTimeout(): number {
    return this.recorder?.pollTimeout() ?? Infinity
  }

  handleTimeout(nowUs: number): void {
    if (this.recorder === null) return
    this.noteStatistics()
    this.recorder.handleTimeout(nowUs)
  }

  /** The recording is complete on disk afterwards; the link is the caller's to close. */
  close(nowUs: number): void {
    this.noteStatistics()
    this.closeRecorder(nowUs)
  }

  /** A capture file that was opened is copied as it is. */
  private copyFile(path: string, overwrite: boolean): { frames: number, bytes: number } {
    const { sourcePath } = this.options
    if (sourcePath === null) throw new FaultError(fault('fileNotFound', { path: '' }))
    let descriptor = -1
    try {
      descriptor = openSync(sourcePath, 'r')
    } catch (error) {
      throw new FaultError(fault('fileNotReadable', { path: sourcePath, reason: (error as NodeJS.ErrnoException).code ?? 'unknown' }), { cause: error })
    }
    try {
      return { frames: this.trace.packetCount, bytes: copyRecording({ path: sourcePath, descriptor, bytes: fstatSync(descriptor).size, tail: new Uint8Array(0) }, path, overwrite) }
    } finally {
      closeSync(descriptor)
    }
  }

  private get hasWrittenComments(): boolean { return (this.trace.comments?.writtenCount ?? 0) > 0 }

  private trim(): void {
    const flows = this.trace.trim()
    if (flows === null) return
    this.statistics.forget(flows, this.trace.firstKeptTime)
    this.flowGraphs = null
    const offset = this.trace.firstKeptOffset
    if (offset >= 0) this.recorder?.leaveBefore(offset)
  }

  private noteStatistics(): void {
    const counts = emptyStatistics()
    this.link.statistics(counts)
    this.recorder?.noteStatistics(counts)
  }

  private record(nowUs: number): void {
    const { nextPath, application, segmentBytes } = this.options
    this.recorder = new SegmentedRecorder({ nextPath, segmentBytes, info: this.link.info, filter: this.filter, application, nowUs })
    this.recorder.isRing = this.wanted.kind !== 'all'
    if (this.recording !== null) this.recording.recorder = this.recorder
  }

  private closeRecorder(nowUs: number): void {
    this.recorder?.close(nowUs)
    this.recorder?.dispose()
    this.recorder = null
  }

  private newTrace(): Trace {
    const trace = new Trace({ insights: true })
    trace.isKnown = this.options.isKnown
    trace.reasonOf = this.options.reasonOf
    if (this.file === null) trace.keep = this.wanted
    trace.comments = new PacketComments(({ fileOffset }) => this.file?.format === 'pcapng' && fileOffset >= 0 ? readPacketComments(this.bytesOf, fileOffset) : [])
    return trace
  }
}
