import { closeSync, fstatSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { GzipUnpacker } from './gzip-unpacker.ts'
import { notReadable, openForReading } from './open-file.ts'
import type { ByteTaker, Unpacker } from './unpacker.ts'
import { ZstdUnpacker } from './zstd-unpacker.ts'

const readLater = promisify(read)
const blockBytes = 1024 * 1024
const magicBytes = 4

/**
 * The bytes of a file from beginning to end, unpacked where they are compressed with gzip or zstd. `-` is the standard input.
 * Memory stays within a few megabytes, whatever the file says.
 */
export class ByteSource {
  readonly path: string
  /** Of the file as it is; 0 where it cannot be known, as in a pipe. */
  readonly sizeBytes: number
  /** How far the file as it is has been read. */
  positionBytes = 0
  /** Where the first bytes of the file are of no compression. */
  readonly isPlain: boolean
  private readonly descriptor: number
  private readonly isFile: boolean
  private readonly unpacker: Unpacker | null
  private readonly first: Uint8Array
  private piece: Uint8Array | null = null
  private isRead = false

  /** @throws FaultError fileNotFound, fileNotReadable */
  static async open(path: string): Promise<ByteSource> {
    const descriptor = path === '-' ? 0 : openForReading(path)
    try {
      return new ByteSource(path, descriptor, await readFirst(descriptor))
    } catch (error) {
      if (descriptor > 0) closeSync(descriptor)
      throw notReadable(path, error)
    }
  }

  private constructor(path: string, descriptor: number, first: Uint8Array) {
    const found = fstatSync(descriptor)
    this.path = path
    this.descriptor = descriptor
    this.isFile = found.isFile()
    this.sizeBytes = this.isFile ? found.size : 0
    this.first = first
    this.unpacker = unpackerOf(first)
    this.isPlain = this.unpacker === null
  }

  /**
   * Hands on the next bytes.
   * @returns false at the end
   * @throws FaultError fileNotReadable; UnpackError
   */
  feed(into: ByteTaker): Promise<boolean> {
    return this.unpacker === null ? this.feedPlain(into) : this.feedUnpacked(this.unpacker, into)
  }

  close(): void {
    if (this.descriptor > 0) closeSync(this.descriptor)
  }

  private async feedPlain(into: ByteTaker): Promise<boolean> {
    const count = await this.read(into.space(blockBytes), blockBytes)
    into.filled(count)
    return count > 0
  }

  private async feedUnpacked(unpacker: Unpacker, into: ByteTaker): Promise<boolean> {
    const { hasMore } = unpacker
    this.piece ??= new Uint8Array(32 * 1024)
    const count = hasMore ? 0 : await this.read(this.piece, this.piece.length)
    if (count === 0 && !hasMore) {
      await unpacker.finish()
      return false
    }
    await unpacker.unpack(this.piece.subarray(0, count), into)
    return true
  }

  private async read(into: Uint8Array, length: number): Promise<number> {
    if (this.isRead) return 0
    if (this.positionBytes === 0 && this.first.length > 0) {
      into.set(this.first)
      this.positionBytes = this.first.length
      return this.first.length
    }
    try {
      const count = this.isFile ? readSync(this.descriptor, into, 0, length, null) : (await readLater(this.descriptor, into, 0, length, null)).bytesRead
      this.positionBytes += count
      this.isRead = count === 0
      return count
    } catch (error) {
      throw notReadable(this.path, error)
    }
  }
}

/** As many bytes as tell the compression. */
async function readFirst(descriptor: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(magicBytes)
  let have = 0
  while (have < magicBytes) {
    const { bytesRead } = await readLater(descriptor, bytes, have, magicBytes - have, null)
    if (bytesRead === 0) break
    have += bytesRead
  }
  return bytes.subarray(0, have)
}

function unpackerOf(first: Uint8Array): Unpacker | null {
  if (first[0] === 0x1f && first[1] === 0x8b) return new GzipUnpacker()
  return ZstdUnpacker.recognises(first) ? new ZstdUnpacker() : null
}
