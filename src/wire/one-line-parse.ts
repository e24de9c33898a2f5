import { parseHex, utf8Bytes } from '../base/bytes.ts'
import { parseIp, parseIpv6 } from './addresses.ts'
import { accEcnCounterNames, ecnWords, fastOpenExid, tcpFlagLetters } from './one-line.ts'
import { TcpFlag } from './tcp.ts'
import { decodeTcpOptions, encodeTcpOptions } from './tcp-options.ts'
import type { TcpOption } from './tcp-options.ts'

/**
 * A TCP packet as one line says it. What a line does not say is null, for the caller's defaults.
 * Grammar ({@link OneLineOptions} prints it; `<` and `>` in front are packetdrill's directions):
 *
 *     [<|>] [(ipinfo)] [port > port | address:port > address:port] FLAGS seq:end(len)[!] {field} [<options>] {field}
 *     ipinfo   noecn | ect0 | ect1 | ce | ect01 | tos N | ttl N | hlim N | flowlabel N | id N | df | nodf, in () or [], separated by commas
 *     field    ack N | win N | urg N | reserved N | offset N | checksum N | data "text" | data 0xHEX
 *     option   nop | eol | mss N | wscale N | sackOK | sack L:R {L:R} | TS val N ecr N | md5 HEX | FO [HEX] | FOEXP [HEX] | ECN {e0b N | ceb N | e1b N}
 *              | uto N(s|min) | ao N N [HEX] | mptcp HEX | kind N [HEX] | raw HEX
 */
export interface OneLinePacket {
  readonly direction: '<' | '>' | null
  readonly ip: OneLineIp
  readonly source: OneLineEndpoint | null
  readonly destination: OneLineEndpoint | null
  /** 9 bits, see `TcpFlag`. */
  readonly flags: number
  /** null: `...(len)`, any sequence number. */
  readonly seq: number | null
  readonly length: number
  /** A `!` behind the length: sequence numbers are not relative to anything. */
  readonly isAbsolute: boolean
  readonly ack: number | null
  readonly window: number | null
  readonly urgentPointer: number | null
  readonly reserved: number | null
  readonly dataOffsetWords: number | null
  readonly checksum: number | null
  /** null: not said, that is `length` zeros. */
  readonly data: Uint8Array | null
  /** null: `<...>`, any options. */
  readonly options: readonly TcpOption[] | null
}

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

/** `expected` is grammar, the same in every language: `FLAGS`, `0..65535`, `seq:end(len)`. Columns start at 1; `got` is empty at the end of the line. */
export interface OneLineError {
  readonly column: number
  readonly expected: string
  readonly got: string
}

export function isOneLineError(result: object): result is OneLineError {
  return 'expected' in result
}

export function parseOneLine(text: string): OneLinePacket | OneLineError {
  const cursor = new Cursor(text)
  const packet = parsePacket(cursor)
  return cursor.error ?? packet
}

/** Reads on after an error harmlessly: every read then gives its neutral value, and the first error stays. */
class Cursor {
  readonly text: string
  at = 0
  error: OneLineError | null = null

  constructor(text: string) {
    this.text = text
    this.skipSpace()
  }

  skipSpace(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at])) this.at++
  }

  /** What a sticky pattern matches here, with space behind it taken; null and nothing taken otherwise. */
  match(pattern: RegExp): RegExpExecArray | null {
    if (this.error) return null
    const sticky = new RegExp(pattern.source, `${pattern.flags}y`)
    sticky.lastIndex = this.at
    const found = sticky.exec(this.text)
    if (!found) return null
    this.at += found[0].length
    this.skipSpace()
    return found
  }

  looksAt(pattern: RegExp): boolean {
    const sticky = new RegExp(pattern.source, `${pattern.flags}y`)
    sticky.lastIndex = this.at
    return !this.error && sticky.test(this.text)
  }

  expect(pattern: RegExp, expected: string): RegExpExecArray | null {
    const found = this.match(pattern)
    if (!found) this.fail(expected)
    return found
  }

  fail(expected: string, at = this.at): void {
    if (this.error) return
    const got = /^\S{0,24}/.exec(this.text.slice(at))![0]
    this.error = { column: at + 1, expected, got }
  }

  /** Decimal or 0x; the range is what is expected. */
  number(low: number, high: number): number {
    const at = this.at
    const found = this.match(/0x[0-9a-f]+|\d+/i)
    const value = found ? Number(found[0]) : NaN
    if (value >= low && value <= high) return value
    this.fail(`${low}..${high}`, at)
    return low
  }

  hexBytes(low: number, high: number): Uint8Array {
    const at = this.at
    const found = this.match(/(?:0x)?([0-9a-f]*)(?![0-9a-z])/i)
    const bytes = found ? parseHex(found[1]) : null
    if (bytes && bytes.length >= low && bytes.length <= high) return bytes
    this.fail(low === high ? `HEX (${low * 2})` : 'HEX', at)
    return new Uint8Array(0)
  }
}

function parsePacket(cursor: Cursor): OneLinePacket {
  const direction = (cursor.match(/[<>](?!\.)/)?.[0] ?? null) as '<' | '>' | null
  let ip = parseIpInfo(cursor, noIpInfo)
  const [source, destination] = parseEndpoints(cursor)
  ip = parseIpInfo(cursor, ip)
  const flags = parseFlags(cursor)
  const { seq, length, isAbsolute } = parseSequence(cursor)
  const fields = parseFields(cursor, length)
  const options = cursor.looksAt(/</) ? parseOptionList(cursor) : []
  const rest = parseFields(cursor, length)
  if (cursor.at < cursor.text.length) cursor.fail('ack | win | urg | reserved | offset | checksum | data | <OPTIONS>')
  return { direction, ip, source, destination, flags, seq, length, isAbsolute, options, ...mergeFields(fields, rest) }
}

const noIpInfo: OneLineIp = { ecn: null, tos: null, ttl: null, flowLabel: null, identification: null, dontFragment: null }

const ipInfoWords = 'noecn | ect0 | ect1 | ce | ect01 | tos | ttl | hlim | flowlabel | id | df | nodf'

function parseIpInfo(cursor: Cursor, before: OneLineIp): OneLineIp {
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

function parseEndpoints(cursor: Cursor): [OneLineEndpoint | null, OneLineEndpoint | null] {
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

function parseEndpoint(cursor: Cursor): OneLineEndpoint {
  const at = cursor.at
  const found = cursor.match(ipv6Endpoint) ?? cursor.expect(ipv4Endpoint, 'IPv4:PORT | [IPv6]:PORT')
  const address = found ? found[0].startsWith('[') ? parseIpv6(found[1]) : parseIp(found[1]) : null
  const port = Number(found?.[2] ?? 0)
  if (!address) cursor.fail('IPv4:PORT | [IPv6]:PORT', at)
  if (port > 0xffff) cursor.fail('0..65535', at + found![0].lastIndexOf(':') + 1)
  return { address, port }
}

/** Letters in any order, each once; `-` for none; a digit behind the dot is the ACE field (RFC 9768 §3.1.1). */
function parseFlags(cursor: Cursor): number {
  const at = cursor.at
  const found = cursor.match(/-(?=\s|$)|[A-Z.]+([0-7]?)(?=\s|$)/)
  if (!found) { cursor.fail('FLAGS (S F R P U E W A . | -)', at); return 0 }
  let flags = 0
  for (const letter of found[0]) {
    const bit = tcpFlagLetters.find(([known]) => known === letter)?.[1] ?? 0
    const isAce = /[0-7]/.test(letter)
    if (letter !== '-' && !isAce && (bit === 0 || flags & bit)) cursor.fail('FLAGS (S F R P U E W A . | -)', at)
    flags |= bit
  }
  if (found[1]) {
    const ace = Number(found[1])
    if (!found[0].includes(`.${found[1]}`)) cursor.fail('FLAGS (S F R P U E W A . | -)', at)
    flags |= (ace & 4 ? TcpFlag.ae : 0) | (ace & 2 ? TcpFlag.cwr : 0) | (ace & 1 ? TcpFlag.ece : 0)
  }
  return flags
}

const maxLength = 65_535

function parseSequence(cursor: Cursor): { seq: number | null, length: number, isAbsolute: boolean } {
  const at = cursor.at
  const any = cursor.match(/\.\.\.\((\d+)\)/)
  const found = any ?? cursor.expect(/(\d+):(\d+)\((\d+)\)(!?)/, 'seq:end(len)')
  if (!found) return { seq: 0, length: 0, isAbsolute: false }
  const length = Number(any ? found[1] : found[3])
  if (length > maxLength) cursor.fail(`(0..${maxLength})`, at)
  if (any) return { seq: null, length, isAbsolute: false }
  const [seq, end] = [Number(found[1]), Number(found[2])]
  if (seq > 0xffff_ffff) cursor.fail('0..4294967295', at)
  const expectedEnd = (seq + length) % 0x1_0000_0000
  if (end !== expectedEnd) cursor.fail(`${seq}:${expectedEnd}(${length})`, at)
  return { seq, length, isAbsolute: found[4] === '!' }
}

interface Fields {
  ack: number | null
  window: number | null
  urgentPointer: number | null
  reserved: number | null
  dataOffsetWords: number | null
  checksum: number | null
  data: Uint8Array | null
}

const numberFields = {
  ack: ['ack', 0xffff_ffff], win: ['window', 0xffff], urg: ['urgentPointer', 0xffff], reserved: ['reserved', 7], offset: ['dataOffsetWords', 15], checksum: ['checksum', 0xffff],
} as const

function parseFields(cursor: Cursor, length: number): Fields {
  const fields: Fields = { ack: null, window: null, urgentPointer: null, reserved: null, dataOffsetWords: null, checksum: null, data: null }
  for (;;) {
    const word = cursor.match(/(?:ack|win|urg|reserved|offset|checksum|data)(?=\s)/)?.[0]
    if (!word) return fields
    if (word === 'data') {
      const at = cursor.at
      fields.data = parseData(cursor)
      if (fields.data.length !== length) cursor.fail(`data (${length})`, at)
    } else {
      const [name, high] = numberFields[word as keyof typeof numberFields]
      fields[name] = cursor.number(0, high)
    }
  }
}

function parseData(cursor: Cursor): Uint8Array {
  const quoted = cursor.match(/"((?:[^"\\]|\\.)*)"/)
  if (quoted) return utf8Bytes(quoted[1].replace(/\\(.)/g, (_, character: string) => escapes[character] ?? character))
  if (cursor.looksAt(/0x/)) return cursor.hexBytes(0, maxLength)
  cursor.fail('"TEXT" | 0xHEX')
  return new Uint8Array(0)
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', 0: '\0' }

function mergeFields(a: Fields, b: Fields): Fields {
  const merged = { ...a }
  for (const name of Object.keys(b) as (keyof Fields)[]) if (b[name] !== null) Object.assign(merged, { [name]: b[name] })
  return merged
}

/** The list is taken as bytes and decoded again, so that it means what a receiver will read. */
function parseOptionList(cursor: Cursor): TcpOption[] | null {
  if (cursor.match(/<\s*\.\.\.\s*>/)) return null
  cursor.match(/</)
  const options: TcpOption[] = []
  if (cursor.match(/>/)) return options
  do options.push(parseOption(cursor))
  while (cursor.match(/,/))
  cursor.expect(/>/, ', | >')
  const bytes = encodeTcpOptions(options)
  return decodeTcpOptions(bytes, 0, bytes.length)
}

const optionWords = 'nop | eol | mss | wscale | sackOK | sack | TS | md5 | FO | FOEXP | ECN | uto | ao | mptcp | kind | raw'

function parseOption(cursor: Cursor): TcpOption {
  const at = cursor.at
  const word = cursor.expect(/[a-zA-Z]\w*/, optionWords)?.[0]
  switch (word) {
    case 'nop': case 'eol': case 'sackOK': return { name: word }
    case 'mss': return { name: 'mss', mss: cursor.number(0, 0xffff) }
    case 'wscale': return { name: 'wscale', shift: cursor.number(0, 255) }
    case 'sack': return parseSack(cursor)
    case 'TS': return parseTimestamps(cursor)
    case 'md5': return { name: 'md5', digest: cursor.hexBytes(16, 16) }
    case 'FO': return { name: 'tfo', cookie: cursor.hexBytes(0, 253) }
    case 'FOEXP': return { name: 'experimental', kind: 254, exid: fastOpenExid, data: cursor.hexBytes(0, 251) }
    case 'ECN': case 'ECN0': case 'ECN1': return parseAccEcn(cursor, word)
    case 'uto': return parseUserTimeout(cursor)
    case 'ao': return { name: 'tcp-ao', keyId: cursor.number(0, 255), rNextKeyId: cursor.number(0, 255), mac: cursor.hexBytes(0, 251) }
    case 'mptcp': return { name: 'mptcp', data: cursor.hexBytes(0, 253) }
    case 'kind': return { name: 'unknown', kind: cursor.number(2, 255), data: cursor.hexBytes(0, 253) }
    case 'raw': return { name: 'malformed', bytes: cursor.hexBytes(1, 255) }
    default: cursor.fail(optionWords, at)
  }
  return { name: 'nop' }
}

function parseSack(cursor: Cursor): TcpOption {
  const blocks = []
  do {
    const left = cursor.number(0, 0xffff_ffff)
    cursor.expect(/:/, ':')
    blocks.push({ left, right: cursor.number(0, 0xffff_ffff) })
  } while (cursor.looksAt(/\d/))
  return { name: 'sack', blocks }
}

function parseTimestamps(cursor: Cursor): TcpOption {
  cursor.expect(/val(?=\s)/, 'val')
  const val = cursor.number(0, 0xffff_ffff)
  cursor.expect(/ecr(?=\s)/, 'ecr')
  return { name: 'ts', val, ecr: cursor.number(0, 0xffff_ffff) }
}

/** The first counter tells the order, and so the kind: e0b first is 172, e1b first is 174. Which one `ceb` alone is, nobody can say. */
function parseAccEcn(cursor: Cursor, word: 'ECN' | 'ECN0' | 'ECN1'): TcpOption {
  const order = word === 'ECN1' || cursor.looksAt(/e1b/) ? 1 : 0
  const counters: number[] = []
  const names = accEcnCounterNames[order]
  while (cursor.looksAt(/[ec][0-9a-z]+b?/)) {
    cursor.expect(new RegExp(`${names[counters.length] ?? '(?!)'}(?=\\s)`), names[counters.length] ?? ', | >')
    if (cursor.error) break
    counters.push(cursor.number(0, 0xff_ffff))
  }
  return { name: 'accecn', order, counters }
}

function parseUserTimeout(cursor: Cursor): TcpOption {
  const value = cursor.number(0, 0x7fff)
  return { name: 'user-timeout', isMinutes: cursor.expect(/s|min/, 's | min')?.[0] === 'min', value }
}
