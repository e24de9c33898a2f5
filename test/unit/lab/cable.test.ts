import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { plainCable } from '../../../src/rpc/cable-contract.ts'
import { TcpState } from '../../../src/tcp/state.ts'
import { startTestLab, type TestLab } from './lab-harness.ts'

let test: TestLab

beforeEach(async () => {
  test = startTestLab()
  await test.lab.start()
  await test.until(() => (test.updates.at(-1)?.packets.total ?? 0) > 10, 'the first conversation')
})
afterEach(async () => {
  await test.stop()
  expect(test.errors).toEqual([])
})

const link = () => test.updates.at(-1)!.link
/** Flags and sender of each segment of the newest flow. */
async function segmentsOfNewest(): Promise<string[]> {
  const { total } = await test.client.getFlows({ from: 0, count: 1 })
  const { rows } = await test.client.getPacketRows({ from: 0, count: 500, flow: total - 1 })
  return rows.map(({ tcp }) => `${tcp!.from === 0 ? 'C' : 'S'} ${tcp!.flags.toString(16)}`)
}

const untilOpen = () => test.until(() => test.updates.at(-1)!.sockets.some(({ host, remotePort, state }) => host === 0 && remotePort === 9 && state === TcpState.established), 'the handshake goes on')

describe('the cable of the virtual link', () => {
  it('is plain at first, and loses nothing', () => {
    expect(link().cable).toEqual({ settings: plainCable, awaited: [], lost: 0, duplicated: 0, corrupted: 0, reordered: 0 })
  })

  it('loses the next SYN once, and the client sends it again', async () => {
    expect((await test.client.loseNext({ kind: 'syn', count: 1 })).awaited).toEqual([{ kind: 'syn', count: 1 }])
    await test.client.connect({ address: '10.77.0.1', port: 9, application: 'manual' })
    await untilOpen()
    expect(await segmentsOfNewest()).toEqual(['C 2', 'C 2', 'S 12', 'C 10'])
    expect(link().cable).toMatchObject({ awaited: [], lost: 1 })
  })

  it('loses what the peer sends before it is captured: a lost SYN+ACK is seen when it comes again', async () => {
    await test.client.loseNext({ kind: 'synAck', count: 1 })
    await test.client.connect({ address: '10.77.0.1', port: 9, application: 'manual' })
    await untilOpen()
    const { total } = await test.client.getFlows({ from: 0, count: 1 })
    const { rows } = await test.client.getPacketRows({ from: 0, count: 500, flow: total - 1 })
    expect(rows.find(({ tcp }) => tcp!.from === 1)!.time - rows[0].time).toBeGreaterThan(0.9)
    expect(link().cable!.lost).toBe(1)
  })

  it('is set anew by each order, and plain again by an empty one', async () => {
    await test.client.loseNext({ kind: 'fin', count: 3 })
    expect(await test.client.impair({ lossPercent: 30, delayMs: 50 })).toMatchObject({ settings: { ...plainCable, lossPercent: 30, delayMs: 50 }, awaited: [{ kind: 'fin', count: 3 }] })
    expect(await test.client.impair({ duplicatePercent: 100 })).toMatchObject({ settings: { ...plainCable, duplicatePercent: 100 } })
    await test.client.runFirstConversation()
    await test.until(() => link().cable!.duplicated > 5, 'frames come twice')
    expect(await test.client.impair({})).toMatchObject({ settings: plainCable, awaited: [] })
  })

  it('refuses what no cable does, and links that have none', async () => {
    for (const settings of [{ lossPercent: 101 }, { delayMs: -1 }, { rateKbps: 0 }, { lossPercent: 0.5 }, null]) {
      expect(await test.call('impair', [settings])).toMatchObject({ ok: false, fault: { code: 'badArgument' } })
    }
    for (const request of [{ kind: 'syn' }, { kind: 'push', count: 1 }, { kind: 'syn', count: -1 }]) {
      expect(await test.call('loseNext', [request])).toMatchObject({ ok: false, fault: { code: 'badArgument' } })
    }
    await test.client.closeLink()
    expect(await test.call('impair', [{}])).toMatchObject({ ok: false, fault: { code: 'linkClosed' } })
  })
})
