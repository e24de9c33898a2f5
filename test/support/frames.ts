import { parseHex, writeU16 } from '../../src/base/bytes.ts'
import { pseudoHeaderSum4, pseudoHeaderSum6 } from '../../src/wire/checksum.ts'
import { fillIcmpChecksum } from '../../src/wire/icmp.ts'
import { fillIcmpv6Checksum } from '../../src/wire/icmpv6.ts'
import { fillIpv4 } from '../../src/wire/ipv4.ts'
import { fillTcpChecksum } from '../../src/wire/tcp.ts'
import { fillUdp } from '../../src/wire/udp.ts'

/** Hand-written frames, as hex an RFC can be read against. Checksums and lengths are filled in by the helpers below. */
export function bytesOf(text: string): Uint8Array {
  const bytes = parseHex(text.replace(/[|]/g, ' '))
  if (!bytes) throw new Error(`not hex: ${text}`)
  return bytes
}

const ethernet4 = '02 00 00 00 00 02 | 02 00 00 00 00 01 | 08 00'
const ethernet6 = '02 00 00 00 00 02 | 02 00 00 00 00 01 | 86 dd'
const addresses4 = '0a 4d 00 02 | 0a 4d 00 50'
const addresses6 = '20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 | 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02'

/** Options, header words filled in, of every kind we know by name: an even 36 bytes. */
export const synOptions = '02 04 05 b4 | 04 02 | 08 0a 00 00 00 01 00 00 00 00 | 01 | 03 03 07'

function ipv4(protocol: string, payload: string, options = '', fragment = '40 00'): Uint8Array {
  const words = (20 + bytesOf(options).length) / 4
  return bytesOf(`4${words.toString(16)} 00 00 00 | 12 34 ${fragment} | 40 ${protocol} 00 00 | ${addresses4} ${options} ${payload}`)
}

/** Fills total length and, where `checksumAs` names one, the transport checksum. */
function ethernetIpv4(packet: Uint8Array, checksumAs: 'tcp' | 'udp' | 'icmp' | 'none', link = ethernet4): Uint8Array {
  const header = bytesOf(link)
  const frame = new Uint8Array(header.length + packet.length)
  frame.set(header)
  frame.set(packet, header.length)
  const at = header.length
  const transportAt = at + (packet[0] & 0xf) * 4
  const length = frame.length - transportAt
  const sum = pseudoHeaderSum4(frame, at + 12, at + 16, packet[9], length)
  if (checksumAs === 'tcp') fillTcpChecksum(frame, transportAt, length, sum)
  if (checksumAs === 'udp') fillUdp(frame, transportAt, length, sum)
  if (checksumAs === 'icmp') fillIcmpChecksum(frame, transportAt, length)
  fillIpv4(frame, at, packet.length)
  return frame
}

function ethernetIpv6(nextHeader: string, extensions: string, protocol: number, payload: string, link = ethernet6): Uint8Array {
  const rest = bytesOf(`${extensions} ${payload}`)
  const frame = bytesOf(`${link} 6a bc de f0 | 00 00 ${nextHeader} 40 | ${addresses6} ${extensions} ${payload}`)
  const at = bytesOf(link).length
  writeU16(frame, at + 4, rest.length)
  const transportAt = at + 40 + bytesOf(extensions).length
  const length = frame.length - transportAt
  const sum = pseudoHeaderSum6(frame, at + 8, at + 24, protocol, length)
  if (protocol === 6) fillTcpChecksum(frame, transportAt, length, sum)
  if (protocol === 17) fillUdp(frame, transportAt, length, sum)
  if (protocol === 58) fillIcmpv6Checksum(frame, transportAt, length, sum)
  return frame
}

function tcp(seq: string, ack: string, flags: string, options = '', data = ''): string {
  const words = (20 + bytesOf(options).length) / 4
  return `9c a4 00 50 | ${seq} | ${ack} | ${words.toString(16)}${flags} ff ff | 00 00 00 00 | ${options} ${data}`
}

const syn = tcp('00 00 03 e8', '00 00 00 00', '0 02', synOptions)
const data = tcp('00 00 03 e9', '00 00 07 d1', '0 18', '01 01 08 0a 00 00 00 02 00 00 00 01', '68 65 6c 6c 6f')
const udp = '30 39 00 35 00 00 00 00 68 65 6c 6c 6f'

/** One valid frame of each kind, by name; all Ethernet. */
export const frames: Readonly<Record<string, Uint8Array>> = {
  arpRequest: bytesOf(`ff ff ff ff ff ff | 02 00 00 00 00 01 | 08 06 | 00 01 08 00 06 04 00 01 | 02 00 00 00 00 01 | 0a 4d 00 02 | 00 00 00 00 00 00 | 0a 4d 00 50`),
  arpReply: bytesOf(`02 00 00 00 00 01 | 02 00 00 00 00 02 | 08 06 | 00 01 08 00 06 04 00 02 | 02 00 00 00 00 02 | 0a 4d 00 50 | 02 00 00 00 00 01 | 0a 4d 00 02`),
  tcpSyn: ethernetIpv4(ipv4('06', syn), 'tcp'),
  tcpData: ethernetIpv4(ipv4('06', data), 'tcp'),
  tcpSack: ethernetIpv4(ipv4('06', tcp('00 00 03 e9', '00 00 07 d1', '0 10', '01 01 05 12 00 00 0b b9 00 00 0f a1 00 00 13 89 00 00 17 71')), 'tcp'),
  tcpRst: ethernetIpv4(ipv4('06', tcp('00 00 03 e9', '00 00 00 00', '0 04')), 'tcp'),
  tcpFinEcn: ethernetIpv4(ipv4('06', tcp('00 00 03 e9', '00 00 07 d1', 'f d1')), 'tcp'),
  tcpMd5: ethernetIpv4(ipv4('06', tcp('00 00 03 e9', '00 00 07 d1', '0 10', '13 12 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 01 00')), 'tcp'),
  tcpRare: ethernetIpv4(ipv4('06', tcp('00 00 03 e9', '00 00 07 d1', '0 10',
    '1c 04 80 05 | 22 06 01 02 03 04 | ac 08 00 00 01 00 00 02 | fe 06 f9 89 aa bb | 1d 06 01 02 aa bb | 01 01 01 00 00 00')), 'tcp'),
  tcpIpOptions: ethernetIpv4(ipv4('06', data, '94 04 00 00 07 07 04 00 00 00 00 00'), 'tcp'),
  tcpVlan: ethernetIpv4(ipv4('06', data), 'tcp', '02 00 00 00 00 02 | 02 00 00 00 00 01 | 88 a8 20 64 | 81 00 00 65 | 08 00'),
  tcpPadded: Uint8Array.from([...ethernetIpv4(ipv4('06', tcp('00 00 03 e9', '00 00 07 d1', '0 10')), 'tcp'), 0, 0, 0, 0, 0, 0]),
  udpData: ethernetIpv4(ipv4('11', udp), 'udp'),
  icmpEcho: ethernetIpv4(ipv4('01', '08 00 00 00 12 34 00 01 61 62 63 64 65'), 'icmp'),
  icmpTooBig: ethernetIpv4(ipv4('01', '03 04 00 00 00 00 05 78 | 45 00 05 dc 12 34 40 00 40 06 00 00 0a 4d 00 02 0a 4d 00 50 | 9c a4 00 50 00 00 03 e9'), 'icmp'),
  fragmentFirst: ethernetIpv4(ipv4('11', '30 39 00 35 00 20 00 00 68 65 6c 6c 6f 21 21 21', '', '20 00'), 'none'),
  fragmentLater: ethernetIpv4(ipv4('11', '68 65 6c 6c 6f 21 21 21', '', '00 02'), 'none'),
  tcp6Syn: ethernetIpv6('06', '', 6, syn),
  tcp6Extensions: ethernetIpv6('00', '3c 00 05 02 00 00 01 00 | 2b 00 01 04 00 00 00 00 | 06 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00', 6, data),
  udp6Data: ethernetIpv6('11', '', 17, udp),
  icmp6Echo: ethernetIpv6('3a', '', 58, '80 00 00 00 12 34 00 01 61 62 63'),
  neighborSolicitation: ethernetIpv6('3a', '', 58, '87 00 00 00 00 00 00 00 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02 01 01 02 00 00 00 00 01'),
  neighborAdvertisement: ethernetIpv6('3a', '', 58, '88 00 00 00 60 00 00 00 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02 02 01 02 00 00 00 00 02'),
  icmp6TooBig: ethernetIpv6('3a', '', 58, `02 00 00 00 00 00 05 00 | 60 00 00 00 00 14 06 40 ${addresses6} | 9c a4 00 50 00 00 03 e9 00 00 07 d1 50 10 ff ff 00 00 00 00`),
  fragment6: ethernetIpv6('2c', '11 00 00 01 00 00 00 07', 0, '30 39 00 35 00 20 00 00 68 65 6c 6c 6f 21 21 21'),
}
