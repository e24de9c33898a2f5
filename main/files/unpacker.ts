/** Where the bytes of a file go; a capture reader has this shape. */
export interface ByteTaker {
  /** A place for at least `minBytes`; `filled` says how many were put there. */
  space(minBytes: number): Uint8Array
  filled(count: number): void
  /** Takes a copy. */
  feed(bytes: Uint8Array): void
}

/** Unpacks one kind of compression, piece by piece. */
export interface Unpacker {
  /** What can still be unpacked without another piece. */
  readonly hasMore: boolean
  /** Takes a piece, of which nothing is kept, and hands on a bounded part of what comes out. @throws UnpackError */
  unpack(piece: Uint8Array, into: ByteTaker): Promise<void> | void
  /** No piece follows. @throws UnpackError where the end is missing */
  finish(): Promise<void> | void
}

/** The compressed bytes are broken, or end too early. */
export class UnpackError extends Error {
  constructor(readonly reason: 'badCompression' | 'cutCompression' | 'compressionWindow') {
    super(reason)
  }
}
