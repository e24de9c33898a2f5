import { describe, expect, it } from 'vitest'
import { readU16 } from '../../../src/base/bytes.ts'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { Ecn, IpProtocol, isIpv4ChecksumGood } from '../../../src/wire/ipv4.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { Bench, ipv4Frame, tcpSegment } from './harness.ts'
import { ipv6Frame, met6, tcp6 } from './harness6.ts'

const tcp = { ...defaultTcpConfig, isn: 1000, timestamps: false, sackPermitted: false, windowScaling: false, delayedAck: false }
const { syn, ack, ece, cwr, psh } = TcpFlag
const data = Uint8Array.of(1, 2, 3)

/** Opens from the peer with ECN, sends marked data, lets the host send; the frames of the answers. */
function story(bench: Bench, frame: (flags: number, seq: number, ackNumber: number, ecn: number, bytes?: Uint8Array<ArrayBuffer>) => Uint8Array): Uint8Array[] {
  bench.host.listen(7)
  bench.receives(frame(syn | ece | cwr, 500, 0, Ecn.notEct))
  const frames = bench.frames()
  bench.receives(frame(ack, 501, 1001, Ecn.notEct))
  const { connection } = bench.events().find(({ kind }) => kind === 'accepted')!
  bench.receives(frame(ack | psh, 501, 1001, Ecn.ce, data))
  frames.push(...bench.frames())
  bench.host.send(connection, data, 0, 3, bench.nowUs)
  return [...frames, ...bench.frames()]
}

describe('the two ECN bits', () => {
  it('travel in IPv4 headers whose checksum is right [RFC3168/rx-ece] [RFC3168/ect-data]', () => {
    const bench = Bench.ready({ tcp })
    bench.meets()
    bench.frames()
    const frames = story(bench, (flags, seq, ackNumber, ecn, bytes) => ipv4Frame({
      protocol: IpProtocol.tcp, payload: tcpSegment({ sourcePort: 40000, destinationPort: 7, flags, seq, ack: ackNumber }, bytes), change: { tos: ecn },
    })).filter((each) => readU16(each, 12) === 0x0800)
    const seen = frames.map((each) => [each[15], each[47] & (ece | cwr), isIpv4ChecksumGood(each, 14)])
    expect(seen).toEqual([[Ecn.notEct, ece, true], [Ecn.notEct, ece, true], [Ecn.ect0, ece, true]])
  })

  it('travel in IPv6 headers', () => {
    const bench = met6({ tcp })
    bench.frames()
    const frames = story(bench, (flags, seq, ackNumber, ecn, bytes) => ipv6Frame({
      nextHeader: IpProtocol.tcp, payload: tcp6({ sourcePort: 40000, destinationPort: 7, flags, seq, ack: ackNumber }, bytes), change: { trafficClass: ecn },
    })).filter((each) => each[20] === IpProtocol.tcp)
    expect(frames.map((each) => [(readU16(each, 14) >>> 4) & 0xff, each[67] & (ece | cwr)])).toEqual([[Ecn.notEct, ece], [Ecn.notEct, ece], [Ecn.ect0, ece]])
  })
})
