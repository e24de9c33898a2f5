import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TcpState } from '../../../src/tcp/state.ts'
import { startTestLab } from './lab-harness.ts'
import type { TestLab } from './lab-harness.ts'

const script = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+.1 < S 0:0(0) win 65535 <mss 1000>
+0 > S. 0:0(0) ack 1 <...>
`
let test: TestLab
let folder = ''
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'lab-scripts-'))
  test = startTestLab()
  await test.lab.start()
})
afterEach(async () => {
  await test.stop()
  rmSync(folder, { recursive: true, force: true })
  expect(test.errors).toEqual([])
})

describe('scripts in the lab', () => {
  it('plays a text: which lines came true and when, and why the engine did what it did', async () => {
    const answer = await test.client.runScript({ text: script })
    expect(answer).toMatchObject({ result: 'pass', profile: 'rfc', failure: null })
    expect(answer.played.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5])
    expect(answer.played.at(-1)!.timeUs).toBe(100_000)
    expect(answer.decisions.map(({ verb }) => verb)).toContain('state')
    const wrong = await test.client.runScript({ text: script.replace('ack 1 <...>', 'ack 2 <...>'), profile: 'linux' })
    expect(wrong).toMatchObject({ result: 'fail', profile: 'linux', failure: { where: { line: 5 }, differing: ['ack'] } })
    expect(wrong.played).toHaveLength(4)
    expect(await test.client.runScript({ text: 'no script' })).toMatchObject({ result: 'fail', failure: { where: { line: 1 } }, played: [] })
  })

  it('plays a file of the lab’s machine, and says which is missing', async () => {
    const file = path.join(folder, 'one.pkt')
    writeFileSync(file, script)
    expect(await test.client.runScript({ path: file })).toMatchObject({ result: 'pass', text: script })
    await expect(test.client.runScript({ path: path.join(folder, 'none.pkt') })).rejects.toMatchObject({ fault: { code: 'fileNotFound' } })
    await expect(test.client.runScript({ text: script, profile: 'plan9' })).rejects.toMatchObject({ fault: { code: 'badArgument' } })
  })

  it('plays a long one in turns, says how far it is, and stops it when it is told to', async () => {
    // A day of keep-alive probes, and the lab's own loop in between.
    const day = `${script}+.1 < . 1:1(0) ack 1 win 65535\n+0 accept(3, ..., ...) = 4\n+0 setsockopt(4, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0\n+0 setsockopt(4, SOL_TCP, TCP_KEEPIDLE, [1], 4) = 0
+0 setsockopt(4, SOL_TCP, TCP_KEEPINTVL, [1], 4) = 0\n+0 setsockopt(4, SOL_TCP, TCP_KEEPCNT, [127], 4) = 0\n${'+1 > . 0:0(0) ack 1\n+0 < . 1:1(0) ack 1 win 65535\n'.repeat(4000)}`
    const asked = test.client.runScript({ text: day })
    await test.until(() => (test.updates.at(-1)?.script?.played ?? 0) > 100, 'the script is under way')
    const before = test.updates.length
    await test.until(() => test.updates.length > before + 2, 'the lab goes on')
    await test.client.stopScripts()
    const answer = await asked
    expect(answer).toMatchObject({ result: 'stopped', failure: null })
    expect(answer.played.length).toBeGreaterThan(100)
    expect(answer.virtualUs).toBeGreaterThan(100_000)
    await test.until(() => test.updates.at(-1)?.script === null, 'nothing is played any more')
  })

  it('makes a script of a conversation of the lab host, which passes with its settings', async () => {
    const isOver = () => test.updates.at(-1)?.sockets.some(({ remotePort, host, state }) => remotePort === 80 && host === 0 && state === TcpState.timeWait)
    await test.until(isOver, 'the first conversation ends')
    const { flows } = await test.client.getFlows({ from: 0, count: 10 })
    const { flow } = flows.find(({ server }) => server.port === 80)!
    const file = path.join(folder, 'flow.pkt')
    const answer = await test.client.exportScript({ flow, path: file })
    expect(answer).toMatchObject({ result: 'pass', side: 'client', damaged: 0, hasCalls: true })
    expect(answer.text).toMatch(/^\S+ connect\(3, /m)
    expect(readFileSync(file, 'utf8')).toBe(answer.text)
    await expect(test.client.exportScript({ flow, path: file })).rejects.toMatchObject({ fault: { code: 'fileExists' } })
    expect(await test.client.exportScript({ flow, side: 'server' })).toMatchObject({ side: 'server', hasCalls: false })
    await expect(test.client.exportScript({ flow: 99 })).rejects.toMatchObject({ fault: { code: 'badArgument' } })
  })
})
