import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileFilter } from '../../main/link/interfaces.ts'
import { runBpf } from '../../src/link/bpf.ts'
import { TcpState } from '../../src/tcp/state.ts'
import { bindingObstacle } from '../support/binding.ts'
import { frames } from '../support/frames.ts'
import { startTestLab } from '../unit/lab/lab-harness.ts'

const obstacle = bindingObstacle()

describe.skipIf(obstacle !== null)(`capture filters${obstacle === null ? '' : ` (${obstacle})`}`, () => {
  it('compiled by libpcap, pick what their words say', () => {
    const expressions = [
      'arp', 'ip', 'tcp', 'udp or icmp', 'tcp[tcpflags] & tcp-syn != 0', 'ether broadcast', 'not tcp', 'len > 100', 'vlan', 'ip6', 'port 80', 'host 10.77.0.1', 'less 60',
    ]
    const programs = expressions.map((expression) => [expression, compileFilter(expression)] as const)
    for (const [expression, program] of programs) expect(program, expression).toBeInstanceOf(Uint32Array)
    const run = (expression: string, frame: Uint8Array) => runBpf(programs.find(([each]) => each === expression)![1] as Uint32Array, frame, 0, frame.length, frame.length) > 0
    for (const frame of Object.values(frames)) {
      expect(run('not tcp', frame)).toBe(!run('tcp', frame))
      expect(run('len > 100', frame)).toBe(frame.length > 100)
      expect(run('ether broadcast', frame)).toBe(frame.subarray(0, 6).every((byte) => byte === 0xff))
      if (run('tcp[tcpflags] & tcp-syn != 0', frame)) expect(run('tcp', frame)).toBe(true)
    }
  })

  it('keep out of the capture what the host still hears', async () => {
    const test = startTestLab()
    try {
      await test.lab.start()
      expect(await test.client.setCaptureFilter('arp')).toMatchObject({ expression: 'arp', instructions: 4 })
      const { connection } = await test.client.runFirstConversation().catch(async () => {
        await test.until(() => test.updates.at(-1)?.host.phase === 'ready', 'the host is ready')
        return test.client.runFirstConversation()
      })
      await test.until(() => test.updates.at(-1)?.sockets.find((socket) => socket.connection === connection)?.state === TcpState.timeWait, 'the conversation ends')
      const { rows } = await test.client.getPacketRows({ from: 0, count: 100 })
      expect(rows.length).toBeGreaterThan(2)
      expect(rows.filter(({ protocol }) => protocol !== 'ARP')).toEqual([])
      const { path } = test.lab.linkState(0).recording
      expect(readFileSync(path!).includes('GET / HTTP')).toBe(false)

      await test.client.setCaptureFilter('')
      const again = await test.client.runFirstConversation()
      await test.until(() => test.updates.at(-1)?.sockets.find((socket) => socket.connection === again.connection)?.state === TcpState.timeWait, 'the second conversation ends')
      expect((await test.client.getPacketRows({ from: 0, count: 100 })).rows.some(({ protocol }) => protocol === 'TCP')).toBe(true)
      expect(test.errors).toEqual([])
    } finally {
      await test.stop()
    }
  })
})
