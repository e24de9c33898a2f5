import { describe, expect, it } from 'vitest'
import { writeU16 } from '../../../src/base/bytes.ts'
import { insightTable } from '../../../src/trace/insight/insight.ts'
import type { FlowVerdict } from '../../../src/rpc/flows-contract.ts'
import { foldSum, pseudoHeaderSum4 } from '../../../src/wire/checksum.ts'
import { segment, TraceUnderTest } from './segments.ts'

function traceOf(lines: readonly string[]): TraceUnderTest {
  const test = new TraceUnderTest(undefined, true)
  for (const line of lines) test.send(line)
  return test
}

/** `packet name operands [packets]` of everything that was found in packets. */
function found(lines: readonly string[]): string[] {
  const { trace } = traceOf(lines)
  return lines.flatMap((_, i) => trace.packetInsights(i + 1).map(({ name, operands, packets }) => `${i + 1} ${name} ${Object.entries(operands).map(([key, value]) => `${key}=${value}`).join(' ')} [${packets.join(' ')}]`))
}

function verdict(lines: readonly string[], name: FlowVerdict['name']): FlowVerdict | undefined {
  return traceOf(lines).trace.flowInsights(0)!.verdicts.find((one) => one.name === name)
}

/** A handshake that takes 20 ms, all of it on the server's side of the capture, with timestamps. */
const open = [
  '@1 c> S 1000:1000(0) win 60000 <mss 1460,sackOK,TS 100 0>',
  '@1.02 s> S. 5000:5000(0) ack 1001 win 60000 <mss 1460,sackOK,TS 900 100>',
  '@1.0201 c> . 1001:1001(0) ack 5001 win 60000 <TS 120 900>',
]

describe('what came where something was missing', () => {
  it('was late where its timestamp is older than that of what came before it, however long that is ago', () => {
    expect(found([
      ...open,
      '@2 c> . 2001:3001(1000) ack 5001 <TS 1101 900>',
      '@2.5 c> . 1001:2001(1000) ack 5001 <TS 1100 900>',
    ])).toEqual(['5 reorderedByTimestamp tsVal=1100 tsBefore=1101 [4]'])
  })

  it('was sent again where its timestamp is newer, however soon it came', () => {
    expect(found([
      ...open,
      '@2 c> . 2001:3001(1000) ack 5001 <TS 1100 900>',
      '@2.002 c> . 1001:2001(1000) ack 5001 <TS 1102 900>',
    ])).toEqual(['5 resentByTimestamp tsVal=1102 tsBefore=1100 [4]'])
  })

  it('is told apart by IP ids that count on where there are no timestamps, and by nothing where they do not', () => {
    const lines = (ids: readonly number[]) => [
      'c> S 1000:1000(0)', 's> S. 5000:5000(0) ack 1001', 'c> . 1001:1001(0) ack 5001',
      ...ids.slice(0, 6).map((id, i) => `@${2 + i / 1000} c> . ${1001 + 100 * i}:0(100) ack 5001 id ${id}`),
      `@2.1 c> . 2001:0(100) ack 5001 id ${ids[6]}`,
      `@2.9 c> . 1601:0(100) ack 5001 id ${ids[7]}`,
    ]
    expect(found(lines([7, 8, 9, 10, 11, 12, 14, 13]))).toEqual(['11 reorderedByIpId ipId=13 ipIdBefore=14 [10]'])
    expect(found(lines([7, 8, 9, 10, 11, 12, 14, 15]))).toEqual([])
    expect(found(lines([7, 800, 9, 10_000, 11, 12, 14, 13]))).toEqual([])
  })
})

describe('what was sent before', () => {
  it('with the same IP id is one datagram that came twice', () => {
    expect(found([
      ...open,
      '@2 c> P. 1001:1101(100) ack 5001 win 60000 id 77 <TS 1100 900>',
      '@2.3 c> P. 1001:1101(100) ack 5001 win 60000 id 77 <TS 1100 900>',
    ])).toEqual(['5 duplicateFrame ipId=77 [4]'])
  })

  it('was needless where D-SACK says that the receiver had it', () => {
    expect(found([
      ...open,
      '@2 c> P. 1001:1101(100) ack 5001 <TS 1100 900>',
      '@2.3 c> P. 1001:1101(100) ack 5001 <TS 1400 900>',
      '@2.32 s> . 5001:5001(0) ack 1101 win 60000 <TS 2200 1400>',
      '@2.33 s> . 5001:5001(0) ack 1101 win 60000 <TS 2201 1400,sack 1001:1101>',
    ])).toEqual(['5 needlessByDsack  [7]', '7 dsackOfRetransmission left=1 right=101 [5]', '7 notDuplicateAck ack=101 [6]'])
  })

  it('was not sent twice but came twice where D-SACK speaks and nothing had been sent again', () => {
    expect(found([
      ...open,
      '@2 c> P. 1001:1101(100) ack 5001 win 60000 <TS 1100 900>',
      '@2.02 s> . 5001:5001(0) ack 1101 win 60000 <TS 2200 1100>',
      '@2.03 s> . 5001:5001(0) ack 1101 win 60000 <TS 2201 1100,sack 1001:1101>',
    ])).toContain('6 dsackOfDuplicate left=1 right=101 []')
  })

  it('was needless where the first ACK for it echoes the timestamp of the original', () => {
    const lines = (echo: number) => [
      ...open,
      '@2 c> . 1001:2001(1000) ack 5001 win 60000 <TS 1100 900>',
      '@2.001 c> . 2001:3001(1000) ack 5001 win 60000 <TS 1101 900>',
      '@2.3 c> . 1001:2001(1000) ack 5001 win 60000 <TS 1400 900>',
      `@2.31 s> . 5001:5001(0) ack 3001 win 60000 <TS 2200 ${echo}>`,
    ]
    expect(found(lines(1100))).toEqual(['6 needlessByEifel tsEcr=1100 tsVal=1400 [7]'])
    expect(found(lines(1400))).toEqual([])
    expect(verdict(lines(1100), 'needlessRetransmissions')).toMatchObject({ side: 0, params: { count: 1, of: 1, byEifel: 1, byDsack: 0 } })
  })

  it('is not judged by an ACK that covers more than what was sent again first', () => {
    // Two repetitions, one ACK for both: it echoes the first, which says nothing of the second.
    expect(found([
      ...open,
      '@2 c> . 1001:2001(1000) ack 5001 win 60000 <TS 1100 900>',
      '@2.001 c> . 2001:3001(1000) ack 5001 win 60000 <TS 1101 900>',
      '@2.3 c> . 1001:2001(1000) ack 5001 win 60000 <TS 1400 900>',
      '@2.301 c> . 2001:3001(1000) ack 5001 win 60000 <TS 1401 900>',
      '@2.32 s> . 5001:5001(0) ack 3001 win 60000 <TS 2200 1400>',
    ])).toEqual([])
  })
})

describe('one below the next number', () => {
  const typed = [...open, '@2 c> P. 1001:1002(1) ack 5001 win 60000 <TS 1100 900>']

  it('is the last byte again while it is not acknowledged, whatever Wireshark calls it', () => {
    expect(found([...typed, '@2.3 c> P. 1001:1002(1) ack 5001 win 60000 <TS 1400 900>'])).toEqual(['5 byteResent seq=1 [2]'])
    expect(found([...typed, '@2.02 s> . 5001:5001(0) ack 1002 win 60000 <TS 920 1100>', '@9 c> . 1001:1002(1) ack 5001 win 60000 <TS 8400 920>'])).toEqual([])
  })

  it('is a probe where the window is closed', () => {
    expect(found([
      ...typed,
      '@2.02 s> . 5001:5001(0) ack 1002 win 0 <TS 920 1100>',
      '@2.5 c> . 1001:1001(0) ack 5001 win 60000 <TS 1600 920>',
      '@3 s> . 5001:5001(0) ack 1002 win 30000 <TS 1900 1100>',
    ])).toEqual(['5 windowShrunk before=60001 edge=2 []', '6 closedWindowProbe  [5]', '7 windowReopened stalledUs=980000 window=30000 [5]'])
  })
})

describe('ACKs', () => {
  it('are duplicates by RFC 5681 only while something is outstanding', () => {
    expect(found([...open, '@2 s> . 5001:5001(0) ack 1001 win 60000 <TS 950 120>', '@3 s> . 5001:5001(0) ack 1001 win 60000 <TS 960 120>'])).toEqual([
      '4 notDuplicateAck ack=1 [2]', '5 notDuplicateAck ack=1 [2]',
    ])
  })

  it('with new SACK blocks count as duplicates by RFC 6675 though the window changed', () => {
    expect(found([
      ...open,
      '@2 c> . 1001:2001(1000) ack 5001 win 60000 <TS 1100 900>',
      '@2.001 c> . 2001:3001(1000) ack 5001 win 60000 <TS 1101 900>',
      '@2.02 s> . 5001:5001(0) ack 1001 win 60100 <TS 920 120,sack 2001:3001>',
    ])).toEqual(['6 duplicateAckBySack ack=1 left=1001 right=2001 [2]'])
  })

  it('that wait on purpose are named with what they waited beyond the way', () => {
    const lines = (at: string) => [...open, '@2 c> P. 1001:1101(100) ack 5001 win 60000 <TS 1100 900>', `@${at} s> . 5001:5001(0) ack 1101 win 60000 <TS 920 1100>`]
    expect(found(lines('2.06'))).toEqual(['5 delayedAck waitedUs=40000 pathUs=20000 [4]'])
    expect(found(lines('2.021'))).toEqual([])
    expect(found(lines('2.7'))).toEqual(['5 delayedAck waitedUs=680000 pathUs=20000 [4]', '5 ackTooLate waitedUs=680000 [4]'])
  })

  it('that wait for more while the sender waits for them are told with the segment that was held', () => {
    const lines = [
      ...open,
      '@2 c> P. 1001:1101(100) ack 5001 win 60000 <TS 1100 900>',
      '@2.06 s> . 5001:5001(0) ack 1101 win 60000 <TS 920 1100>',
      '@2.0601 c> P. 1101:1151(50) ack 5001 win 60000 <TS 1160 920>',
    ]
    expect(found(lines).slice(1)).toEqual(['6 nagleDelayedAck waitedUs=40000 length=50 [5 4]'])
    expect(verdict(lines, 'nagleDelayedAcks')).toEqual({ name: 'nagleDelayedAcks', side: 0, params: { count: 1, totalUs: 40_000 }, packets: [6] })
    // A second later it was the application that waited.
    expect(found([...lines.slice(0, 5), '@3 c> P. 1101:1151(50) ack 5001 win 60000 <TS 2100 920>']).slice(1)).toEqual([])
  })
})

describe('windows', () => {
  it('whose right edge moves left are told', () => {
    expect(found([...open, '@2 c> P. 1001:1101(100) ack 5001 win 60000 <TS 1100 900>', '@2.02 s> . 5001:5001(0) ack 1101 win 50000 <TS 920 1100>'])).toEqual([
      '5 windowShrunk before=60001 edge=50101 []',
    ])
  })

  it('that open by a few bytes are silly, and so are segments that fill them', () => {
    const lines = [
      ...open,
      '@2 c> . 1001:2449(1448) ack 5001 win 60000 <TS 1100 900>',
      '@2.02 s> . 5001:5001(0) ack 2449 win 0 <TS 920 1100>',
      '@2.1 s> . 5001:5001(0) ack 2449 win 10 <TS 930 1100>',
      '@2.101 c> . 2449:2459(10) ack 5001 win 60000 <TS 1101 930>',
    ]
    const silly = found(lines).filter((line) => line.includes('silly') || line.includes('windowReopened'))
    expect(silly).toEqual(['6 sillyWindow advance=10 least=1448 []', '6 windowReopened stalledUs=80000 window=10 [5]', '7 sillySegment length=10 least=1448 [5]'])
  })
})

describe('a reset', () => {
  const opened = [...open, '@2 c> P. 1001:1101(100) ack 5001 win 60000 <TS 1100 900>', '@2.02 s> . 5001:5001(0) ack 1101 win 60000 <TS 920 1100>']
  const causeOf = (lines: readonly string[]) => found(lines).filter((line) => line.includes('reset') || line.includes('foreign'))

  it('that answers a SYN refuses the connection', () => {
    const lines = ['@1 c> S 1000:1000(0)', '@1.01 s> R. 0:0(0) ack 1001 win 0']
    expect(causeOf(lines)).toEqual(['2 resetRefused  [1]'])
    expect(verdict(lines, 'resetRefused')).toEqual({ name: 'resetRefused', side: 1, params: {}, packets: [2] })
  })

  it('that answers a SYN+ACK with another acknowledgment refuses an old one', () => {
    expect(causeOf(['c> S 1000:1000(0)', 's> S. 5000:5000(0) ack 400', 'c> R 400:400(0) win 0'])).toEqual(['3 resetUnacceptableAck ack=4294966696 [2]'])
  })

  it('with the number that was acknowledged and no ACK bit answers a segment of a connection that is not there', () => {
    expect(causeOf([...opened, '@100 c> P. 1101:1201(100) ack 5001 win 60000', '@100.02 s> R 5001:5001(0) win 0'])).toEqual(['7 resetHalfOpen idleUs=98000000 [6]'])
  })

  it('after a FIN answers data that came too late', () => {
    expect(causeOf([...opened, '@3 s> F. 5001:5001(0) ack 1101 win 60000', '@3.001 c> P. 1101:1201(100) ack 5002 win 60000', '@3.02 s> R 5002:5002(0) win 0']))
      .toEqual(['8 resetAfterClose bytes=100 [7]'])
  })

  it('after repetitions without an answer gives up', () => {
    expect(causeOf([...opened, ...[4, 5, 7, 11].map((at) => `@${at} c> P. 1101:1201(100) ack 5001 win 60000 <TS ${at}000 920>`), '@27 c> R. 1201:1201(0) ack 5001 win 60000']))
      .toEqual(['10 resetTimeout repeats=3 waitedUs=22000000 [7]'])
  })

  it('at the next number with the ACK bit is an abort; with data that nobody had read it is told how much', () => {
    expect(causeOf([...opened, '@3 s> R. 5001:5001(0) ack 1101 win 60000'])).toEqual(['6 resetAbort unacked=0 idleUs=980000 [5]'])
    expect(causeOf([...opened.slice(0, 4), '@2.02 s> . 5001:5001(0) ack 1101 win 59900', '@3 s> R. 5001:5001(0) ack 1101 win 59900'])).toEqual(['6 resetUnread bytes=100 [4]'])
  })

  it('with a number that was neither next nor asked for is a stray, and a TTL that is not its sender\'s points to a third party', () => {
    expect(causeOf([...opened, '@3 s> R 9999:9999(0) win 0 ttl 55'])).toEqual(['6 foreignTtl ttl=55 usual=64 [5]', '6 resetStray seq=4999 expected=1 []'])
    expect(verdict([...opened, '@3 s> R 9999:9999(0) win 0 ttl 55'], 'foreignTtl')).toMatchObject({ side: 1, packets: [6] })
  })

  it('that takes its number from an earlier acknowledgment answers what came late', () => {
    expect(causeOf([...opened, '@3 s> P. 5001:5101(100) ack 1101', '@3.02 c> . 1101:1101(0) ack 5101', '@3.04 s> R 5001:5001(0) win 0'])).toEqual(['8 resetLate ack=1 []'])
  })

  it('that is repeated says nothing new', () => {
    expect(causeOf([...opened, '@3 s> R. 5001:5001(0) ack 1101', '@3.1 s> R. 5001:5001(0) ack 1101'])[1]).toBe('7 resetRepeated  [6]')
  })
})

describe('the opening', () => {
  it('counts SYNs that nobody answers', () => {
    const lines = ['@1 c> S 1000:1000(0)', '@2 c> S 1000:1000(0)', '@4 c> S 1000:1000(0)']
    expect(found(lines)).toEqual(['2 synRetry count=1 waitedUs=1000000 [1]', '3 synRetry count=2 waitedUs=2000000 [2]'])
    expect(verdict(lines, 'noAnswer')).toMatchObject({ params: { syns: 3 } })
    expect(verdict(lines, 'synRetries')).toMatchObject({ params: { count: 2 } })
  })

  it('is half open where nobody acknowledges the SYN+ACK', () => {
    const lines = ['@1 c> S 1000:1000(0)', '@1.01 s> S. 5000:5000(0) ack 1001', '@2.01 s> S. 5000:5000(0) ack 1001']
    expect(found(lines)).toEqual(['3 synAckRetry count=1 waitedUs=1000000 [2]'])
    expect(verdict(lines, 'halfOpen')).toMatchObject({ params: { answers: 2 }, packets: [3] })
    expect(verdict(open, 'halfOpen')).toBeUndefined()
  })

  it('that was not captured is told', () => {
    expect(verdict(['c> . 1:2(1) ack 5'], 'midStream')).toBeDefined()
    expect(verdict(open, 'midStream')).toBeUndefined()
  })
})

describe('frames of the machine that captures', () => {
  it('are larger than the MSS where its network card cuts them later', () => {
    const lines = [...open, '@2 c> P. 1001:5345(4344) ack 5001 win 60000 <TS 1100 900>']
    expect(found(lines)).toEqual(['4 superSegment length=4344 mss=1460 []'])
    expect(verdict(lines, 'superSegments')).toMatchObject({ side: 0, params: { count: 1 }, packets: [4] })
  })

  it('have checksums that its network card finishes: those are no errors', () => {
    const test = traceOf(open)
    const { frame } = segment('@2 c> P. 1001:1101(100) ack 5001 win 60000 <TS 1100 900>')
    const pseudo = foldSum(pseudoHeaderSum4(frame, 26, 30, 6, frame.length - 34))
    writeU16(frame, 50, pseudo)
    test.add(frame)
    expect(test.trace.packetInsights(4).map(({ name }) => name)).toEqual(['unfinishedChecksum'])
    writeU16(frame, 50, pseudo ^ 1)
    test.add(frame)
    expect(test.trace.packetInsights(5).map(({ name }) => name)).toEqual([])
  })
})

describe('the first flight', () => {
  const flight = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `@${2 + (from + i) / 10_000} c> . ${1001 + 1448 * (from + i)}:0(1448) ack 5001 win 60000 <TS 1100 900>`)

  it('is what a sender sends before it hears of any of it', () => {
    const answered = [...open, ...flight(10), '@2.02 s> . 5001:5001(0) ack 3897 win 60000 <TS 920 1100>', ...flight(4, 210).map((line, i) => line.replace(/c> \. \d+/, `c> . ${1001 + 1448 * (10 + i)}`))]
    expect(verdict(answered, 'initialWindow')).toEqual({ name: 'initialWindow', side: 0, params: { segments: 10, bytes: 14_480 }, packets: [] })
  })

  it('was at least so much where the data ended with it', () => {
    const lines = [...open, ...flight(3), '@2.0004 c> P. 5345:0(200) ack 5001 win 60000 <TS 1100 900>', '@2.02 s> . 5001:5001(0) ack 5545 win 60000 <TS 920 1100>']
    expect(verdict(lines, 'initialWindowAtLeast')).toMatchObject({ params: { segments: 4, bytes: 4544 } })
    expect(verdict(lines, 'initialWindow')).toBeUndefined()
  })

  it('ends with the first answer where no round trip is known, because the SYN was sent again', () => {
    const again = ['@0 c> S 1000:1000(0) win 60000 <mss 1460,sackOK,TS 90 0>', ...open]
    const answered = [...again, ...flight(10), '@2.02 s> . 5001:5001(0) ack 3897 win 60000 <TS 920 1100>', ...flight(4, 210).map((line, i) => line.replace(/c> \. \d+/, `c> . ${1001 + 1448 * (10 + i)}`))]
    expect(verdict(answered, 'initialWindowAtLeast')).toMatchObject({ params: { segments: 10, bytes: 14_480 } })
  })
})

describe('the table', () => {
  it('names the source of each rule', () => {
    for (const { source } of Object.values(insightTable)) expect(source).toMatch(/^RFC \d+ §[\d.]+$/)
  })
})
