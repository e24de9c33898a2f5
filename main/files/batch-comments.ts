import type { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { readPacketComments } from '../../src/capture-file/packet-comment.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { PacketComments } from '../../src/trace/packet-comments.ts'

/** The comments of packets whose blocks are still in the batch that brought them. */
export class BatchComments {
  readonly comments = new PacketComments(({ fileOffset }) => this.reader?.format === 'pcapng' ? readPacketComments(this.read, fileOffset) : [])
  private batch: FrameBatch | null = null
  private reader: CaptureReader | null = null

  follow(batch: FrameBatch, reader: CaptureReader): void {
    this.batch = batch
    this.reader = reader
  }

  /** A reader's area holds the file without gaps, so one frame of it says where all else of it stands. */
  private readonly read = (offset: number, length: number): Uint8Array | null => {
    const { bytes, offset: offsets } = this.batch!
    const at = offset - this.reader!.frameOffsets[0] + offsets[0]
    return at < 0 || at + length > bytes.length ? null : bytes.subarray(at, at + length)
  }
}
