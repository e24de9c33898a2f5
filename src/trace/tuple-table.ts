const wordsEach = 5

/**
 * Finds the latest flow of a pair of ends and a protocol, whichever end sent. Keys and values are numbers in typed arrays:
 *
 *     entries   [lower address, higher address, its port and theirs, protocol, flow] for each tuple
 *     slots     open addressing: entry + 1, or 0
 */
export class TupleTable {
  /** Whether the end that was named first in the latest {@link find} is the lower one of its tuple. */
  isFirstLower = false
  count = 0
  private entries = new Int32Array(256 * wordsEach)
  private slots = new Int32Array(1024)

  /** Entry of the tuple, made with flow -1 where it is new. Addresses are signed words; `protocol` keeps those of one meaning from the others. */
  find(addressA: number, portA: number, addressB: number, portB: number, protocol: number): number {
    const isFirstLower = addressA < addressB || (addressA === addressB && portA <= portB)
    this.isFirstLower = isFirstLower
    const low = isFirstLower ? addressA : addressB
    const high = isFirstLower ? addressB : addressA
    const ports = isFirstLower ? (portA << 16) | portB : (portB << 16) | portA
    const mask = this.slots.length - 1
    const { entries } = this
    for (let slot = hash(low, high, ports, protocol) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.slots[slot] - 1
      if (entry < 0) return this.add(slot, low, high, ports, protocol)
      const at = entry * wordsEach
      if (entries[at + 2] === ports && entries[at] === low && entries[at + 1] === high && entries[at + 3] === protocol) return entry
    }
  }

  flowOf(entry: number): number {
    return this.entries[entry * wordsEach + 4]
  }

  setFlow(entry: number, flow: number): void {
    this.entries[entry * wordsEach + 4] = flow
  }

  private add(slot: number, low: number, high: number, ports: number, protocol: number): number {
    const entry = this.count++
    const at = entry * wordsEach
    if (at === this.entries.length) {
      const larger = new Int32Array(at * 2)
      larger.set(this.entries)
      this.entries = larger
    }
    this.entries[at] = low
    this.entries[at + 1] = high
    this.entries[at + 2] = ports
    this.entries[at + 3] = protocol
    this.entries[at + 4] = -1
    this.slots[slot] = entry + 1
    if (this.count * 2 > this.slots.length) this.rehash()
    return entry
  }

  private rehash(): void {
    const slots = new Int32Array(this.slots.length * 2)
    const mask = slots.length - 1
    const { entries } = this
    for (let entry = 0; entry < this.count; entry++) {
      const at = entry * wordsEach
      let slot = hash(entries[at], entries[at + 1], entries[at + 2], entries[at + 3]) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = entry + 1
    }
    this.slots = slots
  }
}

function hash(low: number, high: number, ports: number, protocol: number): number {
  let mixed = Math.imul(ports, 0x9e3779b1)
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ low, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ high ^ (protocol << 24), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
