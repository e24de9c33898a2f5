import { readU16, readU32 } from '../base/bytes.ts'
import { IcmpType, IcmpUnreachableCode } from '../wire/icmp.ts'
import { Icmpv6Type } from '../wire/icmpv6.ts'
import type { Packet } from '../wire/packet.ts'
import type { Flow } from './flow.ts'
import type { QuotedPacket } from './script.ts'

/** What a captured ICMP message of ours quotes, in the script's numbers: a packet of the other side. Null where that cannot be read. */
export function readQuoted(packet: Packet, bytes: Uint8Array, flow: Flow): QuotedPacket | null {
  const at = packet.payloadOffset
  const end = at + packet.payloadLength
  if (end > bytes.length || end - at < 28) return null
  const isSix = bytes[at] >>> 4 === 6
  const headerLength = isSix ? 40 : (bytes[at] & 15) * 4
  const transportAt = at + headerLength
  if (headerLength < 20 || transportAt + 8 > end) return null
  const length = (isSix ? readU16(bytes, at + 4) : readU16(bytes, at + 2) - headerLength)
  const protocol = isSix ? bytes[at + 6] : bytes[at + 9]
  if (protocol === 17) return { kind: 'udp', length: length - 8 }
  if (protocol !== 6) return { kind: 'raw', length }
  const offset = transportAt + 13 <= end ? (bytes[transportAt + 12] >>> 4) * 4 : 20
  return { kind: 'tcp', seq: flow.remoteToScript(readU32(bytes, transportAt + 4)), length: length - offset }
}

/** 0 where the message says none. */
export function icmpMtuOf({ ipVersion, icmp, icmpv6 }: Packet): number {
  if (ipVersion === 6) return icmpv6.type === Icmpv6Type.packetTooBig ? icmpv6.rest : 0
  return icmp.type === IcmpType.unreachable && icmp.code === IcmpUnreachableCode.fragmentationNeeded ? icmp.rest & 0xffff : 0
}
