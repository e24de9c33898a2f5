import { describe, expect, it } from 'vitest'
import { fieldTable } from '../../../src/filter/field-table.ts'
import { fieldTexts } from '../../../src/filter/text.ts'
import { encodeEthernet, EthernetHeader, EtherType } from '../../../src/wire/ethernet.ts'
import { encodeIpv4, fillIpv4, IpProtocol, Ipv4Flag, Ipv4Header } from '../../../src/wire/ipv4.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { FilterCapture } from '../../support/filter-capture.ts'
import { tcpFrame } from '../../support/nasty-segments.ts'
import type { TimedFrame } from '../../support/nasty-segments.ts'

const client = { address: 0x0a000001, port: 40_000 }
const server = { address: 0x0a000002, port: 80 }
const ethernetBytes = 14

/** Values under Wireshark's field names, as `tshark -T fields` prints them. */
function fieldsOf(frames: readonly TimedFrame[], number: number, ...names: string[]): string[] {
  const { view } = new FilterCapture(frames)
  view.moveTo(number - 1)
  return names.map((name) => fieldTexts(fieldTable.find((field) => field.name === name)!, view, String).join(','))
}

const timed = (...frames: readonly Uint8Array[]): TimedFrame[] => frames.map((bytes, i) => ({ timeNs: i * 1_000_000, bytes }))
const syn = () => tcpFrame({ own: client, peer: server, seq: 1000, ack: 0, flags: TcpFlag.syn, window: 5000, length: 0, options: [{ name: 'wscale', shift: 2 }] })
const synAck = () => tcpFrame({ own: server, peer: client, seq: 7000, ack: 1001, flags: TcpFlag.syn | TcpFlag.ack, window: 5000, length: 0, options: [{ name: 'wscale', shift: 2 }] })
const data = (length: number) => tcpFrame({ own: client, peer: server, seq: 1001, ack: 7001, flags: TcpFlag.ack, window: 500, length })
const sack = () => tcpFrame({
  own: server, peer: client, seq: 7001, ack: 1001, flags: TcpFlag.ack, window: 500, length: 0,
  options: [{ name: 'nop' }, { name: 'nop' }, { name: 'sack', blocks: [{ left: 1101, right: 1201 }, { left: 1301, right: 1401 }] }],
})
const packetOf = (frame: Uint8Array) => frame.subarray(ethernetBytes)

function ipFrame(protocol: number, payload: Uint8Array, { fragmentOffset = 0, flags = 0 } = {}): Uint8Array {
  const frame = new Uint8Array(ethernetBytes + 20 + payload.length)
  const ethernet = new EthernetHeader()
  ethernet.etherType = EtherType.ipv4
  const ipAt = encodeEthernet(ethernet, frame, 0)
  const ip = new Ipv4Header()
  Object.assign(ip, { source: 0x0a090001, destination: 0x0a090002, protocol, fragmentOffset, flags, identification: 77 })
  frame.set(payload, ipAt + encodeIpv4(ip, frame, 0, 0, frame, ipAt))
  fillIpv4(frame, ipAt, frame.length - ipAt)
  return frame
}

const gre = (frame: Uint8Array) => ipFrame(47, Uint8Array.of(0, 0, 8, 0, ...packetOf(frame)))
const icmpError = (frame: Uint8Array, quotedBytes: number) => ipFrame(IpProtocol.icmp, Uint8Array.of(3, 1, 0, 0, 0, 0, 0, 0, ...packetOf(frame).subarray(0, quotedBytes)))

describe('a packet within a packet', () => {
  it('has the fields of every level, and is found by each of their addresses', () => {
    const frames = timed(gre(syn()), gre(synAck()), gre(data(10)))
    expect(fieldsOf(frames, 3, 'ip.src', 'ip.dst', 'tcp.srcport', 'tcp.len', 'tcp.seq', 'tcp.seq_raw', 'tcp.window_size')).toEqual(
      ['10.9.0.1,10.0.0.1', '10.9.0.2,10.0.0.2', '40000', '10', '1', '1001', '2000'])
    const capture = new FilterCapture(frames)
    for (const filter of ['ip.addr == 10.9.0.1', 'ip.addr == 10.0.0.1', 'tcp.port == 80', 'tcp.stream == 0']) {
      expect(capture.select(filter)).toEqual([1, 2, 3])
      expect(capture.selectSingly(filter)).toEqual([1, 2, 3])
    }
  })

  it('is followed where the outer header says more than was captured', () => {
    const long = gre(data(500)).slice(0, 200)
    expect(fieldsOf(timed(gre(syn()), long), 2, 'tcp.stream', 'tcp.seq_raw')).toEqual(['0', '1001'])
  })
})

describe('a segment that an ICMP error quotes', () => {
  const names = ['tcp.stream', 'tcp.seq', 'tcp.ack', 'tcp.window_size', 'tcp.len', 'tcp.seq_raw'] as const

  it('shows its flow and raw numbers, and counts as an ACK without data', () => {
    const frames = timed(syn(), synAck(), icmpError(data(10), 60), data(0))
    expect(fieldsOf(frames, 3, ...names)).toEqual(['0', '1001', '7001', '500', '', ''])
    const { trace } = new FilterCapture(frames)
    expect(trace.tracker.flows[0].analysis.completeness).toBe(1 | 2 | 4)
  })

  it('shows its number alone where eight bytes of it are quoted', () => {
    expect(fieldsOf(timed(syn(), icmpError(data(10), 28)), 2, ...names)).toEqual(['', '1001', '', '', '', ''])
  })
})

describe('a header that is not whole', () => {
  it('is shown up to the cut', () => {
    const cut = { timeNs: 2, bytes: data(100).slice(0, ethernetBytes + 20 + 17), originalLength: ethernetBytes + 140 }
    const frames = [...timed(syn(), synAck()), cut]
    expect(fieldsOf(frames, 3, 'tcp.srcport', 'tcp.len', 'tcp.seq', 'tcp.flags', 'tcp.hdr_len', 'tcp.time_delta', 'tcp.urgent_pointer')).toEqual(
      ['40000', '100', '1', '0x0010', '20', '', ''])
  })

  it('has no data where its options are cut', () => {
    const cut = { timeNs: 2, bytes: sack().slice(0, ethernetBytes + 20 + 20 + 13), originalLength: sack().length }
    expect(fieldsOf([...timed(syn()), cut], 2, 'tcp.len', 'tcp.options.sack_le', 'tcp.options.sack_re', 'tcp.option_kind')).toEqual(['0', '101', '201', '1,1,5'])
  })

  it('counts the whole blocks of a SACK option that is cut', () => {
    const cut = { timeNs: 3, bytes: sack().slice(0, ethernetBytes + 20 + 20 + 13), originalLength: sack().length }
    const frames = [...timed(syn(), synAck(), data(400)), cut, ...timed(data(400)).map((frame) => ({ ...frame, timeNs: 4 }))]
    expect(fieldsOf(frames, 5, 'tcp.analysis.bytes_in_flight')).toEqual(['300'])
  })
})

describe('a segment in fragments', () => {
  it('is shown with the fragment that completes it', () => {
    const segment = packetOf(data(100)).subarray(20)
    const frames = timed(ipFrame(IpProtocol.tcp, segment.subarray(0, 40), { flags: Ipv4Flag.moreFragments }), ipFrame(IpProtocol.tcp, segment.subarray(40), { fragmentOffset: 5 }))
    const names = ['tcp.stream', 'tcp.srcport', 'tcp.len', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.flags', 'tcp.window_size_value']
    expect(fieldsOf(frames, 1, ...names)).toEqual(['', '', '', '', '', '', ''])
    expect(fieldsOf(frames, 2, ...names)).toEqual(['0', '40000', '100', '1001', '7001', '0x0010', '500'])
  })

  it('is shown with its first fragment where that was cut, by raw numbers and without a length', () => {
    const first = ipFrame(IpProtocol.tcp, packetOf(data(100)).subarray(20, 60), { flags: Ipv4Flag.moreFragments })
    const cut = { timeNs: 0, bytes: first.slice(0, first.length - 8), originalLength: first.length }
    expect(fieldsOf([cut], 1, 'tcp.stream', 'tcp.seq', 'tcp.seq_raw', 'tcp.len', 'tcp.nxtseq')).toEqual(['0', '1001', '1001', '', ''])
  })
})
