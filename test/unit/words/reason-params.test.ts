import { describe, expect, it } from 'vitest'
import { tcpStateNames } from '../../../src/tcp/state.ts'
import { reasonParams } from '../../../src/words/reason-params.ts'

describe('operands of a reason', () => {
  it('are grouped numbers, and lengths of time with their unit', () => {
    expect(reasonParams('held', { queued: 3000, window: 1200, rtoUs: 1_500_000, delayUs: 40_000, gapUs: 84 }))
      .toEqual({ queued: '3,000', window: '1,200', rtoUs: '1.5 s', delayUs: '40 ms', gapUs: '84 µs' })
  })

  it('name every state of the engine', () => {
    expect(tcpStateNames.map((_, state) => reasonParams('state', { to: state }).to)).toEqual([...tcpStateNames])
    expect(reasonParams('held', { to: 4 })).toEqual({ to: '4' })
  })
})
