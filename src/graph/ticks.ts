/** Round values for an axis: 1, 2 or 5 times a power of ten apart, at most `most` of them within `[low, high]`. */
export function ticksOf(low: number, high: number, most: number): { values: number[], step: number } {
  const span = high - low
  if (!(span > 0) || most < 1) return { values: [low], step: 1 }
  const rough = span / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((factor) => power * factor >= rough) ?? 10)
  const values: number[] = []
  const first = Math.ceil(low / step - 1e-9)
  for (let i = first; i * step <= high + step * 1e-9 && values.length <= most; i++) values.push(i * step)
  return { values, step }
}

/** What the figures of an axis are divided by, so that they stay short, and the unit that says so. */
export interface Scale { divisor: number, unit: string }

const prefixes: readonly (readonly [number, string])[] = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, '']]

export const Units = {
  bytes: (most: number): Scale => prefixed(most, 'B'),
  bitRate: (most: number): Scale => prefixed(most, 'bit/s'),
  seconds: (most: number): Scale => most >= 2 ? { divisor: 1, unit: 's' } : most >= 2e-3 ? { divisor: 1e-3, unit: 'ms' } : { divisor: 1e-6, unit: 'µs' },
  milliseconds: (most: number): Scale => most >= 2000 ? { divisor: 1000, unit: 's' } : most >= 2 ? { divisor: 1, unit: 'ms' } : { divisor: 1e-3, unit: 'µs' },
} as const

function prefixed(most: number, unit: string): Scale {
  const [divisor, prefix] = prefixes.find(([size]) => most >= 2 * size) ?? [1, '']
  return { divisor, unit: prefix + unit }
}

/** As many decimals as tell the ticks apart. */
export function tickText(value: number, step: number, { divisor }: Scale): string {
  const decimals = Math.min(9, Math.max(0, -Math.floor(Math.log10(step / divisor) + 1e-9)))
  const text = (value / divisor).toFixed(decimals)
  return Number(text) === 0 ? '0' : text
}
