import { describe, expect, it } from 'vitest'
import { formatBytes, formatCompact, formatDuration, formatHex, formatRtt, formatTime, longAge } from '../../../renderer/format.ts'

describe('numbers as the window writes them', () => {
  it('keeps columns narrow: four figures, then a prefix', () => {
    expect([0, 858, 9999, 10_700, 922_200, 999_949, 999_950, 1_050_000, 12_345_678, 2_500_000_000].map(formatCompact))
      .toEqual(['0', '858', '9,999', '10.7 k', '922.2 k', '999.9 k', '1.00 M', '1.05 M', '12.3 M', '2.50 G'])
    expect([512, 10_700, 1_050_000].map(formatBytes)).toEqual(['512 B', '10.7 kB', '1.05 MB'])
  })

  it('writes times with six decimals and lengths with their unit', () => {
    expect(formatTime(0.053202)).toBe('0.053202')
    expect([84, 10_490, 31_900_000, 250_100_000, 1_700_000_000, 12_600_000_000].map(formatDuration)).toEqual(['84 µs', '10.490 ms', '31.9 s', '250 s', '28 min', '3.5 h'])
    expect(formatDuration(-1)).toBe('—')
  })

  it('rounds no length up into another unit\'s figures', () => {
    for (let us = 1; us < 1e11; us = Math.ceil(us * 1.013)) expect(formatDuration(us).length).toBeLessThanOrEqual(10)
  })

  it('says when a round trip is not known', () => {
    expect([84, -1].map(formatRtt)).toEqual(['0.084 ms', '—'])
    expect(formatHex(3961, 8)).toBe('0x00000f79')
  })

  it('counts ages from two days on in days, and from a thousand days on in years', () => {
    const day = 86_400
    expect([1.99, 2, 99.94, 99.96, 999.4, 1102.65, 20_000].map((days) => longAge(days * day))).toEqual([
      null, { unit: 'days', value: '2.0' }, { unit: 'days', value: '99.9' }, { unit: 'days', value: '100' }, { unit: 'days', value: '999' },
      { unit: 'years', value: '3.0' }, { unit: 'years', value: '54.8' },
    ])
  })
})
