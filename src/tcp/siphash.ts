/*
 * SipHash-2-4 (Aumasson, Bernstein 2012) in 32-bit halves: a keyed hash that is fast on short inputs and that nobody can predict without the key.
 * v0 to v3 stand as low and high words, a to d, in variables of one loop: in an array each step would cost several times as much.
 */

const roundsOfWord = 2
const lastRounds = 4

/**
 * @param key 128 bits, four words, least significant first
 * @param length of what is hashed, from the beginning of `bytes` on
 * @param into the 64-bit hash: low word, high word
 */
export function sipHash24(key: Uint32Array, bytes: Uint8Array, length: number, into: Uint32Array): void {
  let aLow = key[0] ^ 0x70736575
  let aHigh = key[1] ^ 0x736f6d65
  let bLow = key[2] ^ 0x6e646f6d
  let bHigh = key[3] ^ 0x646f7261
  let cLow = key[0] ^ 0x6e657261
  let cHigh = key[1] ^ 0x6c796765
  let dLow = key[2] ^ 0x79746573
  let dHigh = key[3] ^ 0x74656462
  const lastWord = length & ~7
  for (let at = 0; at <= lastWord + 8; at += 8) {
    const isEnd = at > lastWord
    const low = isEnd ? 0 : wordAt(bytes, at, length)
    const high = isEnd ? 0 : wordAt(bytes, at + 4, length) | (at === lastWord ? length << 24 : 0)
    if (isEnd) cLow ^= 0xff
    dLow ^= low
    dHigh ^= high
    for (let rounds = isEnd ? lastRounds : roundsOfWord; rounds > 0; rounds--) {
      let sum = (aLow + bLow) | 0
      aHigh = (aHigh + bHigh + carry(aLow, bLow, sum)) | 0
      aLow = sum
      let old = bLow
      bLow = (bLow << 13 | bHigh >>> 19) ^ aLow
      bHigh = (bHigh << 13 | old >>> 19) ^ aHigh
      old = aLow
      aLow = aHigh
      aHigh = old
      sum = (cLow + dLow) | 0
      cHigh = (cHigh + dHigh + carry(cLow, dLow, sum)) | 0
      cLow = sum
      old = dLow
      dLow = (dLow << 16 | dHigh >>> 16) ^ cLow
      dHigh = (dHigh << 16 | old >>> 16) ^ cHigh
      sum = (aLow + dLow) | 0
      aHigh = (aHigh + dHigh + carry(aLow, dLow, sum)) | 0
      aLow = sum
      old = dLow
      dLow = (dLow << 21 | dHigh >>> 11) ^ aLow
      dHigh = (dHigh << 21 | old >>> 11) ^ aHigh
      sum = (cLow + bLow) | 0
      cHigh = (cHigh + bHigh + carry(cLow, bLow, sum)) | 0
      cLow = sum
      old = bLow
      bLow = (bLow << 17 | bHigh >>> 15) ^ cLow
      bHigh = (bHigh << 17 | old >>> 15) ^ cHigh
      old = cLow
      cLow = cHigh
      cHigh = old
    }
    aLow ^= low
    aHigh ^= high
  }
  into[0] = aLow ^ bLow ^ cLow ^ dLow
  into[1] = aHigh ^ bHigh ^ cHigh ^ dHigh
}

/** Out of the 32nd bit of a + b. */
function carry(a: number, b: number, sum: number): number {
  return ((a & b) | ((a | b) & ~sum)) >>> 31
}

/** Little endian; bytes from `length` on count as 0. */
function wordAt(bytes: Uint8Array, at: number, length: number): number {
  if (at + 4 <= length) return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
  let word = 0
  for (let i = at; i < length; i++) word |= bytes[i] << 8 * (i - at)
  return word
}
