import { formatIp, formatMac, parseIp, parseMac } from '../../src/wire/addresses.ts'
import type { PacketDraft } from '../../src/craft/draft.ts'

export type FieldSection = 'ethernet' | 'ip' | 'tcp'

/** A number of the draft as the form shows it; `name` is a key of the catalogue's section `craft.fields`, or of `fields`. */
export interface NumberRow {
  kind: 'number'
  name: string
  max: number
  base: 10 | 16
  /** Whether the lab computes it unless it is forced. */
  automatic: boolean
  read: (draft: PacketDraft) => number | null
  write: (draft: PacketDraft, value: number | null) => PacketDraft
}

/** An address as text. */
export interface AddressRow {
  kind: 'address'
  name: string
  read: (draft: PacketDraft) => string
  /** @returns null where the text is no such address */
  write: (draft: PacketDraft, text: string) => PacketDraft | null
}

export type FieldRow = NumberRow | AddressRow

const u8 = 0xff
const u16 = 0xffff
const u32 = 0xffff_ffff

/** The rows of the form for this draft, in the order of the wire. */
export function rowsOf(draft: PacketDraft): Readonly<Record<FieldSection, readonly FieldRow[]>> {
  return { ethernet: ethernetRows, ip: draft.ip.version === 4 ? ipv4Rows : ipv6Rows, tcp: tcpRows }
}

const ethernetRows: readonly FieldRow[] = [
  macRow('ethernet.destination', 'destination'),
  macRow('ethernet.source', 'source'),
  {
    kind: 'number', name: 'ethernet.type', max: u16, base: 16, automatic: true,
    read: (draft) => draft.ethernet.etherType, write: (draft, etherType) => ({ ...draft, ethernet: { ...draft.ethernet, etherType } }),
  },
]

const ipv4Rows: readonly FieldRow[] = [
  ipNumber('ipv4.headerLength', 'headerWords', 15, 10, true),
  ipNumber('tos', 'tos', u8, 16, false),
  ipNumber('ipv4.totalLength', 'totalLength', u16, 10, true),
  ipNumber('ipv4.identification', 'identification', u16, 10, false),
  ipNumber('ipFlags', 'flags', 7, 10, false),
  ipNumber('ipv4.fragmentOffset', 'fragmentOffset', 0x1fff, 10, false),
  ipNumber('ipv4.ttl', 'ttl', u8, 10, false),
  ipNumber('ipv4.protocol', 'protocol', u8, 10, true),
  ipNumber('ipv4.checksum', 'checksum', u16, 16, true),
  ipAddress('ipv4.source', 'source'),
  ipAddress('ipv4.destination', 'destination'),
]

const ipv6Rows: readonly FieldRow[] = [
  ipNumber('trafficClass', 'trafficClass', u8, 16, false),
  ipNumber('ipv6.flowLabel', 'flowLabel', 0xfffff, 16, false),
  ipNumber('ipv6.payloadLength', 'payloadLength', u16, 10, true),
  ipNumber('ipv6.nextHeader', 'nextHeader', u8, 10, true),
  ipNumber('ipv6.hopLimit', 'hopLimit', u8, 10, false),
  ipAddress('ipv6.source', 'source'),
  ipAddress('ipv6.destination', 'destination'),
]

const tcpRows: readonly FieldRow[] = [
  tcpNumber('tcp.sourcePort', 'sourcePort', u16, 10, false),
  tcpNumber('tcp.destinationPort', 'destinationPort', u16, 10, false),
  tcpNumber('tcp.seq', 'seq', u32, 10, false),
  tcpNumber('tcp.ack', 'ack', u32, 10, false),
  tcpNumber('tcp.dataOffset', 'dataOffsetWords', 15, 10, true),
  tcpNumber('tcp.reserved', 'reserved', 7, 10, false),
  tcpNumber('tcp.window', 'window', u16, 10, false),
  tcpNumber('tcp.checksum', 'checksum', u16, 16, true),
  tcpNumber('tcp.urgentPointer', 'urgentPointer', u16, 10, false),
]

type TcpNumberName = 'sourcePort' | 'destinationPort' | 'seq' | 'ack' | 'reserved' | 'window' | 'urgentPointer' | 'dataOffsetWords' | 'checksum'

function tcpNumber(name: string, key: TcpNumberName, max: number, base: 10 | 16, automatic: boolean): NumberRow {
  return { kind: 'number', name, max, base, automatic, read: (draft) => draft.tcp[key], write: (draft, value) => ({ ...draft, tcp: { ...draft.tcp, [key]: value } }) }
}

function ipNumber(name: string, key: string, max: number, base: 10 | 16, automatic: boolean): NumberRow {
  return {
    kind: 'number', name, max, base, automatic,
    read: (draft) => (draft.ip as unknown as Record<string, number | null>)[key],
    write: (draft, value) => ({ ...draft, ip: { ...draft.ip, [key]: value } }),
  }
}

function ipAddress(name: string, key: 'source' | 'destination'): AddressRow {
  return {
    kind: 'address', name, read: (draft) => formatIp(draft.ip[key]),
    write: (draft, text) => {
      const bytes = parseIp(text.trim())
      return bytes === null || bytes.length !== draft.ip[key].length ? null : { ...draft, ip: { ...draft.ip, [key]: bytes } }
    },
  }
}

function macRow(name: string, key: 'source' | 'destination'): AddressRow {
  return {
    kind: 'address', name, read: (draft) => formatMac(draft.ethernet[key]),
    write: (draft, text) => {
      const mac = parseMac(text.trim())
      return mac === null ? null : { ...draft, ethernet: { ...draft.ethernet, [key]: mac } }
    },
  }
}

/** A number as people type it: decimal, or hex behind `0x`; null where it is neither or too large. */
export function parseNumber(text: string, max: number): number | null {
  const trimmed = text.trim().replaceAll(/[,_]/g, '')
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(trimmed)) return null
  const value = Number(trimmed)
  return Number.isSafeInteger(value) && value <= max ? value : null
}

export function formatNumber(value: number, base: 10 | 16): string {
  return base === 10 ? String(value) : `0x${value.toString(16).padStart(value > u8 ? 4 : 2, '0')}`
}
