import { fault, FaultError } from '../../src/base/fault.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { Flow } from '../../src/trace/flow.ts'
import { PacketRecord, Protocol } from '../../src/trace/packet-store.ts'
import { segmentPayload } from '../../src/trace/segment-payload.ts'
import { partBytes, streamParts } from '../../src/trace/stream-parts.ts'
import type { StreamPart } from '../../src/trace/stream-parts.ts'
import { StreamRuns } from '../../src/trace/stream-runs.ts'
import { TcpStream } from '../../src/trace/stream.ts'
import { StretchKind, stretchKindNames } from '../../src/trace/stretch-kind.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { formatEndpoint } from '../../src/wire/addresses.ts'
import type { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { PayloadSpool } from '../files/payload-spool.ts'
import type { Output } from './output.ts'
import { StreamText } from './stream-text.ts'
import type { Words } from './words.ts'

/** The two directions: `a` is what the client has sent, `b` the server. */
export const streamEnds = ['a', 'b'] as const
export type StreamEnd = typeof streamEnds[number]

export interface StreamViewOptions {
  /** As Wireshark counts TCP streams. */
  readonly stream: number
  /** Only the bytes of this direction, as they are. */
  readonly raw: StreamEnd | undefined
  readonly json: boolean
  readonly words: Words
}

/** `analyze --stream`: the payload of one connection is kept beside while the file is read, and put together at the end. */
export class StreamView {
  private readonly record = new PacketRecord()
  private readonly spool = new PayloadSpool()
  private flow: Flow | null = null
  private flowsSeen = 0

  constructor(private readonly trace: Trace, private readonly output: Output, private readonly options: StreamViewOptions) {}

  take(batch: FrameBatch, _reader: CaptureReader, first: number): void {
    const flow = this.find()
    if (flow === null) return
    const { record, trace } = this
    for (let i = 0; i < batch.count; i++) {
      trace.store.read(first + i, record)
      if (record.flow !== flow.number || record.payloadLength === 0) continue
      this.spool.add(first + i + 1, segmentPayload(batch.bytes, batch.offset[i], batch.capturedLength[i], record.linkType, batch.originalLength[i]))
    }
  }

  /** @throws FaultError noSuchStream */
  async end(): Promise<void> {
    try {
      const { flow, trace, spool, options: { raw, json } } = this
      if (flow === null) throw new FaultError(fault('noSuchStream', { stream: this.options.stream, total: this.streams }))
      const stream = new TcpStream(trace.store, flow, spool.read)
      const only = raw === undefined ? null : streamEnds.indexOf(raw) as 0 | 1
      const runs = new StreamRuns(stream, only)
      stream.advance(() => false)
      runs.advance(() => false)
      const parts = streamParts(stream, runs, only)
      if (raw !== undefined) await this.printRaw(stream, parts)
      else if (json) await this.printJson(stream, parts)
      else await this.printText(flow, stream, parts)
    } finally {
      this.spool.close()
    }
  }

  private get streams(): number {
    return this.trace.tracker.flows.reduce((count, { protocol }) => count + (protocol === Protocol.tcp ? 1 : 0), 0)
  }

  private find(): Flow | null {
    const { flows } = this.trace.tracker
    for (; this.flow === null && this.flowsSeen < flows.length; this.flowsSeen++) {
      const flow = flows[this.flowsSeen]
      if (flow.protocol === Protocol.tcp && flow.stream === this.options.stream) this.flow = flow
    }
    return this.flow
  }

  private async printRaw(stream: TcpStream, parts: Iterable<StreamPart>): Promise<void> {
    let missing = 0
    for (const part of parts) {
      if (this.output.isBroken) break
      if (part.kind === StretchKind.hole) missing += part.length
      if (part.kind === StretchKind.data) await this.output.raw(partBytes(stream, part))
    }
    if (missing > 0) process.stderr.write(`tcplab: ${this.options.words('cli.stream.rawMissing', { bytes: missing })}\n`)
  }

  private async printJson(stream: TcpStream, parts: Iterable<StreamPart>): Promise<void> {
    for (const part of parts) {
      const { kind, end, offset, length, packet } = part
      const bytes = kind === StretchKind.hole ? {} : { hex: Buffer.from(partBytes(stream, part)).toString('hex') }
      this.output.line(JSON.stringify({ stream: this.options.stream, from: streamEnds[end], offset, length, kind: stretchKindNames[kind], packet: packet || null, ...bytes }))
      await this.output.room()
    }
  }

  private async printText(flow: Flow, stream: TcpStream, parts: Iterable<StreamPart>): Promise<void> {
    const { output, options: { words }, trace } = this
    stream.directions.forEach(({ begin, end: last, outside }, end) => {
      const { address, port } = end === 0 ? flow.client : flow.server
      output.line(words('cli.stream.end', { end: streamEnds[end], endpoint: formatEndpoint(trace.tracker.addresses.text(address), port), bytes: last - begin }))
      if (outside > 0) output.line(words('cli.stream.outside', { end: streamEnds[end], packets: outside }))
    })
    const text = new StreamText(output, words)
    for (const part of parts) {
      if (part.kind === StretchKind.data) text.data(streamEnds[part.end], partBytes(stream, part))
      else text.note(streamEnds[part.end], part)
      await output.room()
    }
    text.finish()
  }
}
