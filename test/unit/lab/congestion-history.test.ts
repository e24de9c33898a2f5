import { afterEach, describe, expect, it } from 'vitest'
import { CongestionHistory } from '../../../main/lab/congestion-history.ts'
import type { FlowRow } from '../../../src/rpc/flows-contract.ts'
import type { TcpConnection } from '../../../src/tcp/connection.ts'
import { silentSink } from '../../../src/tcp/decision.ts'
import { startTestLab, type TestLab } from './lab-harness.ts'

let test: TestLab | null = null
afterEach(async () => {
  await test?.stop()
  test = null
})

/** A connection as far as it is looked at. */
const connectionOf = (id: number, cwnd: number, ssthresh = 0x7fff_ffff) => ({ id, localPort: 40_000 + id, remotePort: 80, cwnd, ssthresh }) as TcpConnection
const end = (port: number, known: boolean): FlowRow['client'] => ({ address: '10.0.0.1', port, state: 4, known, proof: -1, packets: 1, bytes: 1 })
const flowOf = (id: number, known = true) => ({ client: end(40_000 + id, known), server: end(80, false), firstTime: 0, lastTime: 5 }) as FlowRow

function historyOf() {
  const history = new CongestionHistory(() => '')
  const sink = history.sinkOf(0, silentSink)
  return {
    history,
    sends: (connection: TcpConnection, nowUs: number, bytes = 1000) => sink.decide(connection, 'sent', 0 as never, nowUs, 0, bytes, 0, 0, 0, 0),
    points: (id: number, originUs = 0) => {
      const cwnd = history.of(flowOf(id), originUs).client?.cwnd
      return cwnd === undefined ? null : Array.from({ length: cwnd.count }, (_, i) => [cwnd.timeAt(i), cwnd.highAt(i)])
    },
  }
}

describe('congestion windows of our own engines', () => {
  it('are remembered when they change, from the first data on', () => {
    const { sends, points } = historyOf()
    sends(connectionOf(1, 10), 1e6, 1)
    expect(points(1)).toBeNull()
    for (const [cwnd, second] of [[1000, 1], [1000, 1.5], [2000, 2], [1500, 3]]) sends(connectionOf(1, cwnd), second * 1e6)
    expect(points(1, 1e6)).toEqual([[0, 1000], [1, 2000], [2, 1500]])
  })

  it('have no threshold before anything has limited them', () => {
    const { history, sends } = historyOf()
    sends(connectionOf(1, 1000), 0)
    sends(connectionOf(1, 2000, 1200), 1e6)
    const { ssthresh } = history.of(flowOf(1), 0).client!
    expect([ssthresh.count, ssthresh.greatest]).toEqual([1, 1200])
  })

  it('are not shown for ends that are not ours, nor for another time', () => {
    const { history, sends, points } = historyOf()
    sends(connectionOf(1, 1000), 0)
    expect(history.of(flowOf(1, false), 0).client).toBeNull()
    expect(points(1, 100e6)).toBeNull()
  })

  it('of many connections are kept within bounds: who is silent gives way, who speaks does not', () => {
    const { sends, points } = historyOf()
    for (let id = 0; id < 500; id++) sends(connectionOf(id, 1000), id)
    expect(points(499)).toBeNull()
    expect(points(0)).not.toBeNull()
    sends(connectionOf(500, 1000), 2e6)
    expect(points(500)).not.toBeNull()
    expect(points(0)).toBeNull()
  })

  it('stand in the window graph of a conversation of the lab, for both ends that are its own', async () => {
    test = startTestLab()
    await test.lab.start()
    await test.client.watch({ connection: null })
    const row = await test.until(() => test!.updates.at(-1)?.flows.changed.find(({ server }) => server.bytes > 100), 'the first conversation')
    const { view } = await test.client.flowSeries({ flow: row.flow, kind: 'window', columns: 100 })
    const [client, server] = ['cwndOfClient', 'cwndOfServer'].map((label) => view.layers.find((layer) => layer.label === label))
    expect(client!.least).toBeGreaterThan(10_000)
    expect(server!.least).toBeGreaterThan(10_000)
    expect(client!.entries.from[0]).toBeGreaterThanOrEqual(0)
    expect(client!.entries.from[0]).toBeLessThanOrEqual(view.duration)
  })
})
