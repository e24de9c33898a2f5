/** Big endian (network order) reads and writes, and text for bytes. The caller checks offsets: nothing here does. */

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1]
}

/** Unsigned: 0 to 4,294,967,295. */
export function readU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Copies `length` bytes without making a view: the quick way for the few bytes of a header. */
export function copyBytes(from: Uint8Array, fromAt: number, into: Uint8Array, intoAt: number, length: number): void {
  if (length > 64) {
    into.set(from.subarray(fromAt, fromAt + length), intoAt)
    return
  }
  for (let i = 0; i < length; i++) into[intoAt + i] = from[fromAt + i]
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const hexPairs = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))

/** Lower case, two digits a byte, `separator` between bytes. */
export function hex(bytes: Uint8Array, separator = ''): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += i > 0 ? separator + hexPairs[bytes[i]] : hexPairs[bytes[i]]
  return text
}

/**
 * Bytes of hex text. Spaces, newlines, colons, dashes, commas and a `0x` before a group may stand between bytes, never inside one.
 * @returns null where a byte is incomplete or a character is no hex digit
 */
export function parseHex(text: string): Uint8Array | null {
  const digits = text.replace(/(^|[\s:,-])0[xX](?=[0-9a-fA-F])/g, '$1')
  const found: number[] = []
  for (let i = 0; i < digits.length;) {
    if (/[\s:,-]/.test(digits[i])) { i++; continue }
    const pair = digits.slice(i, i + 2)
    if (!/^[0-9a-fA-F]{2}$/.test(pair)) return null
    found.push(parseInt(pair, 16))
    i += 2
  }
  return Uint8Array.from(found)
}

/** One byte a UTF-16 unit; what is not ASCII becomes `?`. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[i] = unit < 0x80 ? unit : 0x3f
  }
  return bytes
}

/** UTF-8 of a string; a lone surrogate becomes U+FFFD, as the WHATWG Encoding Standard has it. */
export function utf8Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3)
  let at = 0
  for (const character of text) {
    let point = character.codePointAt(0)!
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd
    if (point < 0x80) {
      bytes[at++] = point
    } else if (point < 0x800) {
      bytes[at++] = 0xc0 | (point >> 6)
      bytes[at++] = 0x80 | (point & 0x3f)
    } else if (point < 0x10000) {
      bytes[at++] = 0xe0 | (point >> 12)
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f)
      bytes[at++] = 0x80 | (point & 0x3f)
    } else {
      bytes[at++] = 0xf0 | (point >> 18)
      bytes[at++] = 0x80 | ((point >> 12) & 0x3f)
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f)
      bytes[at++] = 0x80 | (point & 0x3f)
    }
  }
  return bytes.slice(0, at)
}

/** Text of UTF-8 bytes; each maximal broken part becomes one U+FFFD, as the WHATWG Encoding Standard has it. Never throws. */
export function utf8Text(bytes: Uint8Array): string {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at++]
    if (first < 0x80) { text += String.fromCharCode(first); continue }
    const need = first >= 0xc2 && first <= 0xdf ? 1 : (first & 0xf0) === 0xe0 ? 2 : first >= 0xf0 && first <= 0xf4 ? 3 : 0
    if (need === 0) { text += '\ufffd'; continue }
    // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
    let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
    let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
    let point = first & (0x3f >> need)
    let have = 0
    while (have < need && at < bytes.length && bytes[at] >= low && bytes[at] <= high) {
      point = (point << 6) | (bytes[at++] & 0x3f)
      low = 0x80
      high = 0xbf
      have++
    }
    text += have === need ? String.fromCodePoint(point) : '\ufffd'
  }
  return text
}
