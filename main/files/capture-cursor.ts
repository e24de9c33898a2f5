import { fault, FaultError } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { ByteSource } from './byte-source.ts'
import { UnpackError } from './unpacker.ts'

const batchFrames = 4096

/** Batches of a capture file, one after the other; gzip and zstd are unpacked on the way. A batch is valid until the next one is asked for. */
export class CaptureCursor {
  readonly path: string
  readonly reader = new CaptureReader()
  readonly batch: FrameBatch
  readonly source: ByteSource
  private unpackError: UnpackError | null = null
  private isFed = false

  /** @param path `-` for the standard input. @throws FaultError fileNotFound, fileNotReadable */
  static async open(path: string, framesAtMost = batchFrames): Promise<CaptureCursor> {
    return new CaptureCursor(path, await ByteSource.open(path), framesAtMost)
  }

  private constructor(path: string, source: ByteSource, framesAtMost: number) {
    this.path = path
    this.source = source
    this.batch = new FrameBatch(framesAtMost)
  }

  /** Reads on until there are frames. @returns false at the end, and at damage. @throws FaultError fileNotReadable */
  async next(): Promise<boolean> {
    for (;;) {
      if (this.reader.read(this.batch, this.batch.capacity) > 0) return true
      if (this.isFed || this.reader.damage !== null) return false
      await this.feed()
    }
  }

  /** What ended the file too early, or null. @throws FaultError fileFormatUnknown */
  get damage(): Fault | null {
    const { path, reader, unpackError } = this
    // A compression that breaks off leaves the capture cut: the first of the two is why.
    if (unpackError !== null) return fault('fileDamaged', { path, offset: this.source.positionBytes, frame: reader.frames + 1, reason: unpackError.reason })
    if (reader.format === 'unknown') throw new FaultError(fault('fileFormatUnknown', { path }))
    if (reader.damage === null) return null
    const { offset, frame, reason } = reader.damage
    return fault('fileDamaged', { path, offset, frame, reason })
  }

  close(): void {
    this.source.close()
  }

  private async feed(): Promise<void> {
    try {
      this.isFed = !await this.source.feed(this.reader)
    } catch (error) {
      if (!(error instanceof UnpackError)) throw error
      this.unpackError = error
      this.isFed = true
    }
    if (this.isFed) this.reader.finish()
  }
}
