import { describe, expect, it } from 'vitest'
import { Fuzzer } from '../../../src/sim/soak/fuzz.ts'
import { tcpStateNames, transitions } from '../../../src/tcp/state.ts'

describe('a connection among segments that are a little wrong, or very', () => {
  it('never throws, and keeps what has to hold, in every state', () => {
    const fuzzer = new Fuzzer(1)
    while (fuzzer.segmentsIn < 60_000) fuzzer.step()
    for (const [state, count] of fuzzer.metIn.entries()) expect(count, tcpStateNames[state]).toBeGreaterThan(30)
    // All but those that take many quiet minutes.
    expect(fuzzer.moves.size).toBeGreaterThan(transitions.length - 12)
  })
})
