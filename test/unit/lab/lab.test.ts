import { afterEach, describe, expect, it } from 'vitest'
import { TcpState } from '../../../src/tcp/state.ts'
import { startTestLab } from './lab-harness.ts'
import type { TestLab } from './lab-harness.ts'

let running: TestLab | null = null

afterEach(async () => {
  const lab = running
  running = null
  await lab?.stop()
  expect(lab?.errors ?? []).toEqual([])
})

async function virtualLab(): Promise<TestLab> {
  running = startTestLab()
  await running.lab.start()
  return running
}

/** The first conversation's flow, once both ends are done with it. */
async function conversation(test: TestLab) {
  const done = await test.until(() => {
    const flow = test.updates.at(-1)?.sockets.find(({ remotePort, host }) => remotePort === 80 && host === 0)
    return flow !== undefined && (flow.state === TcpState.timeWait || flow.state === TcpState.closed) ? flow : null
  }, 'the first conversation ends')
  return done
}

describe('the first conversation', () => {
  it('runs by itself: ARP, handshake, GET, answer, close, with both states and every decision', async () => {
    const test = await virtualLab()
    const socket = await conversation(test)
    expect(socket.application).toBe('http-get')

    const { flows } = await test.client.getFlows({ from: 0, count: 10 })
    const flow = flows.find(({ server }) => server.port === 80)!
    expect(flow.protocol).toBe('TCP')
    expect(flow.client).toMatchObject({ address: '10.77.0.2', known: true, state: TcpState.timeWait })
    expect(flow.server).toMatchObject({ address: '10.77.0.1', known: true, state: TcpState.closed })

    const { total, rows } = await test.client.getPacketRows({ from: 0, count: 100 })
    expect(total).toBe(rows.length)
    const protocols = rows.map(({ protocol }) => protocol)
    expect(protocols).toContain('ARP')
    const tcp = rows.filter((row) => row.tcp !== null)
    expect(tcp[0].tcp!.flags).toBe(0x02)
    expect(tcp[1].tcp!.flags).toBe(0x12)
    expect(tcp.filter(({ tcp }) => (tcp!.flags & 1) !== 0)).toHaveLength(2)

    const decisions = await test.client.getDecisions({ connection: socket.connection, count: 500 })
    expect(decisions.length).toBeGreaterThan(8)
    const lines = decisions.flatMap(({ line }) => line === null ? [] : [line])
    expect(lines[0]).toMatch(/^S 0:0\(0\) win \d+ <mss 1460/)
    expect(lines.some((line) => /^P?\.? ?1:\d+\(\d+\) ack 1/.test(line) || line.startsWith('P. 1:'))).toBe(true)
    expect(lines.some((line) => line.startsWith('F'))).toBe(true)
    expect(decisions.every(({ rfc }) => rfc.startsWith('RFC '))).toBe(true)

    const received = await test.client.getReceived({ connection: socket.connection, limit: 100_000 })
    expect(received.total).toBe(received.data.length)
    expect(new TextDecoder().decode(received.data)).toMatch(/^HTTP\/1\.1 200 /)
  })
})
