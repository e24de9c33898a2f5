import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inputNumber, nextState, transitions, TcpState } from '../../../src/tcp/state.ts'
import { StatePath } from '../../../src/tcp/state-path.ts'

describe('the way of a connection through its states', () => {
  it('is told as it was, its beginning left out after thirty moves', () => {
    fc.assert(fc.property(fc.array(fc.nat(), { maxLength: 120 }), (choices) => {
      const path = new StatePath()
      const whole: number[] = [TcpState.closed]
      for (const choice of choices) {
        const state = whole[whole.length - 1] as TcpState
        const ways = transitions.filter(({ from }) => TcpState[from] === state)
        const { input } = ways[choice % ways.length]
        path.add(input)
        whole.push(inputNumber(input), nextState(state, input)!)
      }
      const told = [99]
      path.copy(told)
      expect(told).toEqual(whole.slice(-told.length))
      expect(told.length).toBeGreaterThanOrEqual(Math.min(whole.length, 61))
      expect(told.length).toBeLessThanOrEqual(73)
    }))
  })
})
