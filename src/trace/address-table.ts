import { copyBytes, readU16, readU32 } from '../base/bytes.ts'
import { formatIpv4, formatIpv6, formatMac } from '../wire/addresses.ts'

const wordsEach = 5
const macVersion = 1

/**
 * Gives each IP address a small number, the same one every time, without allocating for an address that is known.
 *
 *     words   [version, w0, w1, w2, w3] for each address; IPv4 stands in w3, a MAC address in w2 and w3 with version 1
 *     slots   open addressing: number + 1, or 0
 */
export class AddressTable {
  count = 0
  private words = new Uint32Array(64 * wordsEach)
  private slots = new Int32Array(256)
  private readonly texts: string[] = []

  internIpv4(address: number): number {
    return this.intern(4, 0, 0, 0, address)
  }

  /** 16 bytes at `at`. */
  internIpv6(bytes: Uint8Array, at = 0): number {
    return this.intern(6, readU32(bytes, at), readU32(bytes, at + 4), readU32(bytes, at + 8), readU32(bytes, at + 12))
  }

  /** As {@link internIpv6}. */
  internIpv6In(view: DataView, at: number): number {
    return this.intern(6, view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12))
  }

  /** 6 bytes at `at`. */
  internMac(bytes: Uint8Array, at: number): number {
    return this.intern(macVersion, 0, 0, readU16(bytes, at), readU32(bytes, at + 2))
  }

  /** The number that an address of another table has here. */
  internOf(other: AddressTable, number: number): number {
    const { words } = other
    const at = number * wordsEach
    return this.intern(words[at], words[at + 1], words[at + 2], words[at + 3], words[at + 4])
  }

  text(number: number): string {
    return this.texts[number] ??= this.format(number * wordsEach)
  }

  /** The address as one number; -1 where it is an IPv6 address. */
  ipv4Of(number: number): number {
    return this.words[number * wordsEach] === 4 ? this.words[number * wordsEach + 4] : -1
  }

  private intern(version: number, w0: number, w1: number, w2: number, w3: number): number {
    const mask = this.slots.length - 1
    for (let slot = hash(version, w0, w1, w2, w3) & mask; ; slot = (slot + 1) & mask) {
      const number = this.slots[slot] - 1
      if (number < 0) return this.add(slot, version, w0, w1, w2, w3)
      const at = number * wordsEach
      const { words } = this
      if (words[at + 4] === w3 && words[at] === version && words[at + 1] === w0 && words[at + 2] === w1 && words[at + 3] === w2) return number
    }
  }

  private add(slot: number, version: number, w0: number, w1: number, w2: number, w3: number): number {
    const number = this.count++
    const at = number * wordsEach
    if (at === this.words.length) this.grow()
    this.words[at] = version
    this.words[at + 1] = w0
    this.words[at + 2] = w1
    this.words[at + 3] = w2
    this.words[at + 4] = w3
    this.slots[slot] = number + 1
    if (this.count * 2 > this.slots.length) this.rehash()
    return number
  }

  private grow(): void {
    const larger = new Uint32Array(this.words.length * 2)
    larger.set(this.words)
    this.words = larger
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2)
    const mask = slots.length - 1
    const { words } = this
    for (let number = 0; number < this.count; number++) {
      const at = number * wordsEach
      let slot = hash(words[at], words[at + 1], words[at + 2], words[at + 3], words[at + 4]) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = number + 1
    }
    this.slots = slots
  }

  private format(at: number): string {
    const { words } = this
    if (words[at] === 4) return formatIpv4(words[at + 4])
    const bytes = new Uint8Array(16)
    for (let i = 0; i < 4; i++) copyBytes(Uint8Array.of(words[at + 1 + i] >>> 24, words[at + 1 + i] >>> 16, words[at + 1 + i] >>> 8, words[at + 1 + i]), 0, bytes, 4 * i, 4)
    return words[at] === macVersion ? formatMac(bytes.subarray(10)) : formatIpv6(bytes)
  }
}

function hash(version: number, w0: number, w1: number, w2: number, w3: number): number {
  let mixed = Math.imul(w3 ^ version, 0x9e3779b1)
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ w0, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ w1, 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 16) ^ w2, 0x27d4eb2f)
  return mixed ^ (mixed >>> 15)
}
