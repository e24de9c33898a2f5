/** Seeded random numbers: sfc32 (Chris Doty-Humphrey's PractRand), 128 bits of state, seeded by splitmix32. Same seed, same numbers; not for secrets. */
export class Random {
  #a = 0
  #b = 0
  #c = 0
  #counter = 1

  constructor(seed: number) {
    let state = seed | 0
    const next = () => {
      state = (state + 0x9e3779b9) | 0
      let z = state ^ (state >>> 16)
      z = Math.imul(z, 0x21f0aaad)
      z ^= z >>> 15
      z = Math.imul(z, 0x735a2d97)
      return z ^ (z >>> 15)
    }
    // The high part of a large seed counts too.
    const high = Math.floor(seed / 0x1_0000_0000) | 0
    this.#a = next()
    this.#b = next() ^ high
    this.#c = next()
    for (let i = 0; i < 12; i++) this.nextU32()
  }

  /** 0 to 4,294,967,295. */
  nextU32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0
    return result >>> 0
  }

  /** An integer in [0, bound), every one equally likely; bound is 1 to 4,294,967,296. */
  nextBelow(bound: number): number {
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound)
    let drawn = this.nextU32()
    while (drawn >= limit) drawn = this.nextU32()
    return drawn % bound
  }

  /** [0, 1) with 53 bits. */
  nextFloat(): number {
    return ((this.nextU32() >>> 5) * 0x400_0000 + (this.nextU32() >>> 6)) / 0x20_0000_0000_0000
  }

  /** An independent generator, so that one consumer's draws do not shift another's. */
  fork(): Random {
    return new Random(this.nextU32() + (this.nextU32() >>> 11) * 0x1_0000_0000)
  }
}
