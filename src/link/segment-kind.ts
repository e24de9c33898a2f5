import { readU16 } from '../base/bytes.ts'

/** TCP segments by what they are for: a rule of a network may be about one. */
export type SegmentKind = 'syn' | 'synAck' | 'ack' | 'data' | 'fin' | 'rst'

const flag = { fin: 0x01, syn: 0x02, rst: 0x04, ack: 0x10 } as const

/** What an Ethernet frame carries: TCP over IPv4, or over IPv6 without extension headers; null for anything else. A FIN with data is a FIN. */
export function segmentKindOf(bytes: Uint8Array, at: number, length: number): SegmentKind | null {
  if (length < 54) return null
  const etherType = readU16(bytes, at + 12)
  const ip = at + 14
  const isIpv4 = etherType === 0x0800 && bytes[ip + 9] === 6
  const isIpv6 = etherType === 0x86dd && bytes[ip + 6] === 6
  if (!isIpv4 && !isIpv6) return null
  const tcp = ip + (isIpv4 ? (bytes[ip] & 15) * 4 : 40)
  if (tcp + 20 > at + length) return null
  const end = ip + (isIpv4 ? readU16(bytes, ip + 2) : 40 + readU16(bytes, ip + 4))
  return kindOf(bytes[tcp + 13], end - tcp - (bytes[tcp + 12] >> 4) * 4)
}

function kindOf(flags: number, dataLength: number): SegmentKind | null {
  if (flags & flag.rst) return 'rst'
  if (flags & flag.syn) return flags & flag.ack ? 'synAck' : 'syn'
  if (flags & flag.fin) return 'fin'
  if (dataLength > 0) return 'data'
  return flags & flag.ack ? 'ack' : null
}
