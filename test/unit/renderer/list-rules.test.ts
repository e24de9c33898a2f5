import { describe, expect, it } from 'vitest'
import { isRuleText, usualRules } from '../../../renderer/capture/colour-rules.ts'
import { timeFormats, timeText } from '../../../renderer/capture/time-formats.ts'
import { findingCodes } from '../../../renderer/capture/shown-findings.ts'
import { fixtureCapture } from '../../support/fixture-capture.ts'

const [first, second] = fixtureCapture(10).packets.map(({ row }) => row)

describe('colour rules', () => {
  it('that come with the window are display filters, each with a letter of its own', () => {
    for (const { filter } of usualRules) expect(isRuleText(filter), filter).toBe(true)
    expect(new Set(usualRules.map(({ letter }) => letter)).size).toBe(usualRules.length)
  })

  it('that are blank or no filter are none', () => {
    for (const text of ['', '  ', 'tcp.port ==', 'nonsense.field == 1']) expect(isRuleText(text)).toBe(false)
  })
})

describe('codes of findings', () => {
  it('tell them apart', () => {
    expect(new Set(Object.values(findingCodes)).size).toBe(Object.keys(findingCodes).length)
  })
})

describe('times of rows', () => {
  const start = { sec: 1_795_000_000, nsec: 999_999_900 }

  it('stand since the first packet, since the row above, and since 1970 to the microsecond', () => {
    expect(timeText('start', second, first, false, start)).toBe('0.000391')
    expect(timeText('previous', second, first, false, start)).toBe('0.000286')
    expect(timeText('previous', first, undefined, true, start)).toBe('0.000000')
    expect(timeText('epoch', second, first, false, start)).toBe('1795000001.000391')
  })

  it('carry a fraction that rounds to a whole second', () => {
    expect(timeText('epoch', { ...first, time: 0.0000001 }, undefined, true, { sec: 5, nsec: 999_999_800 })).toBe('6.000000')
  })

  it('are dates and times of day where one looks', () => {
    const at = new Date(1_795_000_001_000)
    const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
    expect(timeText('clock', second, first, false, start)).toBe(`${clock}.000391`)
    expect(timeText('date', second, first, false, start)).toMatch(new RegExp(`^2026-11-\\d\\d ${clock}\\.000391$`))
  })

  it('are left open while it is not known when the capture began, or what the row above is', () => {
    expect(timeFormats.map((format) => timeText(format, second, undefined, false, null))).toEqual(['0.000391', '…', '…', '…', '…'])
  })
})
