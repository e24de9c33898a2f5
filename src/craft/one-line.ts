import { formatIp } from '../wire/addresses.ts'
import { Ipv4Flag } from '../wire/ipv4.ts'
import { printData, printEndpoint, printTcp } from '../wire/one-line.ts'
import { isOneLineError } from '../wire/one-line-cursor.ts'
import { parseOneLine } from '../wire/one-line-parse.ts'
import { TcpHeader } from '../wire/tcp.ts'
import { ipv4Draft, ipv6Draft } from './draft.ts'
import type { OneLineError } from '../wire/one-line-cursor.ts'
import type { OneLineEndpoint, OneLineIp } from '../wire/one-line-parts.ts'
import type { Ipv4Draft, Ipv6Draft, PacketDraft } from './draft.ts'

/**
 * A draft of one line. What the line does not say comes from `defaults`, but for the acknowledgment number and urgent pointer (0), the options (none) and
 * the data (zeros): those a line says by leaving them out. Addresses of the other IP version replace the IP header by a plain one.
 */
export function draftFromOneLine(text: string, defaults: PacketDraft): PacketDraft | OneLineError {
  const line = parseOneLine(text)
  if (isOneLineError(line)) return line
  const { tcp } = defaults
  return {
    ethernet: defaults.ethernet,
    ip: ipOfLine(defaults.ip, line),
    tcp: {
      sourcePort: line.source?.port ?? tcp.sourcePort, destinationPort: line.destination?.port ?? tcp.destinationPort,
      seq: line.seq ?? tcp.seq, ack: line.ack ?? 0, flags: line.flags, window: line.window ?? tcp.window, urgentPointer: line.urgentPointer ?? 0, reserved: line.reserved ?? 0,
      options: line.options ?? tcp.options, dataOffsetWords: line.dataOffsetWords, checksum: line.checksum,
    },
    payload: line.data ?? new Uint8Array(line.length),
    trailer: new Uint8Array(0),
  }
}

/** The IP header of a line. Addresses of the other version replace the header that it would have had by a plain one. */
export function ipOfLine(ip: Ipv4Draft | Ipv6Draft, line: IpLine): Ipv4Draft | Ipv6Draft {
  return withIpInfo(withAddresses(ip, line), line.ip)
}

interface IpLine { readonly ip: OneLineIp, readonly source: OneLineEndpoint | null, readonly destination: OneLineEndpoint | null }

function withAddresses(ip: Ipv4Draft | Ipv6Draft, line: IpLine): Ipv4Draft | Ipv6Draft {
  const source = line.source?.address
  const destination = line.destination?.address
  if (!source || !destination) return ip
  if (source.length === ip.source.length) return { ...ip, source, destination }
  return source.length === 4 ? ipv4Draft(source, destination) : ipv6Draft(source, destination)
}

function withIpInfo(ip: Ipv4Draft | Ipv6Draft, info: OneLineIp): Ipv4Draft | Ipv6Draft {
  const before = ip.version === 4 ? ip.tos : ip.trafficClass
  const tos = info.tos ?? before
  const ecn = info.ecn === 'ect01' ? 2 : info.ecn
  const marked = ecn === null ? tos : (tos & ~3) | ecn
  if (ip.version === 6) return { ...ip, trafficClass: marked, hopLimit: info.ttl ?? ip.hopLimit, flowLabel: info.flowLabel ?? ip.flowLabel }
  const flags = info.dontFragment === null ? ip.flags : info.dontFragment ? ip.flags | Ipv4Flag.dontFragment : ip.flags & ~Ipv4Flag.dontFragment
  return { ...ip, tos: marked, ttl: info.ttl ?? ip.ttl, identification: info.identification ?? ip.identification, flags }
}

/** The line of a draft: all that the grammar can say of it. Link header, IP options and forced IP fields it cannot. */
export function draftToOneLine(draft: PacketDraft): string {
  const { ip, tcp, payload } = draft
  const header = Object.assign(new TcpHeader(), {
    sourcePort: tcp.sourcePort, destinationPort: tcp.destinationPort, seq: tcp.seq, ack: tcp.ack, flags: tcp.flags, window: tcp.window, urgentPointer: tcp.urgentPointer,
    reserved: tcp.reserved,
  })
  const parts = [
    printIpInfo(ip),
    `${printEndpoint(formatIp(ip.source), tcp.sourcePort)} > ${printEndpoint(formatIp(ip.destination), tcp.destinationPort)}`,
    printTcp(header, tcp.options, payload.length),
  ]
  if (tcp.dataOffsetWords !== null) parts.push(`offset ${tcp.dataOffsetWords}`)
  if (tcp.checksum !== null) parts.push(`checksum 0x${tcp.checksum.toString(16).padStart(4, '0')}`)
  if (payload.some((byte) => byte !== 0)) parts.push(`data ${printData(payload)}`)
  return parts.join(' ')
}

function printIpInfo(ip: Ipv4Draft | Ipv6Draft): string {
  if (ip.version === 6) return `(tos 0x${ip.trafficClass.toString(16)}, hlim ${ip.hopLimit}, flowlabel 0x${ip.flowLabel.toString(16)})`
  return `(tos 0x${ip.tos.toString(16)}, ttl ${ip.ttl}, id ${ip.identification}, ${ip.flags & Ipv4Flag.dontFragment ? 'df' : 'nodf'})`
}
