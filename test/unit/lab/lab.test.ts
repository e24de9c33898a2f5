import { describe, expect, it } from 'vitest'
import { asciiBytes } from '../../../src/base/bytes.ts'
import { TcpState } from '../../../src/tcp/state.ts'
import { startsLabOfTest } from './lab-harness.ts'
import type { TestLab } from './lab-harness.ts'

const startLab = startsLabOfTest()

async function virtualLab(): Promise<TestLab> {
  const test = startLab()
  await test.lab.start()
  return test
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

    // The client rests in TIME_WAIT before its last ACK has arrived.
    const serverState = async () => (await test.client.getFlows({ from: 0, count: 10 })).flows.find(({ server }) => server.port === 80)?.server.state
    await expect.poll(serverState).toBe(TcpState.closed)
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

describe('why a packet was sent', () => {
  it('stands with the packet, in the display filter, and beside what others would infer', async () => {
    const test = await virtualLab()
    const socket = await conversation(test)
    const { rows } = await test.client.getPacketRows({ from: 0, count: 100, filter: 'tcp' })
    const decisions = await test.client.getDecisions({ connection: socket.connection, count: 500 })
    const first = rows.find(({ tcp }) => tcp !== null && tcp.flags === 0x02 && tcp.destinationPort === 80)!
    const { decision, insights } = await test.client.getPacket(first.number)
    expect(decision).toEqual(decisions.find(({ line }) => line?.startsWith('S ')))
    expect(insights).toEqual([])
    // Each segment has a reason, and those of the far host have that host's.
    const packets = await Promise.all(rows.map(({ number }) => test.client.getPacket(number)))
    expect(packets.map((packet) => packet.decision?.host)).toEqual(rows.map(({ tcp }) => tcp!.from === 0 ? 0 : 1))
    const filtered = await test.client.getPacketRows({ from: 0, count: 100, filter: `reason == "${decision!.reason}" && tcp.flags.syn == 1 && tcp.dstport == 80` })
    expect(filtered.rows.map(({ number }) => number)).toContain(first.number)
    const arp = (await test.client.getPacketRows({ from: 0, count: 1, filter: 'arp' })).rows[0]
    expect((await test.client.getPacket(arp.number)).decision).toBeNull()
    const { verdicts } = (await test.client.getFlowInsights(first.flow))!
    expect(verdicts.map(({ name }) => name)).toContain('initialWindowAtLeast')
    expect(await test.client.getFlowInsights(100_000)).toBeNull()
  })
})

describe('asking the lab', () => {
  it('runs the first conversation again on request, and tells shells of it', async () => {
    const test = await virtualLab()
    await conversation(test)
    const { connection } = await test.client.runFirstConversation()
    await test.client.watch({ connection })
    const view = await test.until(() => test.updates.find((update) => update.connection?.connection === connection)?.connection, 'the watched connection')
    expect(view).toMatchObject({ localAddress: '10.77.0.2', remoteAddress: '10.77.0.1', side: 0, application: 'http-get' })
    expect(view.config.nagle).toBe(true)
    // Our last ACK is still on its way for a moment.
    const later = await test.until(() => {
      const now = test.updates.at(-1)!.connection
      return now?.snapshot.state === TcpState.timeWait && now.peer?.state === TcpState.closed ? now : null
    }, 'TIME-WAIT, and the other end closed')
    expect(later.snapshot.bytesDelivered).toBeGreaterThan(100)
  })

  it('opens connections, sends, receives and closes by hand', async () => {
    const test = await virtualLab()
    await conversation(test)
    const { connection } = await test.client.connect({ address: '10.77.0.1', port: 7 })
    await test.until(() => test.updates.at(-1)!.sockets.some((socket) => socket.connection === connection && socket.state === TcpState.established), 'established')
    const data = new TextEncoder().encode('hello lab')
    expect(await test.client.send({ connection, data })).toEqual({ accepted: 9 })
    const received = await test.until(() => test.lab.host!.received(connection, 100).total === 9 && test.lab.host!.received(connection, 100), 'the echo')
    expect(received.data).toEqual(data)
    await test.client.setConnectionOption({ connection, name: 'nagle', value: false })
    await test.client.setConnectionOption({ connection, name: 'giveUpResets', value: 'always' })
    await expect(test.client.setConnectionOption({ connection, name: 'giveUpResets', value: 'maybe' })).rejects.toMatchObject({ fault: { code: 'badArgument', params: { expected: 'never | keepAlive | always' } } })
    await test.client.closeConnection({ connection })
    await test.until(() => test.updates.at(-1)!.sockets.some((socket) => socket.connection === connection && socket.state === TcpState.timeWait), 'TIME-WAIT')
    await expect(test.client.send({ connection, data })).rejects.toMatchObject({ fault: { code: 'connectionClosing' } })
  })

  it('speaks IPv6 too: connects to literals, knows both ends, lists its addresses and neighbours', async () => {
    const test = await virtualLab()
    await conversation(test)
    const { connection } = await test.client.connect({ address: '[fd00:77::1]', port: 7, application: 'manual' })
    await test.client.watch({ connection })
    await test.client.send({ connection, data: Uint8Array.of(1, 2, 3) })
    const view = await test.until(() => {
      const view = test.updates.at(-1)?.connection ?? null
      return view !== null && view.snapshot.bytesDelivered === 3 ? view : null
    }, 'the echo comes back')
    expect([view.localAddress, view.remoteAddress, view.peer?.state]).toEqual(['fd00:77::2', 'fd00:77::1', TcpState.established])
    const { host, sockets } = test.updates.at(-1)!
    expect(host.ipv6Addresses).toEqual([{ address: 'fe80::aff:fe4d:2', state: 'assigned' }, { address: 'fd00:77::2', state: 'assigned' }])
    expect(host.neighbours.map(({ address }) => address)).toContain('fd00:77::1')
    expect(sockets.find((row) => row.connection === connection && row.host === 0)).toMatchObject({ localAddress: 'fd00:77::2', remoteAddress: 'fd00:77::1' })
    const { flows } = await test.client.getFlows({ from: -1, count: 1 })
    expect(flows[0]).toMatchObject({ client: { address: 'fd00:77::2', known: true }, server: { address: 'fd00:77::1', known: true } })
    const decisions = await test.client.getDecisions({ connection, count: 100 })
    expect(decisions.flatMap(({ line }) => line ?? [])[0]).toMatch(/^S 0:0\(0\) win \d+ <mss 1440/)
  })

  it('asks for an address by DHCP where it is told so, and has no host until one is lent', async () => {
    const test = await virtualLab()
    await conversation(test)
    expect(await test.client.startHost({ address: 'dhcp' })).toMatchObject({ running: true, phase: 'probing', address: 'DHCP' })
    const { total } = await test.client.getPacketRows({ from: 0, count: 1 })
    await test.until(() => test.updates.at(-1)!.packets.total > total || total > 20 ? true : null, 'a discovery leaves')
    const { rows } = await test.client.getPacketRows({ from: -20, count: 20 })
    expect(rows.some(({ source, destination, protocol }) => source.startsWith('0.0.0.0') && destination.startsWith('255.255.255.255') && protocol === 'UDP')).toBe(true)
    await expect(test.client.connect({ address: '10.77.0.1', port: 80 })).rejects.toMatchObject({ fault: { code: 'hostNotRunning' } })
    await test.client.stopHost()
    expect(test.lab.hostState()).toMatchObject({ running: false, phase: 'off' })
  })

  it('serves UDP beside TCP on one port, and stops both together', async () => {
    const test = await virtualLab()
    await test.client.listen({ port: 7, application: 'udp-echo' })
    await expect(test.client.listen({ port: 7, application: 'udp-discard' })).rejects.toMatchObject({ fault: { code: 'portInUse' } })
    await test.until(() => test.updates.at(-1)?.sockets.some(({ state, localPort }) => state === -1 && localPort === 7) ? true : null, 'the UDP port is listed')
    await test.client.unlisten({ port: 7 })
    await test.until(() => test.updates.at(-1)?.host.listeners.some(({ port }) => port === 7) === false ? true : null, 'nothing listens any more')
  })

  it('sends datagrams by hand, over both versions, and shows what answers and what the network reports', async () => {
    const test = await virtualLab()
    await conversation(test)
    const { from } = await test.client.sendDatagram({ address: '10.77.0.1', port: 7, data: asciiBytes('ping') })
    expect(await test.client.sendDatagram({ address: 'fd00:77::1', port: 7, data: new Uint8Array(0) })).toEqual({ from })
    expect(await test.client.sendDatagram({ address: '10.77.0.1', port: 999, from: 4000, data: asciiBytes('?') })).toEqual({ from: 4000 })
    await test.until(() => test.updates.at(-1)?.datagrams === 6, 'two echoes and an error')
    const { total, datagrams } = await test.client.getDatagrams({ count: 100 })
    expect(total).toBe(6)
    expect(datagrams.slice(0, 3).map(({ what, localPort, port }) => [what, localPort, port])).toEqual([['sent', from, 7], ['sent', from, 7], ['sent', 4000, 999]])
    const [echo, echo6, error] = datagrams.slice(3).toSorted((a, b) => b.data.length - a.data.length || a.what.localeCompare(b.what) * -1)
    expect(echo).toMatchObject({ what: 'received', localPort: from, address: '10.77.0.1', port: 7, data: asciiBytes('ping') })
    expect(echo6).toMatchObject({ what: 'received', localPort: from, address: 'fd00:77::1', port: 7, data: new Uint8Array(0) })
    expect(error).toMatchObject({ what: 'error', localPort: 4000, address: '10.77.0.1', port: 999, icmp: { version: 4, type: 3, code: 3 } })
    const hand = (sockets: readonly { application: string, localPort: number }[]) => sockets.filter(({ application }) => application === 'udp-manual').map(({ localPort }) => localPort)
    expect(hand(test.updates.at(-1)!.sockets)).toEqual([from, 4000])
    await test.client.unlisten({ port: from })
    await test.until(() => hand(test.updates.at(-1)!.sockets).length === 1, 'its port is closed')
  })

  it('sends by hand from a port that listens by hand, and from no other that is taken', async () => {
    const test = await virtualLab()
    await conversation(test)
    await test.client.listen({ port: 5353, application: 'udp-manual' })
    expect(await test.client.sendDatagram({ address: '10.77.0.1', port: 7, from: 5353, data: asciiBytes('x') })).toEqual({ from: 5353 })
    await test.until(() => test.updates.at(-1)!.datagrams >= 2, 'the echo')
    await expect(test.client.listen({ port: 5353, application: 'udp-echo' })).rejects.toMatchObject({ fault: { code: 'portInUse' } })
    await test.client.listen({ port: 7, application: 'udp-echo' })
    await expect(test.client.sendDatagram({ address: '10.77.0.1', port: 7, from: 7, data: asciiBytes('x') })).rejects.toMatchObject({ fault: { code: 'portInUse' } })
  })

  it('pushes no more than 30 updates a second, and none when nothing changes', async () => {
    const test = await virtualLab()
    await conversation(test)
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const times = test.updates.map(({ timeUs }) => timeUs)
    for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeGreaterThanOrEqual(33_000)
    const before = test.updates.length
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(test.updates.length).toBe(before)
  })

  it('injects lines of TCP, UDP and ICMP over IPv6, the MAC asked for by neighbour discovery', async () => {
    const test = await virtualLab()
    await conversation(test)
    await test.client.stopHost()
    const lines = [
      '[fd00:77::50]:1000 > [fd00:77::1]:81 S 7:7(0) win 1000', '[fd00:77::50]:1000 > [fd00:77::1]:9 udp (2) data "hi"', 'fe80::50 > ff02::1 icmpv6 echo_request id 1 seq 2 (0)',
    ]
    expect(await test.client.inject({ frames: [], lines })).toEqual({ sent: 3, failed: 0 })
    const { trace, bytesOf } = test.lab.open!.capture
    const ofLines = () => trace.rows({ from: 0, count: 100 }, bytesOf).rows.filter(({ source }) => source === 'fd00:77::50' || source === 'fe80::50')
    await test.until(() => ofLines().length === 3, 'all of them in the capture')
    expect(ofLines().map(({ protocol }) => protocol)).toEqual(['TCP', 'UDP', 'ICMPv6'])
    await expect(test.client.inject({ frames: [], lines: ['[fd00:77::50]:1 > [fd00:77::99]:2 udp (0)'] })).rejects.toMatchObject({ fault: { code: 'hostUnreachable', params: { address: 'fd00:77::99' } } })
    await expect(test.client.inject({ frames: [], lines: ['[fd00:77::50]:1 > [2a00::99]:2 udp (0)'] })).rejects.toMatchObject({ fault: { code: 'targetNeedsConsent' } })
  })

  it('injects a line to the neighbour, and the capture shows it with the answer', async () => {
    const test = await virtualLab()
    await conversation(test)
    const before = test.lab.open!.capture.trace.packetCount
    expect(await test.client.inject({ frames: [], lines: ['10.77.0.50:1000 > 10.77.0.1:81 S 7:7(0) win 1000'] })).toEqual({ sent: 1, failed: 0 })
    await test.until(() => test.lab.open!.capture.trace.packetCount > before, 'the packet in the capture')
    const { rows } = await test.client.getPacketRows({ from: -10, count: 10 })
    expect(rows.some(({ source, tcp }) => source === '10.77.0.50' && tcp?.seq === 7)).toBe(true)
  })

  it('saves the recording, and clears the capture without losing it', async () => {
    const test = await virtualLab()
    await conversation(test)
    const before = test.lab.linkState(test.lab.clock()).recording
    const target = `${before.path}.copy`
    const saved = await test.client.saveCapture({ path: target })
    expect(saved.frames).toBe(before.frames)
    await expect(test.client.saveCapture({ path: target })).rejects.toMatchObject({ fault: { code: 'fileExists' } })
    await test.client.clearCapture()
    expect((await test.client.getPacketRows({ from: 0, count: 10 })).total).toBe(0)
    expect(test.lab.linkState(test.lab.clock()).recording.path).not.toBe(before.path)
  })
})

describe('bad input', () => {
  const cases: [string, unknown[], string][] = [
    ['nonsense', [], 'unknownCommand'],
    ['__proto__', [], 'unknownCommand'],
    ['getPacket', [999], 'noSuchPacket'],
    ['getPacket', ['1'], 'badArgument'],
    ['getPacket', [], 'badArgument'],
    ['getPacketRows', [null], 'badArgument'],
    ['getPacketRows', [{ from: 0, count: 1, flow: -1 }], 'badArgument'],
    ['getFlows', [{ from: 0.5, count: 1 }], 'badArgument'],
    ['getFlows', [{ from: 0, count: 1, sort: 'colour' }], 'badArgument'],
    ['setCaptureFilter', ['tcp prt 80'], 'badFilter'],
    ['setCaptureFilter', [7], 'badArgument'],
    ['openLink', [{ kind: 'wire' }], 'badArgument'],
    ['openLink', [{ kind: 'file', name: '/nonexistent.pcapng' }], 'fileNotFound'],
    ['startHost', [{ address: 'x' }], 'addressInvalid'],
    ['startHost', [{ address: '10.0.0.1/24', preset: 'x' }], 'badArgument'],
    ['startHost', [{ address: '10.0.0.1/24', mac: 'ff:ff:ff:ff:ff:ff' }], 'badArgument'],
    ['listen', [{ port: 7, application: 'echo' }], 'portInUse'],
    ['listen', [{ port: 70_000, application: 'echo' }], 'badArgument'],
    ['listen', [{ port: 70, application: 'telnet' }], 'badArgument'],
    ['unlisten', [{ port: 4444 }], 'noSuchListener'],
    ['connect', [{ address: 'nowhere', port: 80 }], 'addressInvalid'],
    ['connect', [{ address: '10.88.0.1', port: 80 }], 'hostUnreachable'],
    ['connect', [{ address: '10.77.0.1', port: 80, application: 'http-get', path: '/ HTTP/1.1\r\nX: y' }], 'badArgument'],
    ['send', [{ connection: 99, data: new Uint8Array(1) }], 'noSuchConnection'],
    ['send', [{ connection: 99, data: 'text' }], 'badArgument'],
    ['setConnectionOption', [{ connection: 99, name: 'nagle', value: true }], 'noSuchConnection'],
    ['saveCapture', [{ path: '/nonexistent/a.pcapng' }], 'fileNotWritable'],
    ['inject', [{ frames: [new Uint8Array(3)] }], 'frameTooShort'],
    ['inject', [{ frames: [new Uint8Array(3000)] }], 'frameTooLong'],
    ['inject', [{ frames: ['00'] }], 'badArgument'],
    ['sendDatagram', [{ address: 'x', port: 7, data: new Uint8Array(1) }], 'addressInvalid'],
    ['sendDatagram', [{ address: '10.77.0.1', port: 0, data: new Uint8Array(1) }], 'badArgument'],
    ['sendDatagram', [{ address: '10.77.0.1', port: 7, data: 'text' }], 'badArgument'],
    ['sendDatagram', [{ address: '10.77.0.1', port: 7, data: new Uint8Array(70_000) }], 'badArgument'],
    ['sendDatagram', [{ address: '192.0.2.1', port: 7, data: new Uint8Array(1) }], 'hostUnreachable'],
    ['inject', [{ frames: [], lines: ['S 0:0('] }], 'packetSyntax'],
    ['inject', [{ frames: [], lines: ['10.77.0.2:1 > 8.8.8.8:80 S 0:0(0) win 0'] }], 'targetNeedsConsent'],
    ['inject', [{ frames: [new Uint8Array(60)], count: 100_000 }], 'rateLimited'],
    ['watch', ['x'], 'badArgument'],
  ]

  it('each gives its fault, and the lab goes on', async () => {
    const test = await virtualLab()
    await conversation(test)
    for (const [name, args, code] of cases) {
      if (name === 'openLink') continue
      expect([name, args, await test.call(name, args)]).toMatchObject([name, args, { ok: false, fault: { code } }])
    }
    for (const [name, args, code] of cases.filter(([name]) => name === 'openLink')) expect(await test.call(name, args)).toMatchObject({ ok: false, fault: { code } })
    await test.client.openLink({ kind: 'virtual' })
    await test.until(() => test.updates.at(-1)!.host.phase === 'ready', 'the host is ready again')
  })

  it('falls back to the virtual link, saying why, when the default one cannot be had', async () => {
    const test = startLab({ defaultLink: { kind: 'file', name: '/nonexistent.pcapng' } })
    await test.lab.start()
    expect(await test.until(() => test.updates.flatMap(({ faults }) => faults)[0], 'the fault')).toMatchObject({ code: 'fileNotFound' })
    expect(test.lab.linkState(0).info?.kind).toBe('virtual')
  })

  it('says that nothing is open', async () => {
    const test = await virtualLab()
    await test.client.closeLink()
    for (const [name, args] of [['getPacketRows', [{ from: 0, count: 1 }]], ['startCapture', []], ['setCaptureFilter', ['']]] as const) {
      expect(await test.call(name, [...args])).toMatchObject({ ok: false, fault: { code: 'linkClosed' } })
    }
    expect(await test.call('connect', [{ address: '10.77.0.1', port: 1 }])).toMatchObject({ ok: false, fault: { code: 'hostNotRunning' } })
  })
})
