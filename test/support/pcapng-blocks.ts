/** Hand-built pcapng blocks of either byte order, as the format's description draws them. */
export class PcapngBlocks {
  constructor(readonly isLittle: boolean) {}

  u16(...values: number[]): number[] {
    return values.flatMap((value) => this.ordered([value & 0xff, value >>> 8]))
  }

  u32(...values: number[]): number[] {
    return values.flatMap((value) => this.ordered([value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]))
  }

  u64(value: bigint): number[] {
    return this.ordered(Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)))
  }

  /** High word first, whatever the byte order. */
  time(units: bigint): number[] {
    return this.u32(Number(units >> 32n), Number(units & 0xffff_ffffn))
  }

  option(code: number, value: readonly number[]): number[] {
    return [...this.u16(code, value.length), ...padded(value)]
  }

  block(type: number, body: readonly number[], options: readonly number[] = []): Uint8Array {
    const whole = [...body, ...options, ...options.length > 0 ? this.u32(0) : []]
    return Uint8Array.from([...this.u32(type, 12 + whole.length), ...whole, ...this.u32(12 + whole.length)])
  }

  section(options: readonly number[] = []): Uint8Array {
    return this.block(0x0a0d0d0a, [...this.u32(0x1a2b3c4d), ...this.u16(1, 0), ...this.u32(0xffff_ffff, 0xffff_ffff)], options)
  }

  interface(options: readonly number[] = []): Uint8Array {
    return this.block(1, [...this.u16(1, 0), ...this.u32(65_535)], options)
  }

  packet(interfaceId: number, units: bigint, frame: readonly number[], options: readonly number[] = []): Uint8Array {
    return this.block(6, [...this.u32(interfaceId), ...this.time(units), ...this.u32(frame.length, frame.length), ...padded(frame)], options)
  }

  private ordered(bytes: number[]): number[] {
    return this.isLittle ? bytes : bytes.reverse()
  }
}

/** Blocks of a little endian file: type, and what is between the lengths. */
export function blocksOf(file: Uint8Array): { type: number, body: number[] }[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const blocks: { type: number, body: number[] }[] = []
  for (let at = 0; at < file.length;) {
    const total = view.getUint32(at + 4, true)
    if (total < 12 || view.getUint32(at + total - 4, true) !== total) throw new Error(`lengths of the block at ${at} differ`)
    blocks.push({ type: view.getUint32(at, true), body: [...file.subarray(at + 8, at + total - 4)] })
    at += total
  }
  return blocks
}

export const ascii = (text: string): number[] => [...Buffer.from(text)]

function padded(bytes: readonly number[]): number[] {
  return [...bytes, ...new Array<number>(-bytes.length & 3).fill(0)]
}
