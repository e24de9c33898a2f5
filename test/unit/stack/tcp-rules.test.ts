import { describe, expect, it } from 'vitest'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { createTcpSnapshot } from '../../../src/tcp/snapshot.ts'
import { TcpState } from '../../../src/tcp/state.ts'
import { IpProtocol } from '../../../src/wire/ipv4.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { Bench, icmpMessage, ip, ipv4Frame, ourIp, peerIp, tcpSegment } from './harness.ts'

const tcp = { ...defaultTcpConfig, timestamps: false, sackPermitted: false, windowScaling: false }
const { syn, ack, fin, psh, urg } = TcpFlag
const s = 1_000_000

function met(change = {}): Bench {
  const bench = Bench.ready({ tcp: { ...tcp, ...change } })
  bench.meets()
  return bench
}

const segment = (change: Parameters<typeof tcpSegment>[0], data?: Uint8Array<ArrayBuffer>, source = peerIp) =>
  ipv4Frame({ protocol: IpProtocol.tcp, payload: tcpSegment({ sourcePort: 40_000, destinationPort: 7, ...change }, data, source, ourIp), source })

const short = (lines: string[]) => lines.map((line) => line.replaceAll(/10\.77\.0\.\d+:/g, ''))
const view = createTcpSnapshot()
const snapshot = (bench: Bench, id: number) => {
  bench.host.connection(id)!.snapshot(view)
  return view
}

/** Opened by the peer, closed by us, and in TIME-WAIT; the peer's next number is 502. */
function inTimeWait(bench: Bench): number {
  bench.host.listen(7)
  bench.receives(segment({ flags: syn, seq: 500 }))
  const isn = Number(/S\. (\d+):/.exec(bench.sent()[0])![1])
  bench.receives(segment({ flags: ack, seq: 501, ack: isn + 1 }))
  const id = bench.events().find(({ kind }) => kind === 'accepted')!.connection
  bench.host.close(id, bench.nowUs)
  bench.frames()
  bench.receives(segment({ flags: fin | ack, seq: 501, ack: isn + 2 }))
  bench.frames()
  bench.events()
  expect(snapshot(bench, id).state).toBe(TcpState.timeWait)
  return id
}

describe('a SYN for a connection in TIME-WAIT', () => {
  it('opens the next one where somebody listens, with numbers above the old ones [RFC9293/MAY-2] [RFC6191/no-ts]', () => {
    const bench = met()
    const old = inTimeWait(bench)
    const { sndNxt } = snapshot(bench, old)
    bench.receives(segment({ flags: syn, seq: 502 }))
    const [answer] = short(bench.sent())
    const [, isn] = /^7 > 40000 S\. (\d+):\1\(0\) ack 503 /.exec(answer)!
    expect(Number(isn)).toBeGreaterThan(sndNxt)
    expect(bench.events().map(({ kind, connection }) => [kind, connection])).toEqual([['closed', old]])
    bench.receives(segment({ flags: ack, seq: 503, ack: Number(isn) + 1 }))
    expect(bench.events().map(({ kind }) => kind)).toContain('accepted')
    expect([...bench.host.connections()].filter(({ isLive }) => isLive)).toHaveLength(1)
  })

  it('that may be old is dropped without an answer [RFC6191/no-ts] [RFC9293/MAY-2]', () => {
    const bench = met()
    const old = inTimeWait(bench)
    bench.receives(segment({ flags: syn, seq: 400 }))
    expect(bench.sent()).toEqual([])
    expect(snapshot(bench, old).state).toBe(TcpState.timeWait)
  })

  it('is challenged where nobody listens, or where reuse is off', () => {
    const unheard = met()
    inTimeWait(unheard)
    unheard.host.unlisten(7)
    unheard.receives(segment({ flags: syn, seq: 502 }))
    expect(short(unheard.sent())[0]).toMatch(/^7 > 40000 \. \d+:\d+\(0\) ack 502 /)
    const strict = met({ timeWaitReuse: false })
    inTimeWait(strict)
    strict.receives(segment({ flags: syn, seq: 502 }))
    expect(short(strict.sent())[0]).toMatch(/^7 > 40000 \. /)
  })
})

describe('reports to the application', () => {
  const connecting = (change = {}) => {
    const bench = met(change)
    const id = bench.host.connect(peerIp, 80, { localPort: 5000 }, bench.nowUs) as number
    const [line] = bench.sent()
    const isn = Number(/S (\d+):/.exec(line)![1])
    bench.receives(segment({ flags: syn | ack, seq: 500, ack: isn + 1, sourcePort: 80, destinationPort: 5000 }))
    bench.frames()
    bench.events()
    return { bench, id, isn }
  }
  const unreachable = (isn: number) => {
    const payload = tcpSegment({ sourcePort: 5000, destinationPort: 80, seq: isn + 1, flags: ack })
    const quoted = ipv4Frame({ protocol: IpProtocol.tcp, payload, source: ourIp, destination: peerIp }).subarray(14)
    return ipv4Frame({ protocol: IpProtocol.icmp, payload: icmpMessage(3, 1, 0, quoted) })
  }

  it('tell of ICMP errors, of R1 and of urgent data [RFC9293/report-set] [RFC9293/SHLD-9]', () => {
    const { bench, id, isn } = connecting()
    bench.receives(segment({ flags: ack | urg, seq: 501, ack: isn + 1, urgentPointer: 3, sourcePort: 80, destinationPort: 5000 }))
    expect(bench.events().map(({ kind }) => kind)).toEqual(['urgent'])
    bench.host.send(id, Uint8Array.of(1), 0, 1, bench.nowUs)
    bench.frames()
    bench.receives(unreachable(isn))
    expect(bench.events().map(({ kind }) => kind)).toEqual(['unreachable'])
    bench.advance(6.9 * s)
    expect(bench.events()).toEqual([])
    bench.advance(0.2 * s)
    expect(bench.events().map(({ kind }) => kind)).toEqual(['trouble'])
    expect(snapshot(bench, id).state).toBe(TcpState.established)
    bench.advance(300 * s)
    expect(bench.events().map(({ kind }) => kind)).toEqual(['timedOut'])
  })

  it('of errors and of R1 can be switched off [RFC9293/SHLD-20] [RFC9293/SHLD-9]', () => {
    const { bench, id, isn } = connecting()
    expect(bench.host.setOption(id, 'reportTrouble', false, bench.nowUs)).toBeNull()
    bench.host.send(id, Uint8Array.of(1), 0, 1, bench.nowUs)
    bench.frames()
    bench.receives(unreachable(isn))
    bench.advance(100 * s)
    expect(bench.events()).toEqual([])
    bench.advance(300 * s)
    expect(bench.events().map(({ kind }) => kind)).toEqual(['timedOut'])
  })

  it('of R1 make the host look for its way anew [RFC9293/MUST-20]', () => {
    const { bench, id } = connecting()
    bench.host.send(id, Uint8Array.of(1), 0, 1, bench.nowUs)
    bench.frames()
    const record = bench.host.record(id)!
    expect(record.neighbour).not.toBeNull()
    bench.advance(7.5 * s)
    expect(bench.events().map(({ kind }) => kind)).toEqual(['trouble'])
    expect(record.neighbour).toBeNull()
    bench.advance(8 * s)
    expect(record.neighbour).not.toBeNull()
  })
})

describe('ports', () => {
  it('of a connection that is still opening can be listened on [RFC9293/MUST-42]', () => {
    const bench = met()
    bench.host.connect(peerIp, 80, { localPort: 5000 }, bench.nowUs)
    bench.sent()
    expect(bench.host.listen(5000)).toBeNull()
    const third = ip('10.77.0.9')
    bench.meets(third)
    bench.receives(segment({ flags: syn, seq: 9, destinationPort: 5000 }, undefined, third))
    expect(short(bench.sent())[0]).toMatch(/^5000 > 40000 S\. /)
  })

  it('that are chosen for connections lie in their range, differ, and follow no order [RFC6056/port-obfuscate]', () => {
    const bench = met()
    const chosen = Array.from({ length: 1000 }, () => bench.host.record(bench.host.connect(peerIp, 80, {}, bench.nowUs) as number)!.localPort)
    expect(new Set(chosen).size).toBe(1000)
    expect(Math.min(...chosen)).toBeGreaterThanOrEqual(49_152)
    expect(Math.max(...chosen)).toBeLessThanOrEqual(65_535)
    expect(chosen.filter((port, i) => i > 0 && Math.abs(port - chosen[i - 1]) <= 2).length).toBeLessThan(10)
  })
})

describe('the timestamp clock', () => {
  it('begins somewhere else for each tuple, and goes on for the same one [RFC7323/ts-offset]', () => {
    const bench = met({ timestamps: true })
    const stampOf = (localPort: number) => {
      const id = bench.host.connect(peerIp, 80, { localPort }, bench.nowUs) as number
      const stamp = Number(/TS val (\d+)/.exec(bench.sent()[0])![1])
      bench.host.abort(id, bench.nowUs)
      bench.frames()
      bench.events()
      return stamp
    }
    const stamps = [5000, 5001, 5002, 5003].map(stampOf)
    for (let i = 1; i < stamps.length; i++) expect(Math.abs(stamps[i] - stamps[i - 1])).toBeGreaterThan(1_000_000)
    bench.advance(2 * s)
    expect(stampOf(5000)).toBe((stamps[0] + 2000) >>> 0)
  })

  it('begins where the configuration says, when it says so', () => {
    const bench = met({ timestamps: true, timestampOffset: 77 })
    bench.host.connect(peerIp, 80, {}, bench.nowUs)
    expect(bench.sent()[0]).toContain(`TS val ${77 + bench.nowUs / 1000} `)
  })
})

describe('data after the host has closed both directions', () => {
  it('draws RST [RFC9293/SHLD-3]', () => {
    const bench = met()
    bench.host.listen(7)
    bench.receives(segment({ flags: syn, seq: 500 }))
    const isn = Number(/S\. (\d+):/.exec(bench.sent()[0])![1])
    bench.receives(segment({ flags: ack, seq: 501, ack: isn + 1 }))
    const id = bench.events().find(({ kind }) => kind === 'accepted')!.connection
    bench.host.closeBoth(id, bench.nowUs)
    bench.frames()
    bench.receives(segment({ flags: ack | psh, seq: 501, ack: isn + 2 }, Uint8Array.of(1, 2)))
    expect(short(bench.sent())).toEqual([`7 > 40000 R ${isn + 2}:${isn + 2}(0) win 0`])
  })
})

describe('the Diffserv field', () => {
  it('may change while a connection lives: what leaves afterwards has the new one [RFC9293/SHLD-21]', () => {
    const bench = met()
    bench.host.listen(7)
    bench.receives(segment({ flags: syn, seq: 500 }))
    const [answer] = bench.frames()
    const isn = new DataView(answer.buffer, answer.byteOffset).getUint32(14 + 20 + 4)
    bench.receives(segment({ flags: ack, seq: 501, ack: (isn + 1) >>> 0 }))
    const id = bench.events().find(({ kind }) => kind === 'accepted')!.connection
    const fieldOf = () => {
      bench.host.send(id, Uint8Array.of(1), 0, 1, bench.nowUs)
      const [frame] = bench.frames()
      return frame[15] >> 2
    }
    expect(bench.host.setOption(id, 'nagle', false, bench.nowUs)).toBeNull()
    expect(fieldOf()).toBe(0)
    expect(bench.host.setOption(id, 'dscp', 10, bench.nowUs)).toBeNull()
    expect([fieldOf(), fieldOf()]).toEqual([10, 10])
    expect(bench.host.setOption(id, 'dscp', 64, bench.nowUs)).toMatchObject({ code: 'badArgument' })
  })
})
