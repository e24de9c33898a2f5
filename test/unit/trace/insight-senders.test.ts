import { describe, expect, it } from 'vitest'
import type { Impairments } from '../../../src/link/impair.ts'
import { Network } from '../../../src/sim/network.ts'
import { Transfer } from '../../../src/stack/applications/transfer.ts'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import type { FlowInsights, FlowVerdict } from '../../../src/rpc/flows-contract.ts'
import { Trace } from '../../../src/trace/trace.ts'

interface Transferred { tcp?: Partial<TcpConfig>, path?: Impairments, seconds?: number, seenBy?: 'sender' | 'receiver', source?: () => Transfer, sink?: () => Transfer, receiverTcp?: Partial<TcpConfig> }

const addresses = [0x0a000006, 0x0a000009] as const

/** What is gathered of one transfer between hosts of ours, seen at one of them. */
function gather({ tcp = {}, path = {}, seconds = 30, seenBy = 'sender', source, sink, receiverTcp }: Transferred) {
  const network = new Network({ seed: 7 })
  const link = { queueFrames: 8192, queueBytes: 16 << 20 }
  const sender = network.add({ name: 'sender', address: addresses[0], tcp, send: path, link })
  const receiver = network.add({ name: 'receiver', address: addresses[1], tcp: receiverTcp ?? tcp, send: { delayUs: path.delayUs ?? 0 }, link })
  receiver.applications.serve(9, () => sink?.() ?? new Transfer({ closeAfterReceive: false }))
  network.run(6_000_000)
  const trace = new Trace({ insights: true })
  const station = seenBy === 'sender' ? sender : receiver
  station.onFrames = (_station, _direction, batch, nowUs) => {
    batch.timeSec.fill(Math.floor(nowUs / 1e6), 0, batch.count)
    batch.timeNsec.fill(Math.round(nowUs % 1e6 * 1e3), 0, batch.count)
    trace.append(batch, 1, null)
  }
  sender.applications.connect(addresses[1], 9, source?.() ?? new Transfer({ source: (into) => into.length }), {}, network.nowUs)
  network.run(network.nowUs + seconds * 1e6)
  const flow = trace.tracker.flows.find(({ protocol }) => protocol === 7)!
  return { trace, insights: trace.flowInsights(flow.number)! }
}

const big = { sendBufferBytes: 4 << 20, receiveBufferBytes: 4 << 20, delayedAckUs: 40_000 } satisfies Partial<TcpConfig>
const fullQueue: Impairments = { delayUs: 20_000, rateBitsPerSecond: 8_000_000, queueFrames: 40 }
const losses: Impairments = { delayUs: 20_000, lossRate: 0.003, rateBitsPerSecond: 100_000_000 }

function named(insights: FlowInsights, name: FlowVerdict['name']): FlowVerdict | undefined {
  return insights.verdicts.find((verdict) => verdict.name === name)
}

describe('a bulk sender of ours, seen beside it', () => {
  it.each([
    ['newReno', 'controllerReno', 'a queue that fills', fullQueue],
    ['newReno', 'controllerReno', 'losses by chance', losses],
    ['cubic', 'controllerCubic', 'a queue that fills', fullQueue],
    ['cubic', 'controllerCubic', 'losses by chance', losses],
  ] as const)('%s is taken for %s over %s', (congestionControl, name, _path, path) => {
    const { insights } = gather({ tcp: { ...big, congestionControl }, path, seconds: 6 })
    expect(named(insights, name)).toMatchObject({ side: 0 })
    expect(insights.verdicts.filter((verdict) => verdict.name.startsWith('controller'))).toHaveLength(1)
    expect(named(insights, 'initialWindow')).toMatchObject({ side: 0, params: { segments: 10 } })
    expect(named(insights, 'networkLimited')!.params.network).toBeGreaterThan(98)
  })

  it('is unknown where nothing was lost, or where too little was', () => {
    const controllers = (path: Impairments, seconds: number) => gather({ tcp: { ...big, congestionControl: 'cubic' }, path, seconds }).insights.verdicts
      .map(({ name }) => name).filter((name) => name.startsWith('controller'))
    expect(controllers({ delayUs: 20_000, rateBitsPerSecond: 8_000_000, queueFrames: 4000 }, 3)).toEqual([])
    expect(controllers(fullQueue, 3)).not.toContain('controllerReno')
  })

  it.each([[3, 3], [10, 10]])('begins with %i segments', (segments, shown) => {
    const { insights } = gather({ tcp: { ...big, initialWindowSegments: segments }, path: { delayUs: 20_000 }, seconds: 1 })
    expect(named(insights, 'initialWindow')).toMatchObject({ side: 0, params: { segments: shown, bytes: shown * 1448 } })
  })

  it('whose receiver offers little is limited by the window, and its intervals say the same', () => {
    const { insights } = gather({ tcp: { ...big, receiveBufferBytes: 8192 }, path: { delayUs: 20_000 }, seconds: 3 })
    expect(named(insights, 'windowLimited')!.params.window).toBeGreaterThan(90)
    const { totals, intervals, widthUs } = insights.client
    expect(intervals.length).toBeLessThanOrEqual(32)
    expect(intervals.reduce((sum, interval) => sum + interval.window, 0)).toBeCloseTo(totals.window, -1)
    for (const interval of intervals) expect(Object.values(interval).reduce((sum, us) => sum + us, 0)).toBeLessThanOrEqual(widthUs + 6)
  })
})

describe('a bulk sender of ours, seen beside the receiver', () => {
  it('begins with the same first flight, and nothing is said of its controller', () => {
    const { insights } = gather({ tcp: { ...big, congestionControl: 'cubic' }, path: fullQueue, seconds: 4, seenBy: 'receiver' })
    expect(named(insights, 'initialWindow')).toMatchObject({ side: 0, params: { segments: 10 } })
    expect(insights.verdicts.map(({ name }) => name).filter((name) => name.startsWith('controller') && name !== 'controllerUnknown')).toEqual([])
  })
})

describe('retransmissions of a sender of ours', () => {
  it('are called needless where the path only kept the originals, by D-SACK and by timestamps alike', () => {
    const { insights } = gather({ tcp: big, path: { delayUs: 20_000, rateBitsPerSecond: 8_000_000, reorderRate: 0.02, reorderUs: 60_000 }, seconds: 4 })
    const verdict = named(insights, 'needlessRetransmissions')
    expect(verdict).toMatchObject({ side: 0 })
    expect(verdict!.params.byDsack).toBeGreaterThan(0)
    expect(verdict!.params.byEifel).toBeGreaterThan(0)
    expect(verdict!.params.count).toBeLessThanOrEqual(verdict!.params.of)
  })

  it('are not called needless where something was lost', () => {
    const { insights } = gather({ tcp: { ...big }, path: losses, seconds: 3 })
    expect(named(insights, 'needlessRetransmissions')).toBeUndefined()
  })
})
