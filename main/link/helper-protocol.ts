import type { Fault } from '../../src/base/fault.ts'
import type { LinkInfo, LinkStatistics } from '../../src/link/link.ts'

/**
 * What a lab and the helper process that holds a link for it say to each other over one local stream socket.
 *
 *     message   body length u32 | type u32 | frame count u32 | 0 u32 | body, padded to 8 bytes
 *     frames    per frame: captured length u32 | original length u32 | seconds u32 | nanoseconds u32 | direction u32 | 0 u32 | bytes, padded to 8
 *     credit    bytes of frame bodies that were consumed, u32 | 0 u32
 *     counts    the seven counters of LinkStatistics as f64
 *     control   JSON
 *
 * Numbers are in the machine's byte order: both ends run on it. Frames go only as far as the other side has given credit,
 * so that neither end ever queues more than its own area holds: what does not fit waits in the link's ring, which counts.
 */
export const MessageType = { frames: 1, credit: 2, counts: 3, control: 4 } as const
export type MessageType = typeof MessageType[keyof typeof MessageType]

export const headerBytes = 16
export const frameRecordBytes = 24
/** A message of frames is closed when it has grown to this. */
export const targetBodyBytes = 64 * 1024
/** Longest frame that can be carried; a snap length above it is lowered to it. */
export const longestFrameBytes = 262_144
/** A single frame may be larger than the target. */
export const longestBodyBytes = longestFrameBytes + frameRecordBytes + 8
const longestControlBytes = 64 * 1024

/** What the lab asks the helper to open; the first message on the socket. */
export interface OpenRequest {
  kind: 'open'
  link: 'sandbox' | 'nic' | 'cap'
  /** Interface name, for `nic` and `cap`. */
  name: string
  filter: string
  promiscuous: boolean
  seeSent: boolean
  /** Bytes kept of each frame; 0 leaves it to the link. */
  snapLength: number
  /** Frame bytes that may be on their way to the lab. */
  credit: number
}

export type LabControl = OpenRequest | { kind: 'setFilter', expression: string } | { kind: 'close' }

export type HelperControl =
  | { kind: 'opened', info: LinkInfo & { mac: number[] | null }, peerAddress: string, credit: number }
  | { kind: 'failed', fault: Fault }
  | { kind: 'filterSet', fault: Fault | null }
  | { kind: 'closed', fault: Fault }

const counters = ['received', 'droppedByKernel', 'droppedByInterface', 'droppedByRing', 'truncated', 'sent', 'sendFailed'] as const satisfies readonly (keyof LinkStatistics)[]

export function encodeControl(control: LabControl | HelperControl): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(control))
  const message = new Uint8Array(headerBytes + padded(text.length))
  message.set(text, headerBytes)
  return withHeader(message, text.length, MessageType.control, 0)
}

export function encodeCredit(bytes: number): Uint8Array {
  const message = new Uint8Array(headerBytes + 8)
  new Uint32Array(message.buffer)[headerBytes / 4] = bytes
  return withHeader(message, 8, MessageType.credit, 0)
}

export function encodeCounts(statistics: LinkStatistics): Uint8Array {
  const message = new Uint8Array(headerBytes + counters.length * 8)
  const values = new Float64Array(message.buffer, headerBytes)
  counters.forEach((name, i) => { values[i] = statistics[name] })
  return withHeader(message, counters.length * 8, MessageType.counts, 0)
}

/** Writes the header over the first bytes of a message whose memory starts on a multiple of 4. */
export function withHeader(message: Uint8Array, bodyBytes: number, type: MessageType, frames: number): Uint8Array {
  const header = new Uint32Array(message.buffer, message.byteOffset, headerBytes / 4)
  header[0] = bodyBytes
  header[1] = type
  header[2] = frames
  header[3] = 0
  return message
}

export function padded(bytes: number): number {
  return (bytes + 7) & ~7
}

/** Where a reader puts frames, and whom it tells about the rest. */
export interface MessageHandler<Control> {
  /** Place for a body of frames in {@link frameArea}, or -1 when there is none. */
  reserveFrames(bodyBytes: number): number
  readonly frameArea: Uint8Array
  /** The reserved place is filled. @returns false when what lies there is no sequence of frames */
  frames(offset: number, bodyBytes: number, count: number): boolean
  credit(bytes: number): void
  counts(statistics: LinkStatistics): void
  control(control: Control): void
  /** The other side does not keep to the protocol; nothing more is read. */
  broken(reason: string): void
}

/** Cuts the stream into messages. Frames are copied once, from the chunk to their place in the handler's area. */
export class MessageReader<Control> {
  private readonly handler: MessageHandler<Control>
  private readonly header = new Uint8Array(headerBytes)
  private readonly headerWords = new Uint32Array(this.header.buffer)
  private headerFilled = 0
  private body: Uint8Array | null = null
  private bodyStart = 0
  private bodyFilled = 0
  private isBroken = false

  constructor(handler: MessageHandler<Control>) {
    this.handler = handler
  }

  feed(chunk: Uint8Array): void {
    let at = 0
    while (!this.isBroken && (at < chunk.length || this.isBodyComplete())) {
      if (this.body === null) at += this.feedHeader(chunk, at)
      else if (this.isBodyComplete()) this.finish()
      else at += this.feedBody(chunk, at)
    }
  }

  private feedHeader(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + headerBytes - this.headerFilled)
    this.header.set(part, this.headerFilled)
    this.headerFilled += part.length
    if (this.headerFilled === headerBytes) this.begin()
    return part.length
  }

  private feedBody(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + padded(this.headerWords[0]) - this.bodyFilled)
    this.body!.set(part, this.bodyStart + this.bodyFilled)
    this.bodyFilled += part.length
    return part.length
  }

  private isBodyComplete(): boolean {
    return this.body !== null && this.bodyFilled === padded(this.headerWords[0])
  }

  private begin(): void {
    const [bytes, type] = this.headerWords
    this.bodyFilled = 0
    if (type === MessageType.frames) {
      this.bodyStart = bytes <= longestBodyBytes ? this.handler.reserveFrames(padded(bytes)) : -1
      if (this.bodyStart < 0) return this.fail(`${bytes} bytes of frames without credit`)
      this.body = this.handler.frameArea
    } else {
      if (bytes > longestControlBytes) return this.fail(`a message of ${bytes} bytes`)
      this.bodyStart = 0
      this.body = new Uint8Array(padded(bytes))
    }
  }

  private finish(): void {
    const [bytes, type, count] = this.headerWords
    const body = this.body!
    this.body = null
    this.headerFilled = 0
    if (type === MessageType.frames) {
      if (!this.handler.frames(this.bodyStart, padded(bytes), count)) this.fail('a damaged message of frames')
    } else if (type === MessageType.credit && bytes === 8) {
      this.handler.credit(new Uint32Array(body.buffer)[0])
    } else if (type === MessageType.counts && bytes === counters.length * 8) {
      const values = new Float64Array(body.buffer)
      this.handler.counts(Object.fromEntries(counters.map((name, i) => [name, values[i]])) as unknown as LinkStatistics)
    } else if (type === MessageType.control) {
      this.finishControl(body.subarray(0, bytes))
    } else {
      this.fail(`a message of unknown type ${type}`)
    }
  }

  private finishControl(body: Uint8Array): void {
    let control: Control
    try {
      control = JSON.parse(new TextDecoder().decode(body)) as Control
    } catch {
      return this.fail('a control message that is no JSON')
    }
    this.handler.control(control)
  }

  private fail(reason: string): void {
    this.isBroken = true
    this.handler.broken(reason)
  }
}
