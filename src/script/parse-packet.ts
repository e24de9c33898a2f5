import { TcpFlag } from '../wire/tcp.ts'
import { ecnWords } from '../wire/one-line.ts'
import type { Cursor } from './cursor.ts'
import { parseEncapsulations } from './parse-encapsulation.ts'
import { parseIcmp, parseQuoted } from './parse-icmp.ts'
import { optionsBytes, parseTcpOptions } from './parse-tcp-options.ts'
import { syntax, unsupported } from './problem.ts'
import type { IcmpBody, IpInfo, OptionSpec, PacketAction, QuotedPacket, TcpBody, UdpBody, Where } from './script.ts'

export function isPacketStart(cursor: Cursor): boolean {
  return cursor.peek(/[<>]/y)
}

/** `(<|>) [encapsulation:] [(ipinfo)] [sport > dport] (tcp | udp (len) | icmp …)` */
export function parsePacket(cursor: Cursor): PacketAction {
  const direction = cursor.takeText('<') ? 'in' : cursor.takeText('>') ? 'out' : cursor.fail('< | >')
  const outer = parseEncapsulations(cursor)
  const quotedFirst = cursor.peek(/\[\s*\d/y) ? parseQuoted(cursor) : null
  const ip = parseIpInfo(cursor)
  const ports = cursor.peek(/\d+\s*>\s*\d+/y) ? parsePorts(cursor) : null
  const body = parseBody(cursor, quotedFirst, direction)
  const packet: PacketAction = { kind: 'packet', direction, outer, ip, ports, body }
  return cursor.peek(/\/\s*udp\b/y) ? { ...packet, tunnel: parseTunnel(cursor, packet) } : packet
}

function parseTunnel(cursor: Cursor, { body, outer }: PacketAction): PacketAction['tunnel'] {
  const where = cursor.where()
  if (body.kind !== 'tcp' || outer.length > 0) throw unsupported(where, 'encapsulation', '/udp')
  cursor.expectText('/')
  cursor.expectText('udp')
  cursor.expectText('(')
  const source = cursor.integer('port', 65_535, 1)
  cursor.expectText('>')
  const destination = cursor.integer('port', 65_535, 1)
  cursor.expectText(')')
  return { where, source, destination }
}

function parsePorts(cursor: Cursor): PacketAction['ports'] {
  const source = cursor.integer('port', 65535)
  cursor.expectText('>')
  return { source, destination: cursor.integer('port', 65535) }
}

function parseBody(cursor: Cursor, quoted: QuotedPacket | null, direction: 'in' | 'out'): TcpBody | UdpBody | IcmpBody {
  if (cursor.peek(/icmp\b/y)) return parseIcmp(cursor, quoted)
  if (quoted !== null) return cursor.fail('icmp')
  if (cursor.takeWord('udp')) return { kind: 'udp', length: parseLength(cursor) }
  return parseTcp(cursor, direction)
}

export function parseLength(cursor: Cursor): number {
  cursor.expectText('(')
  const length = cursor.integer('length', 65535)
  cursor.expectText(')')
  return length
}

/** In round or square brackets, separated by commas. */
function parseIpInfo(cursor: Cursor): IpInfo {
  const ip = { ecn: null as IpInfo['ecn'], tos: null as number | null, ttl: null as number | null, flowLabel: null as number | null }
  const close = cursor.takeText('(') ? ')' : cursor.takeText('[') ? ']' : null
  if (close === null) return ip
  while (!cursor.takeText(close)) {
    parseIpField(cursor, ip)
    if (!cursor.takeText(',') && !cursor.peek(/[)\]]/y)) cursor.fail(`, | ${close}`)
  }
  return ip
}

function parseIpField(cursor: Cursor, ip: { ecn: IpInfo['ecn'], tos: number | null, ttl: number | null, flowLabel: number | null }): void {
  const word = cursor.take(/[A-Za-z]\w*/y)
  switch (word) {
    case 'noecn': case 'ect0': case 'ect1': case 'ce': ip.ecn = ecnWords[word]; return
    case 'ect01': ip.ecn = 'ect01'; return
    case 'tos': case 'class': ip.tos = cursor.integer(word, 255); return
    case 'dscp': ip.tos = cursor.integer(word, 63) << 2; return
    case 'ttl': case 'hlim': ip.ttl = cursor.integer(word, 255); return
    case 'flowlabel': ip.flowLabel = cursor.integer(word, 0xfffff); return
    case 'ecn': ip.ecn = cursor.integer(word, 3); return
    default: cursor.fail('noecn | ect0 | ect1 | ect01 | ce | tos N | ttl N | hlim N | flowlabel N')
  }
}

const flagBits: Readonly<Record<string, number>> = {
  F: TcpFlag.fin, S: TcpFlag.syn, R: TcpFlag.rst, P: TcpFlag.psh, '.': TcpFlag.ack, U: TcpFlag.urg, E: TcpFlag.ece, W: TcpFlag.cwr, A: TcpFlag.ae,
}

/** `FLAGS seq:end(len)[!] [ack N] [win N] [urg N] [<options>]` */
function parseTcp(cursor: Cursor, direction: 'in' | 'out'): TcpBody {
  const flagsAt = cursor.where()
  const written = cursor.expect(/(?:-|[FSRPUEWA.]+[0-7]?)(?=\s)/y, 'FLAGS')
  const ace = /[0-7]$/.test(written) ? Number(written.slice(-1)) : null
  let flags = 0
  for (const letter of written) {
    const bit = flagBits[letter] ?? 0
    if ((flags & bit) !== 0) throw syntax(flagsAt, 'expected', { expected: written.replaceAll(/(.)(?=.*\1)/g, ''), got: written })
    flags |= bit
  }
  if (ace !== null) flags |= (ace & 4 ? TcpFlag.ae : 0) | (ace & 2 ? TcpFlag.cwr : 0) | (ace & 1 ? TcpFlag.ece : 0)
  const seqAt = cursor.where()
  const { seq, length } = parseSequence(cursor)
  if (seq === null && direction === 'in') throw syntax(seqAt, 'expected', { expected: 'seq:end(len)', got: '...' })
  const isAbsolute = cursor.takeText('!')
  const fields = { ack: null as number | null, window: null as number | null, urgentPointer: 0 }
  parseFields(cursor, fields)
  const options = parseOptions(cursor, direction)
  return { kind: 'tcp', flags, ace, seq, length, isAbsolute, ...fields, options }
}

function parseFields(cursor: Cursor, fields: { ack: number | null, window: number | null, urgentPointer: number }): void {
  const seen = new Set<string>()
  for (;;) {
    const where = cursor.where()
    const word = cursor.take(/(?:ack|win|urg)\b/iy)?.toLowerCase() ?? null
    if (word === null) return
    if (seen.has(word)) throw syntax(where, 'expected', { expected: '<options>', got: word })
    seen.add(word)
    if (word === 'ack') fields.ack = cursor.integer('ack')
    else if (word === 'win') fields.window = cursor.integer('win', 65535)
    else fields.urgentPointer = cursor.integer('urg', 65535)
  }
}

/** `...(len)` leaves the sequence number open. */
export function parseSequence(cursor: Cursor): { seq: number | null, length: number } {
  if (cursor.takeText('...')) return { seq: null, length: parseLength(cursor) }
  const seq = cursor.integer('seq')
  cursor.expectText(':')
  const endAt = cursor.where()
  const end = cursor.integer('end')
  const length = parseLength(cursor)
  if (end !== (seq + length) >>> 0) throw syntax(endAt, 'lengthDiffers', { seq, end, length })
  return { seq, length }
}

function parseOptions(cursor: Cursor, direction: 'in' | 'out'): readonly OptionSpec[] | null {
  const where = cursor.where()
  if (!cursor.takeText('<')) return []
  if (direction === 'out' && cursor.takeText('...')) {
    cursor.expectText('>')
    return null
  }
  const options = parseTcpOptions(cursor)
  checkLength(options, where)
  return options
}

/** The tool does not pad: what is written is what there is (RFC 9293 §3.1: whole words, at most 40 bytes). */
function checkLength(options: readonly OptionSpec[], where: Where): void {
  const { length } = optionsBytes(options, 0)
  if (length % 4 !== 0) throw syntax(where, 'optionsUnaligned', { length })
  if (length > 40) throw syntax(where, 'optionsTooLong', { length })
}
