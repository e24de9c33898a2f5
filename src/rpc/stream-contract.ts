import type { StretchKindName } from '../trace/stretch-kind.ts'

/** Which bytes: of a TCP flow, both directions as an application would have had them, or what one end has sent: 0 the client, 1 the server. */
export interface StreamChoice { flow: number, end?: 0 | 1 }

/** `from` is a position among the bytes that are there; a page has at most 65,536 of them. */
export interface StreamRequest extends StreamChoice { from: number, count: number }

export interface StreamPage {
  /** Bytes that can be shown. */
  total: number
  from: number
  data: Uint8Array
  /** Who holds which of the bytes, in their order. */
  pieces: StreamStretch[]
  /** What is missing: `position` is that of the byte behind it. */
  holes: StreamStretch[]
  /** What came again over bytes of this page, at most 500; a conflict reaches from the first byte that differs to the last. */
  marks: StreamStretch[]
  hasMoreMarks: boolean
  /** Where the bytes of one direction without a hole begin that hold the first byte of the page; `from` where there are none. */
  runFrom: number
  ends: [StreamEnd, StreamEnd]
  /** Another one, and what was known of positions and marks may be otherwise now. */
  version: string
  /** Packets of the flow that were put together so far, of how many; ask again while there are more. */
  packets: number
  totalPackets: number
}

export interface StreamStretch {
  kind: StretchKindName
  end: 0 | 1
  /** Among the bytes that are shown; -1 of marks. */
  position: number
  /** In its direction: 0 is the byte behind the SYN, or the first one captured. */
  offset: number
  length: number
  /** The packet that holds the bytes; of a hole, one that was captured without them, or 0. */
  packet: number
}

export interface StreamEnd {
  /** Bytes known to have been sent. */
  length: number
  /** Of these, captured. */
  captured: number
  /** Bytes that were sent again. */
  repeated: number
  /** How often what was sent again differs. */
  conflicts: number
  /** Packets left out because their numbers fit no window. */
  outside: number
}

/** Looks for bytes from a position on, or back from it. `ignoreCase` takes A to Z for a to z. */
export interface StreamSearch extends StreamChoice { pattern: Uint8Array, from: number, backwards?: boolean, ignoreCase?: boolean }

/** `position` -1: not found so far; then ask again from `next`, which is -1 where there is nothing further. */
export interface StreamMatch { position: number, next: number }

/** The bytes as they are, one behind the other; holes are left out. @throws fileExists unless `overwrite` */
export interface StreamSave extends StreamChoice { path: string, overwrite?: boolean }
