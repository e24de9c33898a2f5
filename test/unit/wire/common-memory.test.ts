import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { copyText, giveStretch, takeStretch } from '../../../src/wire/common-memory.ts'
import type { Stretch } from '../../../src/wire/common-memory.ts'

const whole = 128 << 20
const common = takeStretch(1)
giveStretch(common)
const isCommon = ({ bytes }: Stretch): boolean => bytes === common.bytes

describe('the common memory', () => {
  it('keeps what lies in a stretch while others come and go', () => {
    const step = fc.record({ length: fc.integer({ min: 1, max: 300 }), gives: fc.boolean(), which: fc.nat() })
    fc.assert(fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const held: { stretch: Stretch, mark: number }[] = []
      steps.forEach(({ length, gives, which }, mark) => {
        if (gives && held.length > 0) {
          const [{ stretch }] = held.splice(which % held.length, 1)
          giveStretch(stretch)
          giveStretch(stretch)
        } else {
          const stretch = takeStretch(length)
          expect(isCommon(stretch)).toBe(true)
          stretch.bytes.fill(mark, stretch.at, stretch.at + length)
          held.push({ stretch, mark })
        }
        for (const { stretch: { bytes, at, length: size }, mark: expected } of held) expect(bytes.subarray(at, at + size).every((byte) => byte === expected)).toBe(true)
      })
      for (const { stretch } of held) giveStretch(stretch)
      const all = takeStretch(whole)
      expect([isCommon(all), all.at]).toEqual([true, 0])
      giveStretch(all)
    }), { numRuns: 50 })
  })

  it('gives bytes of their own to those for whom it has no room', () => {
    const most = takeStretch(whole - 64)
    const rest = [takeStretch(65), takeStretch(64), takeStretch(1)]
    expect(rest.map((stretch) => [isCommon(stretch), stretch.length, stretch.bytes.length === stretch.length])).toEqual([[false, 65, true], [true, 64, false], [false, 1, true]])
    for (const stretch of [most, ...rest]) giveStretch(stretch)
  })

  it('takes back what was dropped without being given back', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const takeAndDrop = () => isCommon(takeStretch(whole / 2 + 64))
    expect(takeAndDrop()).toBe(true)
    let isBack = false
    for (let i = 0; i < 100 && !isBack; i++) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 5))
      const all = takeStretch(whole)
      isBack = isCommon(all)
      giveStretch(all)
    }
    expect(isBack).toBe(true)
  })

  it('copies between its stretches, ordinary bytes and stretches that overlap', () => {
    const [a, b] = [takeStretch(4000), takeStretch(4000)]
    const own = new Uint8Array(4000)
    const shows = ({ bytes, at, length }: Stretch) => bytes.slice(at, at + length)
    fc.assert(fc.property(fc.uint8Array({ minLength: 0, maxLength: 2000 }), fc.nat(1900), fc.nat(1900), (text, from, into) => {
      copyText(text, 0, a.bytes, a.at + from, text.length)
      expect(shows(a).subarray(from, from + text.length)).toEqual(text)
      copyText(a.bytes, a.at + from, b.bytes, b.at + into, text.length)
      expect(shows(b).subarray(into, into + text.length)).toEqual(text)
      copyText(b.bytes, b.at + into, own, from, text.length)
      expect(own.subarray(from, from + text.length)).toEqual(text)
      copyText(a.bytes, a.at + from, a.bytes, a.at + into, text.length)
      expect(shows(a).subarray(into, into + text.length)).toEqual(text)
    }))
    giveStretch(a)
    giveStretch(b)
  })

  it('does without where there is no WebAssembly', async () => {
    vi.resetModules()
    vi.stubGlobal('WebAssembly', undefined)
    const alone = await import('../../../src/wire/common-memory.ts')
    const [a, b] = [alone.takeStretch(200), alone.takeStretch(200)]
    vi.unstubAllGlobals()
    a.bytes.fill(7)
    alone.copyText(a.bytes, a.at, b.bytes, b.at, 200)
    expect([a.bytes === b.bytes, b.bytes.length, b.bytes.every((byte) => byte === 7)]).toEqual([false, 200, true])
    alone.giveStretch(a)
  })
})
