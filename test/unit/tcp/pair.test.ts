import { describe, expect, it } from 'vitest'
import { TcpState } from '../../../src/tcp/state.ts'
import { TcpPair } from '../../support/tcp-pair.ts'

describe('two engines', () => {
  it('open, carry bytes both ways, and close', () => {
    const pair = new TcpPair().establish()
    const up = Uint8Array.from({ length: 100_000 }, (_, i) => i * 7)
    const down = Uint8Array.from({ length: 50_000 }, (_, i) => i * 13)
    expect(pair.client.connection.send(up, 0, up.length, pair.nowUs)).toBe(up.length)
    expect(pair.server.connection.send(down, 0, down.length, pair.nowUs)).toBe(down.length)
    pair.client.connection.close(pair.nowUs)
    pair.runUntil(() => pair.server.events.includes('remoteClosed'))
    pair.server.connection.close(pair.nowUs)
    pair.run()
    expect(pair.server.received).toEqual([...up])
    expect(pair.client.received).toEqual([...down])
    expect(pair.client.connection.state).toBe(TcpState.closed)
    expect(pair.server.connection.state).toBe(TcpState.closed)
    expect(pair.client.events.at(-1)).toBe('closed')
  })

  it.each(Array.from({ length: 20 }, (_, i) => i))('carry the exact bytes over a bad path, seed %i', (seed) => {
    const pair = new TcpPair({ seed, path: { delayUs: 5000, jitterUs: 20_000, loss: 0.1, duplicate: 0.05 } }).establish()
    const up = Uint8Array.from({ length: 60_000 }, (_, i) => i * 7 + seed)
    pair.client.connection.send(up, 0, up.length, pair.nowUs)
    pair.client.connection.close(pair.nowUs)
    pair.runUntil(() => pair.server.events.includes('remoteClosed'))
    pair.server.connection.close(pair.nowUs)
    pair.run()
    expect(pair.server.received).toEqual([...up])
  })
})
