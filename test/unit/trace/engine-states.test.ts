import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeSegment } from '../../../src/stack/tcp-segment-codec.ts'
import type { TcpSegment } from '../../../src/tcp/segment.ts'
import { IpProtocol } from '../../../src/wire/ipv4.ts'
import { TcpPair } from '../../support/tcp-pair.ts'
import type { End, PairOptions } from '../../support/tcp-pair.ts'
import { ipv4Frame, stateName, TraceUnderTest, usualTuple } from './segments.ts'

/** Our own engine on both ends, and the trace of what they send: whoever knows the true states can judge the inferred ones. */
class WatchedPair {
  readonly pair: TcpPair
  readonly test = new TraceUnderTest(60_000_000)
  /** True and inferred state of the sender of each segment. */
  readonly states: [string, string][] = []

  constructor(options: PairOptions) {
    this.pair = new TcpPair(options)
    this.pair.filter = (from, segment) => this.watch(from, segment)
  }

  get inferred(): [string, string] {
    const { client, server } = this.test.flow()
    return [stateName(client.state), stateName(server.state)]
  }

  get actual(): [string, string] {
    return [stateName(this.pair.client.connection.state), stateName(this.pair.server.connection.state)]
  }

  private watch(from: End, segment: TcpSegment): boolean {
    const isClient = from === this.pair.client
    const { clientIp, serverIp } = usualTuple
    const frame = ipv4Frame(isClient ? clientIp : serverIp, isClient ? serverIp : clientIp, IpProtocol.tcp, (into, at) => writeSegment(segment, into, at, into.length - at))
    this.test.add(frame, this.pair.nowUs / 1e6)
    const { tcp } = this.test.row(this.test.trace.packetCount)
    this.states.push([stateName(from.connection.state), stateName(tcp!.state)])
    return true
  }
}

const dialogue = (actions: readonly ((watched: WatchedPair) => void)[], options: PairOptions = {}) => {
  const watched = new WatchedPair({ ...options, config: { delayedAck: false, ...options.config } })
  watched.pair.establish()
  for (const action of actions) {
    action(watched)
    watched.pair.run(watched.pair.nowUs + 5_000_000)
  }
  return watched
}

const data = new Uint8Array(400).fill(0x61)
const send = (who: 'client' | 'server') => ({ pair }: WatchedPair) => { pair[who].connection.send(data, 0, data.length, pair.nowUs) }
const close = (who: 'client' | 'server') => ({ pair }: WatchedPair) => { pair[who].connection.close(pair.nowUs) }
const abort = (who: 'client' | 'server') => ({ pair }: WatchedPair) => { pair[who].connection.abort(pair.nowUs) }

describe('inferred states against the engine\'s own', () => {
  it.each([
    ['the client closes first', [send('client'), send('server'), close('client'), send('server'), close('server')]],
    ['the server closes first', [send('server'), close('server'), send('client'), close('client')]],
    ['a reset by the client', [send('client'), abort('client')]],
    ['a reset by the server', [send('client'), send('server'), abort('server')]],
    ['a reset behind a half close', [close('client'), send('server'), abort('server')]],
  ])('agree at every segment: %s', (_, actions) => {
    const watched = dialogue(actions)
    expect(watched.states.length).toBeGreaterThan(5)
    for (const [actual, inferred] of watched.states) expect(inferred).toBe(actual)
    expect(watched.inferred).toEqual(watched.actual)
  })

  it('agree in the end when both close at once', () => {
    const watched = dialogue([(both) => { close('client')(both); close('server')(both) }])
    expect(watched.actual).toEqual(['TIME_WAIT', 'TIME_WAIT'])
    expect(watched.inferred).toEqual(watched.actual)
  })

  it('agree in the end of whatever was lost, late or twice on the way', () => {
    const path = fc.record({
      delayUs: fc.integer({ min: 100, max: 50_000 }), jitterUs: fc.constantFrom(0, 20_000), loss: fc.constantFrom(0, 0.05, 0.2), duplicate: fc.constantFrom(0, 0.05),
    })
    const who = fc.constantFrom('client' as const, 'server' as const)
    fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), path, fc.array(who, { maxLength: 4 }), who, (seed, way, senders, closer) => {
      const other = closer === 'client' ? 'server' : 'client'
      const watched = dialogue([...senders.map(send), close(closer), close(other)], { seed, path: way, config: { delayedAck: true } })
      watched.pair.run(watched.pair.nowUs + 20_000_000)
      // Nobody on the wire can tell whether the last segment got through while its sender still waits, nor the RST with which a CLOSED end meets a late duplicate,
      // nor that an end had closed before the other's FIN came when its own leaves only with the answer.
      const isLateFin = watched.states.some(([actual, inferred]) => actual === 'CLOSING' && inferred === 'LAST_ACK')
      const isOver = watched.actual.every((state) => state === 'CLOSED' || state === 'TIME_WAIT') && watched.test.flow().resets === 0 && !isLateFin
      if (way.loss === 0 && way.duplicate === 0) expect(isOver).toBe(true)
      if (isOver) expect(watched.inferred).toEqual(watched.actual)
      expect(watched.test.trace.flowCount).toBe(1)
    }), { numRuns: 200 })
  })
})
