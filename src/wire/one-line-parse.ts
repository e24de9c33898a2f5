import { Cursor } from './one-line-cursor.ts'
import type { OneLineError } from './one-line-cursor.ts'
import { maxDataBytes, noIpInfo, parseData, parseEndpoints, parseIpInfo } from './one-line-parts.ts'
import type { OneLineEndpoint, OneLineIp } from './one-line-parts.ts'
import { accEcnCounterNames, tcpFlagLetters } from './one-line.ts'
import { TcpFlag } from './tcp.ts'
import { decodeTcpOptions, encodeTcpOptions, fastOpenExid } from './tcp-options.ts'
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

export function parseOneLine(text: string): OneLinePacket | OneLineError {
  const cursor = new Cursor(text)
  const packet = parsePacket(cursor)
  return cursor.error ?? packet
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

function parseSequence(cursor: Cursor): { seq: number | null, length: number, isAbsolute: boolean } {
  const at = cursor.at
  const any = cursor.match(/\.\.\.\((\d+)\)/)
  const found = any ?? cursor.expect(/(\d+):(\d+)\((\d+)\)(!?)/, 'seq:end(len)')
  if (!found) return { seq: 0, length: 0, isAbsolute: false }
  const length = Number(any ? found[1] : found[3])
  if (length > maxDataBytes) cursor.fail(`(0..${maxDataBytes})`, at)
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
