import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asciiBytes, bytesEqual, concatBytes, hex, parseHex, readU16, readU32, utf8Bytes, utf8Text, writeU16, writeU32 } from '../../../src/base/bytes.ts'

describe('bytes', () => {
  it('reads what it wrote, unsigned', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
      const bytes = new Uint8Array(8)
      writeU32(bytes, 1, value)
      writeU16(bytes, 6, value & 0xffff)
      expect(readU32(bytes, 1)).toBe(value)
      expect(readU16(bytes, 6)).toBe(value & 0xffff)
      expect(new DataView(bytes.buffer).getUint32(1)).toBe(value)
    }))
  })

  it('hex goes both ways, in the forms people paste', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 50 }), fc.constantFrom('', ' ', ':', '\n', ', 0x'), (bytes, separator) => {
      expect(parseHex(hex(bytes, separator))).toEqual(bytes)
    }))
    expect(parseHex('0x45000028')).toEqual(Uint8Array.of(0x45, 0, 0, 0x28))
    expect(parseHex('')).toEqual(new Uint8Array(0))
    for (const wrong of ['4', '4 5', 'zz', '45 0', '0x', '4x5']) expect(parseHex(wrong)).toBeNull()
  })

  it('UTF-8 agrees with the platform in both directions, also on broken text and bytes', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units))), (text) => {
      expect(utf8Bytes(text)).toEqual(new TextEncoder().encode(text))
    }))
    const parts = fc.constantFrom(0x41, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xa0, 0xf4, 0x90, 0xe0, 0xff)
    const bytes = fc.oneof(fc.uint8Array(), fc.array(parts).map((list) => Uint8Array.from(list)))
    fc.assert(fc.property(bytes, (broken) => {
      expect(utf8Text(broken)).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(broken))
    }), { numRuns: 2000 })
  })

  it('compares and joins', () => {
    expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
    expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false)
    expect(concatBytes([Uint8Array.of(1), new Uint8Array(0), asciiBytes('A\u00e9')])).toEqual(Uint8Array.of(1, 65, 63))
  })
})
