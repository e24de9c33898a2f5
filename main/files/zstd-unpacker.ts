import { Decompress } from 'fzstd'
import { readU32In } from '../../src/capture-file/format.ts'
import { ByteWindow } from '../../src/capture-file/byte-window.ts'
import { UnpackError } from './unpacker.ts'
import type { ByteTaker, Unpacker } from './unpacker.ts'

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50
/** What the zstd program takes without being told otherwise. */
const maxWindowBytes = 128 * 1024 * 1024
const maxBlockBytes = 128 * 1024
/** Handed on at a time; a block of a few bytes may unpack to 128 KiB. */
const outputBytes = 1024 * 1024

/**
 * zstd (RFC 8878). Frames and blocks are walked here, so that window sizes are judged before anything is allocated for them and whole blocks
 * go into the library, which unpacks them.
 */
export class ZstdUnpacker implements Unpacker {
  hasMore = false
  private readonly window = new ByteWindow()
  private frame: Decompress | null = null
  private checksumBytes = 0
  private toSkip = 0
  private output = 0

  static recognises(first: Uint8Array): boolean {
    return first.length >= 4 && isMagic(readU32In(first, 0, true))
  }

  unpack(piece: Uint8Array, into: ByteTaker): void {
    this.window.space(piece.length).set(piece)
    this.window.filled(piece.length)
    this.output = 0
    this.hasMore = false
    while (this.step(into)) {
      if (this.output < outputBytes) continue
      this.hasMore = true
      return
    }
  }

  finish(): void {
    if (this.frame !== null || this.toSkip > 0 || this.window.length > 0) throw new UnpackError('cutCompression')
  }

  /** @returns false where more bytes are needed */
  private step(into: ByteTaker): boolean {
    const { window } = this
    if (this.toSkip > 0) {
      const skipped = Math.min(this.toSkip, window.length)
      window.consume(skipped)
      this.toSkip -= skipped
      return skipped > 0
    }
    return this.frame === null ? this.openFrame(into) : this.readBlock(this.frame)
  }

  private openFrame(into: ByteTaker): boolean {
    const { area, start, length } = this.window
    if (length < 8) return false
    const magic = readU32In(area, start, true)
    if (!isMagic(magic)) throw new UnpackError('badCompression')
    if (magic !== frameMagic) {
      this.toSkip = 8 + readU32In(area, start + 4, true)
      return true
    }
    const header = headerOf(area[start + 4])
    if (length < header.bytes) return false
    const size = header.isSingle ? contentSize(area, start + header.bytes - header.sizeBytes, header.sizeBytes) : windowSize(area[start + 5])
    if (size > maxWindowBytes) throw new UnpackError('compressionWindow')
    this.checksumBytes = header.hasChecksum ? 4 : 0
    this.frame = new Decompress((chunk) => {
      this.output += chunk.length
      into.feed(chunk)
    })
    // The checksum is skipped here, so the library must not wait for one.
    const withoutChecksum = area.slice(start, start + header.bytes)
    withoutChecksum[4] &= ~4
    this.push(this.frame, withoutChecksum, false)
    return true
  }

  /** Block_Header: last 1 bit, type 2 bits, size 21 bits. */
  private readBlock(frame: Decompress): boolean {
    const { area, start, length } = this.window
    if (length < 3) return false
    const header = area[start] | (area[start + 1] << 8) | (area[start + 2] << 16)
    const type = (header >> 1) & 3
    const size = type === 1 ? 1 : header >>> 3
    if (type === 3 || (header >>> 3) > maxBlockBytes) throw new UnpackError('badCompression')
    if (length < 3 + size) return false
    const isLast = (header & 1) !== 0
    this.push(frame, area.slice(start, start + 3 + size), isLast)
    if (!isLast) return true
    this.frame = null
    this.toSkip = this.checksumBytes
    return true
  }

  private push(frame: Decompress, bytes: Uint8Array, isLast: boolean): void {
    try {
      frame.push(bytes, isLast)
    } catch {
      throw new UnpackError('badCompression')
    }
    this.window.consume(bytes.length)
  }
}

function isMagic(magic: number): boolean {
  return magic === frameMagic || ((magic & 0xffff_fff0) >>> 0) === skippableMagic
}

/** Frame_Header_Descriptor. `bytes` counts the magic too. */
function headerOf(descriptor: number): { bytes: number, isSingle: boolean, sizeBytes: number, hasChecksum: boolean } {
  const isSingle = (descriptor & 0x20) !== 0
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >>> 6]
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]
  return { bytes: 5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes, isSingle, sizeBytes, hasChecksum: (descriptor & 4) !== 0 }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3))
  return base + (base / 8) * (descriptor & 7)
}

function contentSize(area: Uint8Array, at: number, bytes: number): number {
  let size = 0
  for (let i = bytes - 1; i >= 0; i--) size = size * 256 + area[at + i]
  return bytes === 2 ? size + 256 : size
}
