import type { FieldSpan } from '../../src/wire/describe.ts'
import { icmpTypeName } from '../../src/wire/icmp-names.ts'
import { formatHex } from '../format.ts'
import type { useLanguage } from '../i18n.ts'
import { flagLetters } from '../tcp-flags.ts'
import type { DecodedPacket, Judgement } from './decoded-packet.ts'

export interface CellWords { name: string, value: string, aside: string, tone: 'error' | 'warn' | '' }

type Translate = ReturnType<typeof useLanguage>['t']

const urgBit = 0x20
const ackBit = 0x10
const protocols: Record<number, string> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6' }
const etherTypes: Record<number, string> = { 0x0800: 'IPv4', 0x0806: 'ARP', 0x86dd: 'IPv6', 0x8100: '802.1Q', 0x88a8: '802.1ad' }

/** The words of one cell of the header grid: its name, its value, and beside it in grey what helps to read the value. */
export function cellWords(span: FieldSpan, columns: number, decoded: DecodedPacket, t: Translate): CellWords {
  const light = flagLetters.find((one) => span.name === `tcp.flags.${one.name.toLowerCase()}`)
  if (light) return { name: light.letter, value: String(span.value), aside: '', tone: '' }
  const isNarrow = columns < 8
  const plainName = t(isNarrow ? `window.fieldShort.${span.name}` : `window.field.${span.name}`)
  const name = span.name === 'tcp.seq' || span.name === 'tcp.ack' ? `${plainName}: ${t(`window.packet.meaning.${span.name.slice(4)}`)}` : plainName
  const { aside, tone } = isNarrow && span.name !== 'tcp.dataOffset' ? { aside: '', tone: '' as const } : asideOf(span, columns, decoded, t)
  return { name, value: span.text, aside, tone }
}

function asideOf(span: FieldSpan, columns: number, decoded: DecodedPacket, t: Translate): Pick<CellWords, 'aside' | 'tone'> {
  const { tcp } = decoded.packet
  const plain = (aside: string): Pick<CellWords, 'aside' | 'tone'> => ({ aside, tone: '' })
  switch (span.name) {
    case 'tcp.seq': return plain(`${hexOf(span)}   ${relative(tcp.seq, fromClient(decoded), decoded)}`)
    case 'tcp.ack': return plain(tcp.flags & ackBit ? `${hexOf(span)}   ${relative(tcp.ack, !fromClient(decoded), decoded)}` : t('window.packet.ackInvalid'))
    case 'tcp.dataOffset': return plain('×4')
    case 'ipv4.headerLength': return plain('×4')
    case 'tcp.window': return plain(scaled(decoded) || hexOf(span))
    case 'tcp.urgentPointer': return plain(tcp.flags & urgBit ? hexOf(span) : t('window.packet.urgentInvalid'))
    case 'tcp.checksum': case 'udp.checksum': case 'icmp.checksum': case 'icmpv6.checksum': return judged(decoded.transportChecksum, decoded.expectedChecksum, t)
    case 'ipv4.checksum': return judged(decoded.ipChecksum, -1, t)
    case 'ipv4.protocol': case 'ipv6.nextHeader': return plain(protocols[Number(span.value)] ?? '')
    case 'ethernet.type': case 'arp.protocolType': case 'vlan.protocol': return plain(etherTypes[Number(span.value)] ?? '')
    case 'arp.operation': return plain(span.value === 1 ? 'request' : span.value === 2 ? 'reply' : '')
    case 'icmp.type': return plain(icmpTypeName(4, Number(span.value)))
    case 'icmpv6.type': return plain(icmpTypeName(6, Number(span.value)))
    default: return plain(columns >= 16 && typeof span.value === 'number' && !span.text.startsWith('0x') && !span.text.includes('.') ? hexOf(span) : '')
  }
}

const hexOf = (span: FieldSpan): string => formatHex(Number(span.value), Math.ceil(span.bitLength / 4))
const fromClient = (decoded: DecodedPacket): boolean => decoded.source.row.tcp?.from === 0

/** `S + 1961`: the number counted from the first one of the end that uses it. */
function relative(number: number, ofClient: boolean, { source }: DecodedPacket): string {
  const isn = ofClient ? source.clientIsn : source.serverIsn
  return isn < 0 || !source.row.tcp ? '' : `${ofClient ? 'C' : 'S'} + ${(number - isn) >>> 0}`
}

function scaled({ source, packet }: DecodedPacket): string {
  const row = source.row.tcp
  return row && row.scaledWindow >= 0 && row.scaledWindow !== packet.tcp.window ? `= ${row.scaledWindow} B` : ''
}

function judged(judgement: Judgement, expected: number, t: Translate): Pick<CellWords, 'aside' | 'tone'> {
  const tone = judgement === 'bad' ? 'error' : judgement === 'offloaded' ? 'warn' : ''
  const computed = expected >= 0 && (judgement === 'bad' || judgement === 'offloaded') ? ` ${formatHex(expected, 4)}` : ''
  return { aside: `${t(`window.packet.checksum.${judgement}`)}${computed}`, tone }
}
