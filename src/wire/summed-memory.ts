/** Adds up the 16-bit little endian words of [at, end) of one memory; the length is a positive multiple of 32, at most {@link longestSum}. The result is modulo 2^32. */
export type WordSum = (at: number, end: number) => number

/** Copies `length` bytes inside of one memory; the stretches may overlap. */
export type BlockCopy = (intoAt: number, fromAt: number, length: number) => void

/** So many bytes cannot overflow 32 bits. */
export const longestSum = 0x1_0000

/**
 * Bytes that WebAssembly can see, for areas that frames are written and received in: the checksum of what lies in them takes a fifth of the time (SIMD).
 * Where the system has no WebAssembly, no SIMD or no room for another memory they are ordinary bytes, which do the same, slower.
 */
export function summedBytes(length: number): Uint8Array<ArrayBuffer> {
  const pages = Math.max(1, Math.ceil(length / pageBytes))
  const { WebAssembly: webAssembly } = globalThis as unknown as { readonly WebAssembly?: WebAssemblyApi }
  if (webAssembly === undefined) return new Uint8Array(length)
  try {
    const memory = new webAssembly.Memory({ initial: pages, maximum: pages })
    const { exports } = new webAssembly.Instance(compiled ??= new webAssembly.Module(moduleCode()), { '': { m: memory } })
    functions.set(memory.buffer, exports)
    return new Uint8Array(memory.buffer, 0, length)
  } catch {
    return new Uint8Array(length)
  }
}

/** @returns null for ordinary bytes */
export function wordSumOf(buffer: ArrayBufferLike): WordSum | null {
  return functions.get(buffer)?.s ?? null
}

/** @returns null for ordinary bytes */
export function blockCopyOf(buffer: ArrayBufferLike): BlockCopy | null {
  return functions.get(buffer)?.c ?? null
}

/** One for all memories: what is compiled for the first serves the others. */
let compiled: object | null = null

const functions = new WeakMap<ArrayBufferLike, MemoryFunctions>()

interface MemoryFunctions { readonly s: WordSum, readonly c: BlockCopy }

const pageBytes = 0x1_0000

/** What is used of the WebAssembly JavaScript interface, which the library of the language does not describe. */
interface WebAssemblyApi {
  readonly Memory: new (descriptor: { initial: number, maximum: number }) => { readonly buffer: ArrayBuffer }
  readonly Module: new (code: Uint8Array) => object
  readonly Instance: new (module: object, imports: { readonly '': { readonly m: object } }) => { readonly exports: MemoryFunctions }
}

/** Sums two times sixteen bytes a round, each as four sums of two words; copies by the instruction for it. */
function moduleCode(): Uint8Array {
  const sum = [
    0x01, 0x02, 0x7b, // two vectors, $a (2) and $b (3), beside the parameters $at (0) and $end (1)
    0x03, 0x40, // loop
    0x20, 2, 0x20, 0, 0xfd, 0x00, 0, 0, 0xfd, 0x7f, 0xfd, 0xae, 0x01, 0x21, 2, // $a = i32x4.add($a, i32x4.extadd_pairwise_i16x8_u(v128.load($at)))
    0x20, 3, 0x20, 0, 0xfd, 0x00, 0, 16, 0xfd, 0x7f, 0xfd, 0xae, 0x01, 0x21, 3, // $b = the same of v128.load($at + 16)
    0x20, 0, 0x41, 32, 0x6a, 0x22, 0, 0x20, 1, 0x49, 0x0d, 0, 0x0b, // ($at += 32) < $end: loop again
    0x20, 2, 0x20, 3, 0xfd, 0xae, 0x01, 0x21, 2, // $a = i32x4.add($a, $b)
    0x20, 2, 0xfd, 0x1b, 0, 0x20, 2, 0xfd, 0x1b, 1, 0x6a, // lane 0 + lane 1
    0x20, 2, 0xfd, 0x1b, 2, 0x20, 2, 0xfd, 0x1b, 3, 0x6a, // lane 2 + lane 3
    0x6a, 0x0b,
  ]
  const copy = [0x00, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x0a, 0x00, 0x00, 0x0b] // memory.copy($into, $from, $length)
  return Uint8Array.of(
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // "\0asm", version 1
    0x01, 0x0d, 0x02, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f, 0x60, 0x03, 0x7f, 0x7f, 0x7f, 0x00, // type 0: (i32, i32) → i32, type 1: (i32, i32, i32) → nothing
    0x02, 0x0a, 0x01, 0x00, 0x01, 0x6d, 0x02, 0x01, 0x01, 0x80, 0x80, 0x04, // imports memory "" "m", 1 to 65,536 pages
    0x03, 0x03, 0x02, 0x00, 0x01, // two functions, of type 0 and 1
    0x07, 0x09, 0x02, 0x01, 0x73, 0x00, 0x00, 0x01, 0x63, 0x00, 0x01, // exported as "s" and "c"
    0x0a, sum.length + copy.length + 3, 0x02, sum.length, ...sum, copy.length, ...copy,
  )
}
