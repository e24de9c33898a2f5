import { describe, expect, it } from 'vitest'
import { TcpState } from '../../../src/tcp/state.ts'
import { InferredState } from '../../../src/trace/flow.ts'
import { play, segment, stateName, TraceUnderTest, usualTuple } from './segments.ts'

/** The lines hold both the traffic and what is expected of it. */
function expectTrace(lines: readonly string[], test = new TraceUnderTest()): TraceUnderTest {
  expect(play(lines, test)).toEqual(lines)
  return test
}

const handshake = [
  'c> S 100:100(0)               | SYN_SENT -',
  's> S. 2000:2000(0) ack 101    | SYN_RCVD ESTABLISHED',
  'c> . 101:101(0) ack 2001      | ESTABLISHED ESTABLISHED',
]

const ends = (test: TraceUnderTest, flow = 0) => [stateName(test.flow(flow).client.state), stateName(test.flow(flow).server.state)]

describe('states', () => {
  it('are numbered as the engine numbers them', () => {
    const { unknown, ...others } = InferredState
    expect(others).toEqual(TcpState)
    expect(unknown).toBe(-1)
  })
})

describe('opening', () => {
  it('three-way handshake', () => {
    const test = expectTrace(handshake)
    expect(ends(test)).toEqual(['ESTABLISHED', 'ESTABLISHED'])
    expect(test.flow().client).toMatchObject({ address: '10.77.0.2', port: 40_100, proof: 2, packets: 2 })
    expect(test.flow().server).toMatchObject({ address: '10.77.0.80', port: 80, proof: 3, packets: 1 })
  })

  it('the sender changes its state in each segment of the handshake but the confirming one', () => {
    const test = expectTrace(handshake)
    expect([1, 2, 3].map((number) => test.row(number).tcp!.stateChanged)).toEqual([true, true, false])
  })

  it('simultaneous open (RFC 9293 figure 7)', () => {
    const test = expectTrace([
      'c> S 100:100(0)               | SYN_SENT -',
      's> S 300:300(0)               | SYN_SENT SYN_RCVD',
      'c> S. 100:100(0) ack 301      | SYN_RCVD ESTABLISHED again',
      's> S. 300:300(0) ack 101      | SYN_RCVD ESTABLISHED again',
    ])
    expect(ends(test)).toEqual(['ESTABLISHED', 'ESTABLISHED'])
    expect(test.trace.flowCount).toBe(1)
  })

  it('a repeated SYN stays in SYN_SENT, and the answer is the handshake\'s', () => {
    const test = expectTrace([
      'c> S 100:100(0)               | SYN_SENT -',
      '@1 c> S 100:100(0)            | SYN_SENT - again',
      's> S. 2000:2000(0) ack 101    | SYN_RCVD ESTABLISHED',
      'c> . 101:101(0) ack 2001      | ESTABLISHED ESTABLISHED',
    ])
    expect(test.flow().retransmissions).toBe(1)
    expect(test.trace.flowCount).toBe(1)
  })

  it('a lost SYN+ACK: the client repeats its SYN and so never was ESTABLISHED', () => {
    expectTrace([
      ...handshake.slice(0, 2),
      '@1 c> S 100:100(0)            | SYN_SENT SYN_RCVD again',
      's> S. 2000:2000(0) ack 101    | SYN_RCVD ESTABLISHED again',
      'c> . 101:101(0) ack 2001      | ESTABLISHED ESTABLISHED',
    ])
  })

  it('a lost last ACK: the server repeats its SYN+ACK, then data completes it', () => {
    expectTrace([
      ...handshake,
      '@1 s> S. 2000:2000(0) ack 101   | SYN_RCVD ESTABLISHED again',
      'c> P. 101:111(10) ack 2001      | ESTABLISHED ESTABLISHED',
    ])
  })

  it('refused: RST from a closed port', () => {
    const test = expectTrace([
      'c> S 100:100(0)               | SYN_SENT -',
      's> R. 0:0(0) ack 101          | CLOSED CLOSED',
    ])
    expect(test.flow()).toMatchObject({ resets: 1, client: { proof: 2 }, server: { proof: 2 } })
  })

  it('refused, tried again with the same number, accepted', () => {
    expectTrace([
      'c> S 100:100(0)               | SYN_SENT -',
      's> R. 0:0(0) ack 101          | CLOSED CLOSED',
      '@1 c> S 100:100(0)            | SYN_SENT CLOSED again',
      's> S. 2000:2000(0) ack 101    | SYN_RCVD ESTABLISHED',
      'c> . 101:101(0) ack 2001      | ESTABLISHED ESTABLISHED',
    ])
  })

  it('a half-open scan: RST takes a passive SYN_RCVD back to LISTEN', () => {
    expectTrace([
      ...handshake.slice(0, 2),
      'c> R 101:101(0)               | CLOSED LISTEN',
    ])
  })

  it('an old connection at the other end is refused with RST, and SYN_SENT stays (RFC 9293 figure 9)', () => {
    expectTrace([
      'c> S 400:400(0)               | SYN_SENT -',
      's> . 300:300(0) ack 100       | - SYN_SENT',
      'c> R 100:100(0)               | SYN_SENT CLOSED',
      '@1 c> S 400:400(0)            | SYN_SENT CLOSED again',
      's> S. 7000:7000(0) ack 401    | SYN_RCVD ESTABLISHED',
      'c> . 401:401(0) ack 7001      | ESTABLISHED ESTABLISHED',
    ])
  })

  it('a RST with the wrong acknowledgment does not end SYN_SENT', () => {
    expectTrace([
      'c> S 100:100(0)               | SYN_SENT -',
      's> R. 0:0(0) ack 99           | CLOSED SYN_SENT',
    ])
  })

  it('data in SYN and SYN+ACK (fast open) moves the numbers', () => {
    const test = expectTrace([
      'c> S 100:110(10)              | SYN_SENT -',
      's> S. 2000:2000(0) ack 111    | SYN_RCVD ESTABLISHED',
      'c> P. 111:121(10) ack 2001    | ESTABLISHED ESTABLISHED',
    ])
    expect(test.flow().client.bytes).toBe(20)
  })
})

describe('closing', () => {
  it('four segments, the client first', () => {
    const test = expectTrace([
      ...handshake,
      'c> F. 101:101(0) ack 2001     | FIN_WAIT_1 CLOSE_WAIT',
      's> . 2001:2001(0) ack 102     | CLOSE_WAIT FIN_WAIT_2',
      's> F. 2001:2001(0) ack 102    | LAST_ACK TIME_WAIT',
      'c> . 102:102(0) ack 2002      | TIME_WAIT CLOSED',
    ])
    expect(test.flow()).toMatchObject({ client: { proof: 6 }, server: { proof: 7 } })
  })

  it('four segments, the server first: TIME_WAIT falls on whoever closes first', () => {
    expectTrace([
      ...handshake,
      's> F. 2001:2001(0) ack 101    | FIN_WAIT_1 CLOSE_WAIT',
      'c> . 101:101(0) ack 2002      | CLOSE_WAIT FIN_WAIT_2',
      'c> F. 101:101(0) ack 2002     | LAST_ACK TIME_WAIT',
      's> . 2002:2002(0) ack 102     | TIME_WAIT CLOSED',
    ])
  })

  it('three segments', () => {
    expectTrace([
      ...handshake,
      'c> F. 101:101(0) ack 2001     | FIN_WAIT_1 CLOSE_WAIT',
      's> F. 2001:2001(0) ack 102    | LAST_ACK TIME_WAIT',
      'c> . 102:102(0) ack 2002      | TIME_WAIT CLOSED',
    ])
  })

  it('FIN on the last data', () => {
    expectTrace([
      ...handshake,
      'c> FP. 101:201(100) ack 2001  | FIN_WAIT_1 CLOSE_WAIT',
      's> FP. 2001:2051(50) ack 202  | LAST_ACK TIME_WAIT',
      'c> . 202:202(0) ack 2052      | TIME_WAIT CLOSED',
    ])
  })

  it('both at once, the first closer\'s ACK first', () => {
    const test = expectTrace([
      ...handshake,
      'c> F. 101:101(0) ack 2001     | FIN_WAIT_1 CLOSE_WAIT',
      's> F. 2001:2001(0) ack 101    | FIN_WAIT_1 CLOSING',
      'c> . 102:102(0) ack 2002      | CLOSING TIME_WAIT',
      's> . 2002:2002(0) ack 102     | TIME_WAIT TIME_WAIT',
    ])
    expect(ends(test)).toEqual(['TIME_WAIT', 'TIME_WAIT'])
  })

  it('both at once, the second closer\'s ACK first', () => {
    expectTrace([
      ...handshake,
      'c> F. 101:101(0) ack 2001     | FIN_WAIT_1 CLOSE_WAIT',
      's> F. 2001:2001(0) ack 101    | FIN_WAIT_1 CLOSING',
      's> . 2002:2002(0) ack 102     | CLOSING TIME_WAIT',
      'c> . 102:102(0) ack 2002      | TIME_WAIT TIME_WAIT',
    ])
  })

  it('half close: the other end goes on sending', () => {
    expectTrace([
      ...handshake,
      'c> F. 101:101(0) ack 2001     | FIN_WAIT_1 CLOSE_WAIT',
      's> . 2001:2001(0) ack 102     | CLOSE_WAIT FIN_WAIT_2',
      's> P. 2001:2501(500) ack 102  | CLOSE_WAIT FIN_WAIT_2',
      'c> . 102:102(0) ack 2501      | FIN_WAIT_2 CLOSE_WAIT',
      's> F. 2501:2501(0) ack 102    | LAST_ACK TIME_WAIT',
      'c> . 102:102(0) ack 2502      | TIME_WAIT CLOSED',
    ])
  })

  it('data that crosses a FIN was sent before its sender had the FIN', () => {
    const test = expectTrace([
      ...handshake,
      'c> F. 101:101(0) ack 2001     | FIN_WAIT_1 CLOSE_WAIT',
      's> P. 2001:2501(500) ack 101  | ESTABLISHED FIN_WAIT_1',
    ])
    expect(ends(test)).toEqual(['FIN_WAIT_1', 'CLOSE_WAIT'])
    expectTrace(['s> . 2501:2501(0) ack 102     | CLOSE_WAIT FIN_WAIT_2'], test)
  })

  it('a repeated FIN of the first closer, acknowledged late', () => {
    const test = expectTrace([
      ...handshake,
      'c> F. 101:101(0) ack 2001     | FIN_WAIT_1 CLOSE_WAIT',
      '@1 c> F. 101:101(0) ack 2001  | FIN_WAIT_1 CLOSE_WAIT again',
      's> . 2001:2001(0) ack 102     | CLOSE_WAIT FIN_WAIT_2',
    ])
    expect(test.flow().retransmissions).toBe(1)
  })

  it('a lost last ACK: LAST_ACK again, and TIME_WAIT starts again', () => {
    const test = new TraceUnderTest(10_000_000)
    expectTrace([
      ...handshake,
      'c> F. 101:101(0) ack 2001     | FIN_WAIT_1 CLOSE_WAIT',
      's> F. 2001:2001(0) ack 102    | LAST_ACK TIME_WAIT',
      'c> . 102:102(0) ack 2002      | TIME_WAIT CLOSED',
      '@8 s> F. 2001:2001(0) ack 102 | LAST_ACK TIME_WAIT again',
      'c> . 102:102(0) ack 2002      | TIME_WAIT CLOSED',
    ], test)
    test.send('@17 c> S 1:1(0)', { ...usualTuple, clientPort: 50_000 })
    expect(ends(test)).toEqual(['TIME_WAIT', 'CLOSED'])
    test.send('@19 c> S 1:1(0)', { ...usualTuple, clientPort: 50_001 })
    expect(ends(test)).toEqual(['CLOSED', 'CLOSED'])
  })

  it('TIME_WAIT ends by the time of the packets', () => {
    const test = new TraceUnderTest()
    expectTrace([
      ...handshake,
      'c> F. 101:101(0) ack 2001     | FIN_WAIT_1 CLOSE_WAIT',
      's> F. 2001:2001(0) ack 102    | LAST_ACK TIME_WAIT',
      '@10 c> . 102:102(0) ack 2002  | TIME_WAIT CLOSED',
      '@80 s> R 2002:2002(0)         | CLOSED CLOSED',
    ], test)
  })

  it('RST ends both', () => {
    const test = expectTrace([
      ...handshake,
      'c> P. 101:201(100) ack 2001   | ESTABLISHED ESTABLISHED',
      's> R. 2001:2001(0) ack 201    | CLOSED CLOSED',
    ])
    expect(test.flow().resets).toBe(1)
  })

  it('what was on its way when the RST was sent shows its sender\'s state then', () => {
    const test = expectTrace([
      ...handshake,
      's> R 2001:2001(0)             | CLOSED CLOSED',
      'c> P. 101:201(100) ack 2001   | ESTABLISHED CLOSED',
      's> R 2001:2001(0)             | CLOSED CLOSED',
    ])
    expect(ends(test)).toEqual(['CLOSED', 'CLOSED'])
  })

  it('a RST outside the window ends nothing (RFC 5961 §3.2); whoever goes on after its own RST did not send it', () => {
    expectTrace([
      ...handshake,
      's> R 9000:9000(0)             | CLOSED ESTABLISHED',
      's> P. 2001:2011(10) ack 101   | ESTABLISHED ESTABLISHED',
    ])
  })
})

describe('the end of TIME_WAIT', () => {
  const closed = [
    ...handshake.map((line) => line.split('|')[0].trim()), 'c> F. 101:101(0) ack 2001', 's> F. 2001:2001(0) ack 102', 'c> . 102:102(0) ack 2002',
  ]
  const other = { ...usualTuple, clientPort: 40_200 }
  const changedPorts = (test: TraceUnderTest) => test.trace.changedFlows(10).map(({ client }) => [client.port, stateName(client.state)])

  it('is counted by the packets of the capture, and told of a flow that has no more of them', () => {
    const test = new TraceUnderTest(60_000_000)
    for (const line of closed) test.send(line)
    expect(changedPorts(test)).toEqual([[40_100, 'TIME_WAIT']])
    test.send('@59 c> . 1:1(0) ack 1', other)
    expect(changedPorts(test)).toEqual([[40_200, '-']])
    test.send('@61.2 c> . 1:1(0) ack 1', other)
    expect(changedPorts(test)).toEqual([[40_200, '-'], [40_100, 'CLOSED']])
    test.send('@62 c> . 1:1(0) ack 1', other)
    expect(changedPorts(test)).toEqual([[40_200, '-']])
  })

  it('is put off by a repeated FIN', () => {
    const test = new TraceUnderTest(60_000_000)
    for (const line of closed) test.send(line)
    test.send('@30 s> F. 2001:2001(0) ack 102')
    test.send('@61.2 c> . 1:1(0) ack 1', other)
    expect(changedPorts(test)).toEqual([[40_100, 'TIME_WAIT'], [40_200, '-']])
    test.send('@91 c> . 1:1(0) ack 1', other)
    expect(changedPorts(test)).toEqual([[40_200, '-'], [40_100, 'CLOSED']])
  })

  it('is counted by the clock of who watches while no packets come', () => {
    const test = new TraceUnderTest(60_000_000)
    for (const line of closed) test.send(line)
    expect(changedPorts(test)).toEqual([[40_100, 'TIME_WAIT']])
    test.trace.tracker.watchedSec = 1_700_000_030
    expect(changedPorts(test)).toEqual([])
    test.trace.tracker.watchedSec = 1_700_000_070
    expect(changedPorts(test)).toEqual([[40_100, 'CLOSED']])
  })
})

describe('joined late', () => {
  it('states stay unknown until both ends have proved that they have not closed', () => {
    const test = expectTrace([
      'c> P. 5000:5100(100) ack 900  | - -',
      's> . 900:900(0) ack 5100      | - -',
      's> P. 900:1000(100) ack 5100  | ESTABLISHED ESTABLISHED',
    ])
    expect(test.flow()).toMatchObject({ rttUs: -1, client: { proof: 3, port: 40_100 }, server: { proof: 3 } })
  })

  it('a close tells', () => {
    expectTrace([
      'c> . 5000:5000(0) ack 900     | - -',
      's> F. 900:900(0) ack 5000     | - -',
      'c> F. 5000:5000(0) ack 901    | LAST_ACK TIME_WAIT',
      's> . 901:901(0) ack 5001      | TIME_WAIT CLOSED',
    ])
  })

  it('from the SYN+ACK on', () => {
    expectTrace([
      's> S. 2000:2000(0) ack 101    | SYN_RCVD -',
      'c> P. 101:111(10) ack 2001    | ESTABLISHED ESTABLISHED',
    ])
  })

  it('one direction only', () => {
    expectTrace([
      'c> S 100:100(0)               | SYN_SENT -',
      'c> . 101:101(0) ack 2001      | ESTABLISHED -',
      'c> P. 101:111(10) ack 2001    | ESTABLISHED -',
    ])
  })

  it('the end with the higher port is taken for the client', () => {
    const test = new TraceUnderTest()
    play(['s> P. 900:1000(100) ack 5000 |', 'c> . 5000:5000(0) ack 1000 |'], test)
    expect(test.flow()).toMatchObject({ client: { port: 40_100, packets: 1, bytes: 0 }, server: { port: 80, packets: 1, bytes: 100 } })
  })
})

describe('flows', () => {
  it('a SYN with another number on a known tuple is another flow', () => {
    const test = new TraceUnderTest()
    play([...handshake, 'c> S 90000:90000(0) |', 's> S. 7000:7000(0) ack 90001 |'], test)
    expect(test.trace.flowCount).toBe(2)
    expect([1, 2, 3, 4, 5].map((number) => test.row(number).flow)).toEqual([0, 0, 0, 1, 1])
    expect(test.flow(1).client.state).toBe(TcpState.established)
  })

  it('a SYN in a flow that was joined late is another too; one with the old number, also after a whole close, is not, as in Wireshark', () => {
    const test = new TraceUnderTest()
    play(['c> P. 5000:5100(100) ack 900 |', 'c> S 100:100(0) |'], test)
    expect(test.trace.flowCount).toBe(2)
    play(['s> S. 2000:2000(0) ack 101 |', 'c> F. 101:101(0) ack 2001 |', 's> F. 2001:2001(0) ack 102 |', 'c> . 102:102(0) ack 2002 |', 'c> S 100:100(0) |'], test)
    expect(test.trace.flowCount).toBe(2)
  })

  it('a SYN+ACK with another number stays', () => {
    const test = new TraceUnderTest()
    play([...handshake.slice(0, 2), 's> S. 5000:5000(0) ack 101 |'], test)
    expect(test.trace.flowCount).toBe(1)
  })

  it('each tuple is its own, and packets are found in both lists', () => {
    const test = new TraceUnderTest()
    for (let i = 0; i < 300; i++) test.send(`c> S ${i}:${i}(0)`, { ...usualTuple, clientPort: 20_000 + (i % 100) })
    expect(test.trace.flowCount).toBe(300)
    const page = test.trace.flowPage(298, 10)
    expect(page).toMatchObject({ total: 300, from: 298 })
    expect(page.flows.map((flow) => flow.client.port)).toEqual([20_098, 20_099])
    expect(test.trace.findRow(300, 299)).toBe(0)
    expect(test.trace.findRow(299, 299)).toBe(-1)
    expect(test.trace.findRow(299)).toBe(298)
    expect(test.trace.findRow(301)).toBe(-1)
  })

  it('handshake facts and round trip', () => {
    const test = new TraceUnderTest()
    play([
      '@1 c> S 100:100(0) win 65535 <mss 1460,sackOK,TS,wscale 7> |', '@1.5 c> S 100:100(0) win 65535 <mss 1460,sackOK,TS,wscale 7> |',
      '@1.52 s> S. 2000:2000(0) ack 101 win 65160 <mss 1400,wscale 3> |', '@1.525 c> . 101:101(0) ack 2001 win 512 |',
    ], test)
    const { client, server } = test.trace.tracker.flows[0]
    expect(client).toMatchObject({ isn: 100, mss: 1460, windowScale: 7, offeredSack: true, offeredTimestamps: true })
    expect(server).toMatchObject({ isn: 2000, mss: 1400, windowScale: 3, offeredSack: false, offeredTimestamps: false })
    expect(test.flow().rttUs).toBeCloseTo(25_000, 3)
    expect([1, 3, 4].map((number) => test.row(number).tcp!.scaledWindow)).toEqual([65_535, 65_160, 512 * 128])
  })

  it('the window is as it stands where one end offers no scale, and unknown where the handshake was missed', () => {
    const test = new TraceUnderTest()
    play(['c> S 100:100(0) <wscale 7> |', 's> S. 2000:2000(0) ack 101 |', 'c> . 101:101(0) ack 2001 win 512 |'], test)
    expect(test.row(3).tcp!.scaledWindow).toBe(512)
    const late = new TraceUnderTest()
    play(['c> . 101:101(0) ack 2001 win 512 |'], late)
    expect(late.row(1).tcp!.scaledWindow).toBe(-1)
  })

  it('retransmissions: old numbers with data; not keep-alives, probes of a closed window, or bare ACKs', () => {
    const test = new TraceUnderTest()
    const lines = [
      ...handshake,
      'c> P. 101:201(100) ack 2001   | ESTABLISHED ESTABLISHED',
      'c> P. 101:201(100) ack 2001   | ESTABLISHED ESTABLISHED again',
      'c> P. 151:251(100) ack 2001   | ESTABLISHED ESTABLISHED again',
      'c> P. 351:451(100) ack 2001   | ESTABLISHED ESTABLISHED',
      'c> P. 251:351(100) ack 2001   | ESTABLISHED ESTABLISHED again',
      'c> . 450:451(1) ack 2001      | ESTABLISHED ESTABLISHED',
      'c> . 450:450(0) ack 2001      | ESTABLISHED ESTABLISHED',
      's> . 2001:2001(0) ack 451 win 0   | ESTABLISHED ESTABLISHED',
      'c> . 451:452(1) ack 2001      | ESTABLISHED ESTABLISHED',
      's> . 2001:2001(0) ack 451 win 100 | ESTABLISHED ESTABLISHED',
      'c> P. 451:551(100) ack 2001   | ESTABLISHED ESTABLISHED',
    ]
    expectTrace(lines, test)
    expect(test.flow().retransmissions).toBe(3)
  })

  it('a segment with a broken header belongs to its flow and changes nothing', () => {
    const test = expectTrace(handshake)
    const { frame } = segment('c> F. 5101:5101(0) ack 2001')
    frame[14 + 20 + 12] = 0x40
    test.add(frame)
    expect(test.row(4)).toMatchObject({ flow: 0, malformed: 'tcp: badHeaderLength at byte 46', tcp: { state: TcpState.established, receiverState: TcpState.established, stateChanged: false } })
    expectTrace(['c> P. 101:201(100) ack 2001   | ESTABLISHED ESTABLISHED'], test)
  })

  it('numbers wrap', () => {
    expectTrace([
      'c> S 4294967295:4294967295(0)  | SYN_SENT -',
      's> S. 4294967290:4294967290(0) ack 0 | SYN_RCVD ESTABLISHED',
      'c> P. 0:10(10) ack 4294967291  | ESTABLISHED ESTABLISHED',
      's> P. 4294967291:5(10) ack 10  | ESTABLISHED ESTABLISHED',
      'c> F. 10:10(0) ack 5           | FIN_WAIT_1 CLOSE_WAIT',
      's> F. 5:5(0) ack 11            | LAST_ACK TIME_WAIT',
      'c> . 11:11(0) ack 6            | TIME_WAIT CLOSED',
    ])
  })

  it('activity holds the last 32 seconds', () => {
    const test = new TraceUnderTest()
    play(['@0 c> S 100:100(0) |', '@1 c> S 100:100(0) |', '@1.5 c> S 100:100(0) |', '@31 c> S 100:100(0) |'], test)
    const { activity } = test.flow()
    expect(activity).toHaveLength(32)
    expect([activity[0], activity[1], activity[2], activity[31]]).toEqual([1, 2, 0, 1])
    test.send('@33 c> S 9:9(0)', { ...usualTuple, clientPort: 1 })
    expect(test.flow().activity.slice(0, 2)).toEqual([0, 0])
    expect(test.flow().activity[29]).toBe(1)
    test.send('@200 c> S 100:100(0)')
    expect(test.flow().activity).toEqual([...new Array<number>(31).fill(0), 1])
  })

  it('changed flows come once, none is lost', () => {
    const test = new TraceUnderTest()
    for (let i = 0; i < 5; i++) test.send('c> S 1:1(0)', { ...usualTuple, clientPort: 1000 + i })
    test.send('c> S 1:1(0)', { ...usualTuple, clientPort: 1000 })
    expect(test.trace.changedFlows(3).map((flow) => flow.flow)).toEqual([0, 1, 2])
    expect(test.trace.changedFlows(3).map((flow) => flow.flow)).toEqual([3, 4])
    expect(test.trace.changedFlows(3)).toEqual([])
  })

  it('known ends are said to be known', () => {
    const test = new TraceUnderTest()
    test.trace.isKnown = (address, port) => address === '10.77.0.80' && port === 80
    test.send('c> S 1:1(0)')
    expect([test.flow().client.known, test.flow().server.known]).toEqual([false, true])
  })
})
