import { fault, FaultError } from '../../src/base/fault.ts'
import type { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { Profile } from '../../src/script/profile.ts'
import { exportScript } from '../../src/script/recording/export-script.ts'
import { recordSegment } from '../../src/script/recording/recording.ts'
import type { RecordedEvent } from '../../src/script/recording/recording.ts'
import { PacketMark, Protocol } from '../../src/trace/packet-store.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { formatEndpoint } from '../../src/wire/addresses.ts'
import { Layer } from '../../src/wire/packet.ts'
import { BatchFrames } from '../files/batch-frames.ts'
import { UsageError } from './failure.ts'
import type { Output } from './output.ts'
import { reportLines } from './script-report.ts'
import type { Words } from './words.ts'
import { writeWhole } from './write-whole.ts'

export interface ScriptRequest {
  /** As Wireshark counts TCP streams. */
  readonly stream: number
  readonly path: string
  /** Whose stack the script tests. */
  readonly side: 'client' | 'server'
  readonly profile: Profile
  readonly words: Words
}

/** `analyze --stream N --script FILE`: one connection as a packetdrill script, which is run once to say whether it passes. */
export class ScriptView {
  private readonly frames: BatchFrames
  private readonly events: RecordedEvent[] = []
  private ipVersion: 4 | 6 = 4
  private startSec = 0

  constructor(private readonly trace: Trace, private readonly output: Output, private readonly request: ScriptRequest) {
    this.frames = new BatchFrames(trace)
  }

  take(batch: FrameBatch, _reader: CaptureReader, first: number): void {
    const view = this.frames.viewOf(batch, first)
    for (let i = first; i < first + batch.count; i++) {
      view.moveTo(i)
      const { record } = view
      if (record.protocol !== Protocol.tcp || view.flow?.stream !== this.request.stream) continue
      const frame = view.levels.at(0)
      if (frame === undefined || (frame.packet.layers & Layer.tcp) === 0) continue
      if (this.events.length === 0) this.startSec = record.timeSec
      this.ipVersion = frame.packet.ipVersion === 6 ? 6 : 4
      const isFromServer = (record.marks & PacketMark.fromServer) !== 0
      const timeUs = (record.timeSec - this.startSec) * 1_000_000 + Math.floor(record.timeNsec / 1000)
      const segment = recordSegment(frame.packet, frame.bytes, isFromServer === (this.request.side === 'server') ? 'out' : 'in', timeUs)
      if (segment !== null) this.events.push(segment)
    }
  }

  /** @throws UsageError noStream, FaultError noHandshake, fileNotWritable, diskFull */
  end(): void {
    const { stream, path, side, profile, words } = this.request
    const streams = this.trace.tracker.flows.filter(({ protocol }) => protocol === Protocol.tcp)
    const flow = streams.at(stream)
    if (flow === undefined) throw new UsageError('noStream', { stream, count: streams.length })
    const { client, server } = this.trace.flowRow(flow.number)
    const comments = [words('script.export.head', { stream, client: formatEndpoint(client.address, client.port), server: formatEndpoint(server.address, server.port), side: words(`script.export.${side}`) }), words('script.export.zeros')]
    const exported = exportScript({ ipVersion: this.ipVersion, events: this.events }, { comments, profile })
    if (exported === null) throw new FaultError(fault('noHandshake', { stream }))
    const { text, report, checksWindows, damaged } = exported
    writeWhole(path, text)
    this.output.line(words('script.export.written', { path, packets: this.events.length - damaged }))
    if (damaged > 0) this.output.line(words('script.export.damaged', { packets: damaged }))
    if (!checksWindows) this.output.line(words('script.export.noWindows'))
    for (const line of reportLines(path, text, report, null, words)) this.output.line(line)
    if (report.result !== 'pass') this.output.line(words('script.export.differs'))
  }
}
