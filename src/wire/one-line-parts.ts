import { utf8Bytes } from '../base/bytes.ts'
import { parseIp, parseIpv6 } from './addresses.ts'
import type { Cursor } from './one-line-cursor.ts'
import { ecnWords } from './one-line.ts'

/*
 * What lines of all protocols have in common: IP info, endpoints, data.
 */

export interface OneLineEndpoint {
  /** 4 or 16 bytes; null where only the port is said. */
  readonly address: Uint8Array | null
  readonly port: number
}

export interface OneLineIp {
  /** The two ECN bits; `ect01`: either ECT(0) or ECT(1). */
  readonly ecn: number | 'ect01' | null
  readonly tos: number | null
  readonly ttl: number | null
  readonly flowLabel: number | null
  readonly identification: number | null
  readonly dontFragment: boolean | null
}

export const noIpInfo: OneLineIp = { ecn: null, tos: null, ttl: null, flowLabel: null, identification: null, dontFragment: null }

const ipInfoWords = 'noecn | ect0 | ect1 | ce | ect01 | tos | ttl | hlim | flowlabel | id | df | nodf'

export function parseIpInfo(cursor: Cursor, before: OneLineIp): OneLineIp {
  if (cursor.looksAt(ipv6Endpoint)) return before
  const open = cursor.match(/[([]/)
  if (!open) return before
  const info = { ...before }
  do {
    const at = cursor.at
    const word = cursor.expect(/[a-z]\w*/, ipInfoWords)?.[0]
    switch (word) {
      case undefined: break
      case 'noecn': case 'ect0': case 'ect1': case 'ce': info.ecn = ecnWords[word]; break
      case 'ect01': info.ecn = word; break
      case 'tos': info.tos = cursor.number(0, 255); break
      case 'ttl': case 'hlim': info.ttl = cursor.number(0, 255); break
      case 'flowlabel': info.flowLabel = cursor.number(0, 0xfffff); break
      case 'id': info.identification = cursor.number(0, 0xffff); break
      case 'df': case 'nodf': info.dontFragment = word === 'df'; break
      default: cursor.fail(ipInfoWords, at)
    }
  } while (cursor.match(/,/))
  cursor.expect(open[0] === '(' ? /\)/ : /\]/, open[0] === '(' ? ')' : ']')
  return info
}

const ipv6Endpoint = /\[([0-9a-f:.]*:[0-9a-f:.]*)\]:(\d+)/i
const ipv4Endpoint = /(\d+\.\d+\.\d+\.\d+):(\d+)/

export function parseEndpoints(cursor: Cursor): [OneLineEndpoint | null, OneLineEndpoint | null] {
  if (cursor.looksAt(/\d+\s*>/)) {
    const source = cursor.number(0, 0xffff)
    cursor.match(/>/)
    return [{ address: null, port: source }, { address: null, port: cursor.number(0, 0xffff) }]
  }
  if (!cursor.looksAt(ipv6Endpoint) && !cursor.looksAt(ipv4Endpoint)) return [null, null]
  const source = parseEndpoint(cursor)
  cursor.expect(/>/, '>')
  const at = cursor.at
  const destination = parseEndpoint(cursor)
  if (source.address?.length !== destination.address?.length) cursor.fail(source.address?.length === 4 ? 'IPv4:PORT' : '[IPv6]:PORT', at)
  return [source, destination]
}

const ipv6Alone = /(?!\d+\.\d+\.\d+\.\d+:)[0-9a-f:.]*:[0-9a-f:.]*(?=[\s\]]|$)/i
const ipv4Alone = /\d+\.\d+\.\d+\.\d+(?=[\s\]]|$)/

/** `address > address`, of protocols without ports. */
export function parseAddresses(cursor: Cursor): [Uint8Array, Uint8Array] | null {
  if (!cursor.looksAt(ipv4Alone) && !cursor.looksAt(ipv6Alone)) return null
  const source = parseAddressAlone(cursor)
  cursor.expect(/>/, '>')
  const at = cursor.at
  const destination = parseAddressAlone(cursor)
  if (source.length !== destination.length) cursor.fail(source.length === 4 ? 'IPv4' : 'IPv6', at)
  return [source, destination]
}

export function parseAddressAlone(cursor: Cursor): Uint8Array {
  const at = cursor.at
  const found = cursor.match(ipv4Alone) ?? cursor.expect(ipv6Alone, 'IPv4 | IPv6')
  const address = found ? parseIp(found[0]) : null
  if (!address) cursor.fail('IPv4 | IPv6', at)
  return address ?? new Uint8Array(4)
}

function parseEndpoint(cursor: Cursor): OneLineEndpoint {
  const at = cursor.at
  const found = cursor.match(ipv6Endpoint) ?? cursor.expect(ipv4Endpoint, 'IPv4:PORT | [IPv6]:PORT')
  const address = found ? found[0].startsWith('[') ? parseIpv6(found[1]) : parseIp(found[1]) : null
  const port = Number(found?.[2] ?? 0)
  if (!address) cursor.fail('IPv4:PORT | [IPv6]:PORT', at)
  if (port > 0xffff) cursor.fail('0..65535', at + found![0].lastIndexOf(':') + 1)
  return { address, port }
}

/** Of what follows an IP header. */
export const maxDataBytes = 65_535

export function parseData(cursor: Cursor): Uint8Array {
  const quoted = cursor.match(/"((?:[^"\\]|\\.)*)"/)
  if (quoted) return utf8Bytes(quoted[1].replace(/\\(.)/g, (_, character: string) => escapes[character] ?? character))
  if (cursor.looksAt(/0x/)) return cursor.hexBytes(0, maxDataBytes)
  cursor.fail('"TEXT" | 0xHEX')
  return new Uint8Array(0)
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0' }
