import { fault, FaultError } from '../../src/base/fault.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { Flow } from '../../src/trace/flow.ts'
import { PacketRecord, Protocol } from '../../src/trace/packet-store.ts'
import { segmentPayload } from '../../src/trace/segment-payload.ts'
import { reassemble } from '../../src/trace/stream.ts'
import type { Stream } from '../../src/trace/stream.ts'
import { StretchKind, stretchKindNames } from '../../src/trace/stretch-list.ts'
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
      const { flow, trace, spool } = this
      if (flow === null) throw new FaultError(fault('noSuchStream', { stream: this.options.stream, total: this.streams }))
      const streams = ([0, 1] as const).map((from) => reassemble(trace.store, flow, from, spool.read))
      if (this.options.raw !== undefined) await this.printRaw(streams[streamEnds.indexOf(this.options.raw)])
      else if (this.options.json) await this.printJson(streams)
      else await this.printText(flow, streams)
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

  private bytesOf({ stretches }: Stream, i: number): Uint8Array {
    return this.spool.read(stretches.packet[i], stretches.at[i], stretches.length[i])
  }

  private async printRaw(stream: Stream): Promise<void> {
    const { stretches } = stream
    let missing = 0
    for (let i = 0; i < stretches.count && !this.output.isBroken; i++) {
      if (stretches.kind[i] === StretchKind.hole) missing += stretches.length[i]
      if (stretches.kind[i] === StretchKind.data) await this.output.raw(this.bytesOf(stream, i))
    }
    if (missing > 0) process.stderr.write(`tcplab: ${this.options.words('cli.stream.rawMissing', { bytes: missing })}\n`)
  }

  private async printJson(streams: readonly Stream[]): Promise<void> {
    for (const { end, i } of inTurn(streams)) {
      const { stretches } = streams[end]
      const kind = stretches.kind[i]
      const bytes = kind === StretchKind.hole ? {} : { hex: Buffer.from(this.bytesOf(streams[end], i)).toString('hex') }
      this.output.line(JSON.stringify({
        stream: this.options.stream, from: streamEnds[end], offset: stretches.offset[i], length: stretches.length[i], kind: stretchKindNames[kind],
        packet: stretches.packet[i] || null, ...bytes,
      }))
      await this.output.room()
    }
  }

  private async printText(flow: Flow, streams: readonly Stream[]): Promise<void> {
    const { output, options: { words }, trace } = this
    streams.forEach(({ length, outside }, end) => {
      const { address, port } = end === 0 ? flow.client : flow.server
      output.line(words('cli.stream.end', { end: streamEnds[end], endpoint: formatEndpoint(trace.tracker.addresses.text(address), port), bytes: length }))
      if (outside > 0) output.line(words('cli.stream.outside', { end: streamEnds[end], packets: outside }))
    })
    const text = new StreamText(output, words)
    for (const { end, i } of inTurn(streams)) {
      const { stretches } = streams[end]
      if (stretches.kind[i] === StretchKind.data) text.data(streamEnds[end], this.bytesOf(streams[end], i))
      else text.note(streamEnds[end], stretches, i)
      await output.room()
    }
    text.finish()
  }
}

/** Both directions as an application would have had them: each stretch when the packets up to it were there. */
function* inTurn(streams: readonly Stream[]): Generator<{ end: number, i: number }> {
  const at = streams.map(() => 0)
  const ready = streams.map(({ stretches }) => readyAt(stretches))
  for (;;) {
    const [client, server] = streams.map((stream, end) => at[end] < stream.stretches.count ? ready[end][at[end]] : -1)
    if (client < 0 && server < 0) return
    const end = client < 0 || (server >= 0 && server < client) ? 1 : 0
    yield { end, i: at[end]++ }
  }
}

/** The packet with which each stretch was complete; a hole is told with the data behind it. */
function readyAt({ count, kind, packet }: Stream['stretches']): Float64Array {
  const ready = new Float64Array(count)
  let latest = 0
  for (let i = 0; i < count; i++) {
    if (kind[i] === StretchKind.data) latest = Math.max(latest, packet[i])
    ready[i] = latest
  }
  let behind = Infinity
  for (let i = count - 1; i >= 0; i--) {
    if (kind[i] === StretchKind.hole) ready[i] = behind
    if (kind[i] === StretchKind.data) behind = ready[i]
  }
  return ready
}
