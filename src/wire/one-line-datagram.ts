import { icmpCodeOf, icmpTypeOf } from './icmp-names.ts'
import { Cursor } from './one-line-cursor.ts'
import type { OneLineError } from './one-line-cursor.ts'
import { maxDataBytes, noIpInfo, parseAddressAlone, parseAddresses, parseData, parseEndpoints, parseIpInfo } from './one-line-parts.ts'
import type { OneLineEndpoint, OneLineIp } from './one-line-parts.ts'

/**
 * A UDP or ICMP packet as one line says it; what a line does not say is null, for the caller's defaults. `icmp` between IPv6 addresses is ICMPv6.
 *
 *     [<|>] [(ipinfo)] [port > port | address:port > address:port] udp (len) {field}
 *     [<|>] [(ipinfo)] [address > address] icmp|icmpv6 TYPE [CODE] {rest} (len) {field}
 *     [<|>] [(ipinfo)] [address > address] icmp|icmpv6 TYPE [CODE] {rest} [quoted] {field}
 *     field    checksum N | data "text" | data 0xHEX
 *     rest     id N | seq N | mtu N | gateway IPv4 | pointer N | target IPv6
 *     quoted   address:port > address:port tcp [seq N] | address:port > address:port udp | address > address protocol N, in []
 */
export interface OneLineDatagram {
  readonly direction: '<' | '>' | null
  readonly ip: OneLineIp
  readonly source: OneLineEndpoint | null
  readonly destination: OneLineEndpoint | null
  /** null: UDP. */
  readonly icmp: OneLineIcmp | null
  /** Of what follows the header; 0 where a packet is quoted. */
  readonly length: number
  readonly checksum: number | null
  /** null: not said, that is `length` zeros. */
  readonly data: Uint8Array | null
}

export interface OneLineIcmp {
  /** null: that of the caller's defaults. */
  readonly version: 4 | 6 | null
  readonly type: number
  readonly code: number
  /** Bytes 4 to 7 as one unsigned number. */
  readonly rest: number
  /** 16 bytes, the first of the data; null where none is said. */
  readonly target: Uint8Array | null
  readonly quoted: OneLineQuoted | null
}

/** The packet that an error is about. */
export interface OneLineQuoted {
  /** 4 or 16 bytes. */
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly protocol: number
  readonly sourcePort: number
  readonly destinationPort: number
  readonly seq: number
}

/** Whether a line is of UDP or ICMP, right or wrong; all others are TCP's. */
export function isDatagramLine(text: string): boolean {
  return /(?:^|[\s)\]])(?:udp|icmp|icmpv6)(?:\s|$)/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, '""'))
}

export function parseOneLineDatagram(text: string): OneLineDatagram | OneLineError {
  const cursor = new Cursor(text)
  const datagram = parseDatagram(cursor)
  return cursor.error ?? datagram
}

function parseDatagram(cursor: Cursor): OneLineDatagram {
  const direction = (cursor.match(/[<>](?!\.)/)?.[0] ?? null) as '<' | '>' | null
  const before = parseIpInfo(cursor, noIpInfo)
  const [source, destination] = parseEnds(cursor)
  const ip = parseIpInfo(cursor, before)
  const at = cursor.at
  const word = cursor.expect(/(?:udp|icmpv6|icmp)(?=\s|$)/, 'udp | icmp | icmpv6')?.[0] ?? 'udp'
  const version = source?.address ? source.address.length === 4 ? 4 : 6 : word === 'icmpv6' ? 6 : null
  if (word === 'icmpv6' && version === 4) cursor.fail('icmp', at)
  const hasPorts = source !== null && source.port >= 0
  if (source !== null && hasPorts !== (word === 'udp')) cursor.fail(word === 'udp' ? 'ADDRESS:PORT > ADDRESS:PORT udp' : `ADDRESS > ADDRESS ${word}`, at)
  const icmp = word === 'udp' ? null : parseIcmp(cursor, version)
  const length = icmp?.quoted ? 0 : parseLength(cursor)
  const { checksum, data } = parseFields(cursor, length)
  if (cursor.at < cursor.text.length) cursor.fail('checksum | data')
  return { direction, ip, source, destination, icmp, length, checksum, data }
}

/** A port of -1: the line has addresses alone. */
function parseEnds(cursor: Cursor): [OneLineEndpoint | null, OneLineEndpoint | null] {
  const addresses = parseAddresses(cursor)
  if (addresses === null) return parseEndpoints(cursor)
  return [{ address: addresses[0], port: -1 }, { address: addresses[1], port: -1 }]
}

function parseIcmp(cursor: Cursor, version: 4 | 6 | null): OneLineIcmp {
  const names = version ?? 4
  const at = cursor.at
  const typeName = cursor.expect(/[a-z]\w*/, 'TYPE (echo_request, unreachable, …, type_N)')?.[0] ?? ''
  const type = icmpTypeOf(names, typeName)
  if (type < 0) cursor.fail('TYPE (echo_request, unreachable, …, type_N)', at)
  const codeAt = cursor.at
  const codeName = cursor.match(/(?!(?:id|seq|mtu|gateway|pointer|target)\s)[a-z]\w*/)?.[0]
  const code = codeName === undefined ? 0 : icmpCodeOf(names, type, codeName)
  if (code < 0) cursor.fail('CODE (port_unreachable, …, code_N)', codeAt)
  const { rest, target } = parseRest(cursor, names)
  const quoted = cursor.looksAt(/\[/) ? parseQuoted(cursor) : null
  return { version, type: Math.max(type, 0), code: Math.max(code, 0), rest, target, quoted }
}

function parseRest(cursor: Cursor, version: number): { rest: number, target: Uint8Array | null } {
  const bytes = new Uint8Array(4)
  let rest = 0
  let target: Uint8Array | null = null
  for (;;) {
    const word = cursor.match(/(?:id|seq|mtu|gateway|pointer|target)(?=\s)/)?.[0]
    const at = cursor.at
    switch (word) {
      case undefined: return { rest: rest >>> 0, target }
      case 'id': rest |= cursor.number(0, 0xffff) << 16; break
      case 'seq': rest |= cursor.number(0, 0xffff); break
      case 'mtu': rest = cursor.number(0, version === 6 ? 0xffff_ffff : 0xffff); break
      case 'pointer': rest = version === 6 ? cursor.number(0, 0xffff_ffff) : cursor.number(0, 255) << 24; break
      case 'gateway': {
        const address = parseAddressAlone(cursor)
        if (address.length !== 4) cursor.fail('IPv4', at)
        bytes.set(address.subarray(0, 4))
        rest = bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]
        break
      }
      default:
        target = parseAddressAlone(cursor)
        if (target.length !== 16) cursor.fail('IPv6', at)
    }
  }
}

const quotedProtocols = { tcp: 6, udp: 17 } as const

function parseQuoted(cursor: Cursor): OneLineQuoted {
  cursor.match(/\[/)
  const at = cursor.at
  const [source, destination] = parseEnds(cursor)
  if (!source?.address || !destination?.address) cursor.fail('ADDRESS:PORT > ADDRESS:PORT tcp seq N', at)
  const word = cursor.expect(/tcp|udp|protocol(?=\s)/, 'tcp | udp | protocol N')?.[0]
  const protocol = word === 'tcp' || word === 'udp' ? quotedProtocols[word] : cursor.number(0, 255)
  const seq = word === 'tcp' && cursor.match(/seq(?=\s)/) ? cursor.number(0, 0xffff_ffff) : 0
  cursor.expect(/\]/, ']')
  return {
    source: source?.address ?? new Uint8Array(4), destination: destination?.address ?? new Uint8Array(4), protocol,
    sourcePort: Math.max(0, source?.port ?? 0), destinationPort: Math.max(0, destination?.port ?? 0), seq,
  }
}

function parseLength(cursor: Cursor): number {
  const at = cursor.at
  const length = Number(cursor.expect(/\((\d+)\)/, '(len)')?.[1] ?? 0)
  if (length > maxDataBytes) cursor.fail(`(0..${maxDataBytes})`, at)
  return Math.min(length, maxDataBytes)
}

function parseFields(cursor: Cursor, length: number): { checksum: number | null, data: Uint8Array | null } {
  let checksum: number | null = null
  let data: Uint8Array | null = null
  for (;;) {
    const word = cursor.match(/(?:checksum|data)(?=\s)/)?.[0]
    if (word === undefined) return { checksum, data }
    const at = cursor.at
    if (word === 'checksum') checksum = cursor.number(0, 0xffff)
    else {
      data = parseData(cursor)
      if (data.length !== length) cursor.fail(`data (${length})`, at)
    }
  }
}
