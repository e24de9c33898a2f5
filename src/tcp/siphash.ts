/*
 * SipHash-2-4 (Aumasson, Bernstein 2012) in 32-bit halves: a keyed hash that is fast on short inputs and that nobody can predict without the key.
 * v0 to v3 stand as low and high words in one array: v[0] is v0's low word, v[1] its high word, and so on.
 */

const v = new Uint32Array(8)

/**
 * @param key 128 bits, four words, least significant first
 * @param into the 64-bit hash: low word, high word
 */
export function sipHash24(key: Uint32Array, bytes: Uint8Array, into: Uint32Array): void {
  v[0] = key[0] ^ 0x70736575
  v[1] = key[1] ^ 0x736f6d65
  v[2] = key[2] ^ 0x6e646f6d
  v[3] = key[3] ^ 0x646f7261
  v[4] = key[0] ^ 0x6e657261
  v[5] = key[1] ^ 0x6c796765
  v[6] = key[2] ^ 0x79746573
  v[7] = key[3] ^ 0x74656462
  const whole = bytes.length & ~7
  for (let at = 0; at < whole; at += 8) compress(wordAt(bytes, at), wordAt(bytes, at + 4))
  compress(wordAt(bytes, whole), ((wordAt(bytes, whole + 4) & 0x00ff_ffff) | (bytes.length << 24)) >>> 0)
  v[4] ^= 0xff
  for (let i = 0; i < 4; i++) round()
  into[0] = v[0] ^ v[2] ^ v[4] ^ v[6]
  into[1] = v[1] ^ v[3] ^ v[5] ^ v[7]
}

function compress(low: number, high: number): void {
  v[6] ^= low
  v[7] ^= high
  round()
  round()
  v[0] ^= low
  v[1] ^= high
}

function round(): void {
  add(0, 2)
  rotate(2, 13)
  xor(2, 0)
  rotate(0, 32)
  add(4, 6)
  rotate(6, 16)
  xor(6, 4)
  add(0, 6)
  rotate(6, 21)
  xor(6, 0)
  add(4, 2)
  rotate(2, 17)
  xor(2, 4)
  rotate(4, 32)
}

function add(a: number, b: number): void {
  const low = v[a] + v[b]
  v[a] = low
  v[a + 1] = v[a + 1] + v[b + 1] + (low > 0xffff_ffff ? 1 : 0)
}

function xor(a: number, b: number): void {
  v[a] ^= v[b]
  v[a + 1] ^= v[b + 1]
}

function rotate(a: number, bits: number): void {
  const low = v[a]
  const high = v[a + 1]
  if (bits === 32) {
    v[a] = high
    v[a + 1] = low
    return
  }
  v[a] = (low << bits) | (high >>> (32 - bits))
  v[a + 1] = (high << bits) | (low >>> (32 - bits))
}

/** Little endian; bytes beyond the end count as 0. */
function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0
}
