import { parseHex, concatBytes, writeU32 } from '../base/bytes.ts'
import { accEcnCounterNames } from '../wire/one-line.ts'
import { encodeTcpOption, fastOpenExid } from '../wire/tcp-options.ts'
import type { Cursor } from './cursor.ts'
import { syntax } from './problem.ts'
import type { OptionSpec } from './script.ts'

/** Options behind their `<`, in wire order, up to and with the `>`. */
export function parseTcpOptions(cursor: Cursor): OptionSpec[] {
  const options: OptionSpec[] = []
  while (!cursor.takeText('>')) {
    options.push(parseOption(cursor))
    if (!cursor.takeText(',') && !cursor.peek(/>/y)) cursor.fail(', | >')
  }
  return options
}

const optionNames = 'mss N | wscale N | sackOK | sack L:R | TS val N ecr N | nop | eol | md5 HEX | FO HEX | FOEXP HEX | ECN e0b N ceb N e1b N'

function parseOption(cursor: Cursor): OptionSpec {
  const name = cursor.take(/[A-Za-z]\w*/y)
  switch (name) {
    case 'nop': case 'eol': case 'sackOK': return { kind: name }
    case 'mss': return { kind: 'mss', value: cursor.integer('mss', 65535) }
    case 'wscale': return { kind: 'wscale', value: cursor.integer('wscale', 255) }
    case 'sack': return { kind: 'sack', edges: parseEdges(cursor) }
    case 'TS': return parseTimestamp(cursor)
    case 'md5': return { kind: 'bytes', option: 19, bytes: parseBytes(cursor, 'md5 HEX') }
    case 'FO': return { kind: 'bytes', option: 34, bytes: parseBytes(cursor, 'FO HEX') }
    case 'FOEXP': return { kind: 'bytes', option: 254, bytes: parseBytes(cursor, 'FOEXP HEX') }
    case 'ECN': case 'ECN0': case 'ECN1': return parseAccEcn(cursor, name === 'ECN1' ? 1 : 0)
    default: return cursor.fail(optionNames)
  }
}

function parseEdges(cursor: Cursor): number[] {
  const edges: number[] = []
  while (cursor.peek(/\d/y)) {
    edges.push(cursor.integer('L:R'))
    cursor.expectText(':')
    edges.push(cursor.integer('L:R'))
  }
  return edges
}

function parseTimestamp(cursor: Cursor): OptionSpec {
  if (!cursor.takeWord('val')) cursor.fail('val')
  const val = cursor.integer('val')
  if (!cursor.takeWord('ecr')) cursor.fail('ecr')
  return { kind: 'ts', val, ecr: cursor.integer('ecr') }
}

function parseBytes(cursor: Cursor, what: string): Uint8Array {
  const where = cursor.where()
  const text = cursor.take(/[0-9a-fA-F]+/y) ?? ''
  const bytes = parseHex(text)
  if (bytes === null) throw syntax(where, 'expected', { expected: what, got: text })
  return bytes
}

/** Counters in wire order; which of the two kinds it is shows in the order of their names (RFC 9768 §3.2.3). */
function parseAccEcn(cursor: Cursor, given: 0 | 1): OptionSpec {
  const counters: number[] = []
  let order = given
  for (let i = 0; i < 3; i++) {
    const name = cursor.take(/(?:e0b|ceb|e1b)\b/y)
    if (name === null) break
    if (i === 0 && name === accEcnCounterNames[1][0]) order = 1
    if (name !== accEcnCounterNames[order][i]) cursor.fail(accEcnCounterNames[order][i])
    counters.push(cursor.integer(name, 0xffffff))
  }
  return { kind: 'accecn', order, counters }
}

/** The options as bytes; `sackBase` is what the script's SACK edges count from. */
export function optionsBytes(options: readonly OptionSpec[], sackBase: number): Uint8Array {
  return concatBytes(options.map((option) => optionBytes(option, sackBase)))
}

function optionBytes(option: OptionSpec, sackBase: number): Uint8Array {
  switch (option.kind) {
    case 'nop': case 'eol': case 'sackOK': return encodeTcpOption({ name: option.kind })
    case 'mss': return encodeTcpOption({ name: 'mss', mss: option.value })
    case 'wscale': return encodeTcpOption({ name: 'wscale', shift: option.value })
    case 'ts': return encodeTcpOption({ name: 'ts', val: option.val, ecr: option.ecr })
    case 'accecn': return encodeTcpOption({ name: 'accecn', order: option.order, counters: option.counters })
    case 'sack': return sackBytes(option.edges, sackBase)
    case 'bytes':
      if (option.option === 254) return encodeTcpOption({ name: 'experimental', kind: 254, exid: fastOpenExid, data: option.bytes })
      return encodeTcpOption({ name: 'unknown', kind: option.option, data: option.bytes })
  }
}

function sackBytes(edges: readonly number[], base: number): Uint8Array {
  const bytes = new Uint8Array(2 + 4 * edges.length)
  bytes[0] = 5
  bytes[1] = bytes.length
  edges.forEach((edge, i) => writeU32(bytes, 2 + 4 * i, (edge + base) >>> 0))
  return bytes
}
