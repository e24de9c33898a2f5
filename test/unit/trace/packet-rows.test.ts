import { describe, expect, it } from 'vitest'
import { ArpHeader, ArpOperation, encodeArp } from '../../../src/wire/arp.ts'
import { encodeEthernet, EthernetHeader, EtherType } from '../../../src/wire/ethernet.ts'
import { encodeIcmp, IcmpHeader, IcmpType } from '../../../src/wire/icmp.ts'
import { IpProtocol } from '../../../src/wire/ipv4.ts'
import { encodeIpv6, fillIpv6, Ipv6Header } from '../../../src/wire/ipv6.ts'
import { encodeUdp, UdpHeader } from '../../../src/wire/udp.ts'
import { parseIpv6 } from '../../../src/wire/addresses.ts'
import { ipv4Frame, segment, TraceUnderTest, usualTuple } from './segments.ts'

const client = 0x0a4d0002
const server = 0x0a4d0050

function arpFrame(operation: number, senderIp: number, targetIp: number): Uint8Array {
  const frame = new Uint8Array(42)
  const ethernet = new EthernetHeader()
  ethernet.etherType = EtherType.arp
  const arp = new ArpHeader()
  arp.operation = operation
  arp.senderMac.set([2, 0, 0, 0, 0, 9])
  arp.senderIp = senderIp
  arp.targetIp = targetIp
  encodeArp(arp, frame, encodeEthernet(ethernet, frame, 0))
  return frame
}

function icmpFrame(type: number, code: number, rest: number, source = client, destination = server): Uint8Array {
  return ipv4Frame(source, destination, IpProtocol.icmp, (into, at) => {
    const header = new IcmpHeader()
    Object.assign(header, { type, code, rest })
    return encodeIcmp(header, into, at) + 20
  })
}

function udpFrame(source: number, sourcePort: number, destination: number, destinationPort: number): Uint8Array {
  return ipv4Frame(source, destination, IpProtocol.udp, (into, at) => {
    const header = new UdpHeader()
    Object.assign(header, { sourcePort, destinationPort, length: 8 + 30 })
    return encodeUdp(header, into, at) + 30
  })
}

function infoOf(frame: Uint8Array, linkType = 1): string {
  const test = new TraceUnderTest()
  test.add(frame, 0, linkType)
  return test.row(1).info
}

const infoOfData = (text: string) => infoOf(segment(`c> P. 101:${101 + text.length}(${text.length}) ack 2001`, usualTuple, text).frame)

describe('rows', () => {
  it('have the fields of the contract', () => {
    const test = new TraceUnderTest()
    test.send('@0.5 c> S 100:100(0) win 64240 <mss 1460,sackOK,TS,wscale 7>')
    test.send('@0.75 s> S. 2000:2000(0) ack 101 win 65160 <mss 1460,wscale 7>')
    const rows = test.trace.rows({ from: 0, count: 10 }, test.bytesOf)
    expect(rows.total).toBe(2)
    expect(rows.rows[1]).toEqual({
      number: 2, time: 0.25, direction: 1, source: '10.77.0.80', destination: '10.77.0.2', protocol: 'TCP', capturedLength: 62, originalLength: 62, flow: 0, comment: '',
      tcp: {
        sourcePort: 80, destinationPort: 40_100, flags: 0x12, seq: 2000, ack: 101, window: 65_160, scaledWindow: 65_160, length: 0, from: 1,
        state: 3, stateChanged: true, receiverState: 4, retransmission: false, findings: 0,
      },
      info: 'MSS 1460, WS 128', malformed: null,
    })
    expect(rows.rows[0].info).toBe('MSS 1460, SACK, TS, WS 128')
  })

  it('come in pages of at most 500, of all packets or of one flow', () => {
    const test = new TraceUnderTest()
    for (let i = 0; i < 1200; i++) test.send(`c> S ${i}:${i}(0)`, { ...usualTuple, clientPort: 20_000 + Math.floor(i / 600) })
    const page = (from: number, count: number, flow?: number) => {
      const { total, from: at, rows } = test.trace.rows({ from, count, flow }, test.bytesOf)
      return [total, at, rows.length, rows[0]?.number, rows.at(-1)?.number]
    }
    expect(page(0, 10_000)).toEqual([1200, 0, 500, 1, 500])
    expect(page(1150, 100)).toEqual([1200, 1150, 50, 1151, 1200])
    expect(page(-5, 2)).toEqual([1200, 0, 2, 1, 2])
    expect(page(5000, 2)).toEqual([1200, 1200, 0, undefined, undefined])
    expect(page(0, 10, 700)).toEqual([1, 0, 1, 701, 701])
    expect(page(0, 10, 9999)).toEqual([0, 0, 0, undefined, undefined])
  })

  it('of a flow are found again by position, over all block sizes of its list', () => {
    const test = new TraceUnderTest()
    for (let i = 0; i < 40_000; i++) {
      // Two flows in turn; the frame itself is the same each time.
      if (i < 2) test.send(`c> . ${i}:${i}(0) ack 1`, { ...usualTuple, clientPort: 30_000 + i })
      else test.trace.append({ ...columns, bytes: frames[i % 2] }, 1, null)
    }
    for (let position = 0; position < 20_000; position += 61) {
      const [row] = test.trace.rows({ from: position, count: 1, flow: 1 }, () => null).rows
      expect(row.number).toBe(2 * position + 2)
      expect(test.trace.findRow(row.number, 1)).toBe(position)
      expect(test.trace.findRow(row.number - 1, 1)).toBe(-1)
    }
  })

  it('without raw bytes hold what the columns know', () => {
    const test = new TraceUnderTest()
    test.send('c> S 100:100(0) <mss 1460>')
    const [row] = test.trace.rows({ from: 0, count: 1 }, () => null).rows
    expect(row).toMatchObject({ source: '10.77.0.2', destination: '10.77.0.80', protocol: 'TCP', info: '', tcp: { seq: 100 } })
  })

  it('give the whole packet with its flow\'s first numbers', () => {
    const test = new TraceUnderTest()
    const { frame } = segment('c> S 100:100(0)')
    test.add(frame, 2.5)
    test.send('s> S. 2000:2000(0) ack 101')
    expect(test.trace.packet(1, test.bytesOf))
      .toMatchObject({ number: 1, timeSec: 1_700_000_002, timeNsec: 500_000_000, linkType: 1, bytes: frame, clientIsn: 100, serverIsn: 2000, flow: 0 })
    expect(test.trace.packet(3, test.bytesOf)).toBeNull()
    expect(test.trace.packet(0, test.bytesOf)).toBeNull()
    expect(test.trace.packet(1.5, test.bytesOf)).toBeNull()
  })

  it('say what is malformed, and keep the good outer layers', () => {
    const test = new TraceUnderTest()
    const { frame } = segment('c> S 100:100(0) <mss 1460>')
    frame[14 + 20 + 12] = 0xf0
    test.add(frame)
    test.add(frame.subarray(0, 20))
    test.add(Uint8Array.of(1, 2, 3))
    expect(test.row(1)).toMatchObject({ protocol: 'TCP', malformed: 'tcp: headerTooLong at byte 46' })
    expect(test.row(2)).toMatchObject({ protocol: 'Ethernet', malformed: 'ipv4: truncated at byte 14' })
    expect(test.row(3)).toMatchObject({ protocol: 'Ethernet', source: '', malformed: 'ethernet: truncated at byte 0', flow: -1, tcp: null })
  })

  it('count the bytes that a cut capture has left out', () => {
    const test = new TraceUnderTest()
    const { frame } = segment('c> P. 101:1101(1000) ack 2001')
    test.add(frame.slice(0, 80), 0, 1, frame.length)
    expect(test.row(1)).toMatchObject({ capturedLength: 80, originalLength: 1054, malformed: null, tcp: { length: 1000 } })
    expect(test.flow().client.bytes).toBe(1000)
  })
})

const frames = [0, 1].map((i) => segment('c> . 5:5(0) ack 1', { ...usualTuple, clientPort: 30_000 + i }).frame)
const zero = Uint32Array.of(0)
const none = Uint8Array.of(0)
const length = Uint32Array.of(frames[0].length)
const columns = { count: 1, offset: zero, capturedLength: length, originalLength: length, timeSec: zero, timeNsec: zero, direction: none }

describe('info', () => {
  it('first line of HTTP, text in quotes, nothing for binary data', () => {
    expect(infoOfData('GET /note.txt HTTP/1.1\r\nHost: lab\r\n\r\n')).toBe('GET /note.txt HTTP/1.1')
    expect(infoOfData('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc')).toBe('HTTP/1.1 200 OK')
    expect(infoOfData('hello\r\n')).toBe('"hello"')
    expect(infoOfData('one\ntwo\n')).toBe('"one" …')
    expect(infoOfData('x'.repeat(200))).toBe(`"${'x'.repeat(48)}…"`)
    expect(infoOfData('\x00\x01binary')).toBe('')
    expect(infoOfData('GET / HTTP/1.1\x07')).toBe('')
  })

  it('ARP', () => {
    expect(infoOf(arpFrame(ArpOperation.request, client, server))).toBe('Who has 10.77.0.80? Tell 10.77.0.2')
    expect(infoOf(arpFrame(ArpOperation.reply, server, client))).toBe('10.77.0.80 is at 02:00:00:00:00:09')
    expect(infoOf(arpFrame(ArpOperation.request, 0, client))).toBe('Who has 10.77.0.2? (probe)')
    expect(infoOf(arpFrame(ArpOperation.request, client, client))).toBe('Announcement of 10.77.0.2')
    const test = new TraceUnderTest()
    test.add(arpFrame(ArpOperation.request, client, server))
    expect(test.row(1)).toMatchObject({ source: '10.77.0.2', destination: '10.77.0.80', protocol: 'ARP', flow: -1, tcp: null })
  })

  it('ICMP, whose echoes are a flow by identifier', () => {
    const test = new TraceUnderTest()
    test.add(icmpFrame(IcmpType.echoRequest, 0, 0x0007_0001))
    test.add(icmpFrame(IcmpType.echoReply, 0, 0x0007_0001, server, client))
    test.add(icmpFrame(IcmpType.echoRequest, 0, 0x0008_0001, server, client))
    test.add(icmpFrame(IcmpType.unreachable, 3, 0, server, client))
    expect([1, 2, 3, 4].map((number) => [test.row(number).info, test.row(number).flow])).toEqual([
      ['Echo request id 7, seq 1', 0], ['Echo reply id 7, seq 1', 0], ['Echo request id 8, seq 1', 1], ['Destination unreachable (port)', -1],
    ])
    expect(test.flow(0)).toMatchObject({ protocol: 'ICMP', client: { address: '10.77.0.2', port: 7, packets: 1 }, server: { address: '10.77.0.80', packets: 1 } })
    expect(test.flow(1).client.address).toBe('10.77.0.80')
    expect(infoOf(icmpFrame(IcmpType.unreachable, 4, 1400))).toBe('Destination unreachable (fragmentation needed, MTU 1400)')
    expect(infoOf(icmpFrame(IcmpType.timeExceeded, 0, 0))).toBe('Time exceeded (in transit)')
    expect(infoOf(icmpFrame(99, 0, 0))).toBe('Type 99')
  })

  it('UDP, whose client has the higher port', () => {
    const test = new TraceUnderTest()
    test.add(udpFrame(server, 53, client, 40_000))
    test.add(udpFrame(client, 40_000, server, 53))
    expect(test.row(1)).toMatchObject({ protocol: 'UDP', info: '53 > 40000, 30 bytes', flow: 0 })
    expect(test.flow()).toMatchObject({ protocol: 'UDP', client: { address: '10.77.0.2', port: 40_000, bytes: 30 }, server: { port: 53, packets: 1 } })
  })

  it('other Ethernet and IP, also IPv6', () => {
    const lldp = new Uint8Array(60)
    lldp.set([1, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 9, 0x88, 0xcc])
    const test = new TraceUnderTest()
    test.add(lldp)
    expect(test.row(1)).toMatchObject({ protocol: 'Ethernet', info: 'EtherType 0x88cc', source: '02:00:00:00:00:09', destination: '01:80:c2:00:00:0e' })
    test.add(ipv4Frame(client, server, 132, () => 12))
    expect(test.row(2)).toMatchObject({ protocol: 'IPv4', info: 'Protocol 132, 12 bytes', source: '10.77.0.2' })
    const ip = new Ipv6Header()
    ip.source.set(parseIpv6('fd00::2')!)
    ip.destination.set(parseIpv6('fd00::80')!)
    ip.nextHeader = IpProtocol.udp
    const frame = new Uint8Array(40 + 8 + 5)
    encodeIpv6(ip, frame, 0)
    fillIpv6(frame, 0, 13)
    const udp = new UdpHeader()
    Object.assign(udp, { sourcePort: 5000, destinationPort: 53, length: 13 })
    encodeUdp(udp, frame, 40)
    test.add(frame, null, 101)
    expect(test.row(3)).toMatchObject({ protocol: 'UDP', source: 'fd00::2', destination: 'fd00::80', flow: 0 })
    expect(test.flow().client.address).toBe('fd00::2')
  })
})
