import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fragment, Reassembly, reassemblyLimits } from '../../../src/stack/reassembly.ts'

interface Part { readonly ident: number, readonly at: number, readonly length: number, readonly more: boolean, readonly fill: number }

function fragmentOf({ ident, at, length, more, fill }: Part): Fragment {
  const fragment = new Fragment()
  fragment.key = `${ident}`
  fragment.bytes = Uint8Array.from({ length: 4 + length }, (_, i) => (i < 4 ? 0xee : (at + i - 4) * 3 + fill))
  fragment.payloadAt = 4
  fragment.payloadLength = length
  fragment.offset = at
  fragment.moreFragments = more
  fragment.isUnicast = true
  return fragment
}

/** What the rules say, byte by byte: any disagreement or overlap spoils the datagram, an exact repetition does nothing. */
class Naive {
  private readonly owners = new Map<number, Part>()
  private readonly parts: Part[] = []
  private isSpoilt = false

  add(part: Part): 'held' | 'dropped' | 'whole' {
    if (this.isSpoilt) return 'dropped'
    const end = this.parts.find(({ more }) => !more)
    const limit = end === undefined ? Infinity : end.at + end.length
    const wrongEnd = part.more ? part.at + part.length > limit : end !== undefined && part.at + part.length !== limit
    const isRepeated = this.parts.some(({ at, length, fill }) => at === part.at && length === part.length && fill === part.fill)
    const overlaps = Array.from({ length: part.length }, (_, i) => part.at + i).some((byte) => this.owners.has(byte))
    const isShort = !part.more && [...this.owners.keys()].some((byte) => byte >= part.at + part.length)
    if (wrongEnd || (!isRepeated && (overlaps || isShort))) {
      this.isSpoilt = true
      return 'dropped'
    }
    if (isRepeated) return 'held'
    this.parts.push(part)
    for (let i = 0; i < part.length; i++) this.owners.set(part.at + i, part)
    const last = this.parts.find(({ more }) => !more)
    return last !== undefined && this.owners.size === last.at + last.length ? 'whole' : 'held'
  }
}

describe('reassembly', () => {
  it('agrees with a model that looks at every byte', () => {
    const eights = (min: number, max: number) => fc.integer({ min, max }).map((n) => n * 8)
    const part = fc.record({ ident: fc.nat(2), at: eights(0, 6), length: eights(1, 3), more: fc.boolean(), fill: fc.constantFrom(0, 0, 0, 1) })
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 24 }), (parts) => {
      const reassembly = new Reassembly(true, () => {})
      const models = new Map<number, Naive>()
      for (const one of parts) {
        const model = models.get(one.ident) ?? new Naive()
        models.set(one.ident, model)
        const expected = model.add(one)
        const outcome = reassembly.add(fragmentOf(one), 0)
        if (typeof outcome === 'string') {
          expect(outcome).toBe(expected)
        } else {
          expect(expected).toBe('whole')
          const bytes = outcome.join()
          expect([...bytes.slice(0, 4)]).toEqual([0xee, 0xee, 0xee, 0xee])
          expect(bytes).toHaveLength(4 + outcome.length)
          models.delete(one.ident)
        }
      }
      expect(reassembly.count).toBe(models.size)
    }), { seed: 5722, numRuns: 2000 })
  })

  it('puts any cut of a datagram together, in any order and with repetitions', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 20 })
    fc.assert(fc.property(cuts, fc.infiniteStream(fc.nat()), (at, picks) => {
      const starts = [0, ...at.map((n) => n * 8).sort((a, b) => a - b)]
      const parts = starts.map((start, i): Part => ({ ident: 1, at: start, length: (starts[i + 1] ?? 800) - start, more: i + 1 < starts.length, fill: 0 }))
      const reassembly = new Reassembly(true, () => {})
      const left = [...parts]
      let whole: Uint8Array | null = null
      while (left.length > 0) {
        expect(whole).toBeNull()
        const index = picks.next().value! % left.length
        if (left.length > 1) reassembly.add(fragmentOf(left[index]), 0)
        const outcome = reassembly.add(fragmentOf(left.splice(index, 1)[0]), 0)
        if (typeof outcome !== 'string') whole = outcome.join()
      }
      expect(whole!.slice(4)).toEqual(Uint8Array.from({ length: 800 }, (_, i) => i * 3))
      expect([reassembly.count, reassembly.heldBytes]).toEqual([0, 0])
    }), { seed: 815, numRuns: 300 })
  })

  it('keeps no more than its limits under a flood, and serves the latest still', () => {
    const reassembly = new Reassembly(true, () => {})
    const big = fragmentOf({ ident: 0, at: 8, length: 1400, more: true, fill: 0 })
    for (let i = 0; i < 20_000; i++) {
      big.key = `flood ${i % 700}`
      big.offset = 8 + (i % 40) * 1400
      reassembly.add(big, i)
      if (reassembly.count > reassemblyLimits.datagrams || reassembly.heldBytes > reassemblyLimits.bytes) throw new Error(`held ${reassembly.count} datagrams, ${reassembly.heldBytes} bytes`)
    }
    expect(reassembly.add(fragmentOf({ ident: 1, at: 0, length: 8, more: true, fill: 0 }), 20_000)).toBe('held')
    expect(reassembly.add(fragmentOf({ ident: 1, at: 8, length: 8, more: false, fill: 0 }), 20_000)).toMatchObject({ length: 16 })
  })

  it('keeps no more than so many pieces of one datagram', () => {
    const reassembly = new Reassembly(true, () => {})
    const outcomes = Array.from({ length: 300 }, (_, i) => reassembly.add(fragmentOf({ ident: 1, at: i * 16, length: 8, more: true, fill: 0 }), 0))
    expect(outcomes.indexOf('dropped')).toBe(reassemblyLimits.pieces)
    expect(reassembly.heldBytes).toBeLessThan(1024)
  })

  it('forgets a datagram 60 s after its first fragment, whatever came since', () => {
    const late: string[] = []
    const reassembly = new Reassembly(true, ({ key }, nowUs) => late.push(`${key} at ${nowUs}`))
    reassembly.add(fragmentOf({ ident: 1, at: 0, length: 8, more: true, fill: 0 }), 5)
    reassembly.add(fragmentOf({ ident: 2, at: 8, length: 8, more: true, fill: 0 }), 6)
    reassembly.add(fragmentOf({ ident: 1, at: 16, length: 8, more: true, fill: 0 }), 50e6)
    expect(reassembly.nextDeadlineUs()).toBe(60e6 + 5)
    reassembly.handleTimeout(60e6 + 4)
    expect(reassembly.count).toBe(2)
    reassembly.handleTimeout(60e6 + 6)
    expect([late, reassembly.count, reassembly.heldBytes, reassembly.nextDeadlineUs()]).toEqual([[`1 at ${60e6 + 6}`], 0, 0, Infinity])
  })
})
