import { parseAddress } from '../stack/ip-address.ts'
import type { IpAddress } from '../stack/ip-address.ts'
import type { Cursor } from './cursor.ts'
import { greFlags } from './encapsulation.ts'
import type { Encapsulation, MplsLabel } from './encapsulation.ts'
import { syntax } from './problem.ts'

const words = /(?:ipv4|ipv6|gre|mpls)\b/y

/** `ipv4 A > B:`, `ipv6 A > B:`, `gre [fields]:` and `mpls (label N, tc N, [S], ttl N) …:`, outermost first. */
export function parseEncapsulations(cursor: Cursor): Encapsulation[] {
  const outer: Encapsulation[] = []
  while (cursor.peek(words)) {
    const where = cursor.where()
    const word = cursor.take(words)!
    if (outer.length === 0 && !word.startsWith('ip')) throw syntax(where, 'expected', { expected: 'ipv4 A > B: | ipv6 A > B:', got: word })
    outer.push(word === 'gre' ? parseGre(cursor) : word === 'mpls' ? { kind: 'mpls', labels: parseLabels(cursor) } : parseAddresses(cursor, word === 'ipv4' ? 4 : 6))
    cursor.expectText(':')
  }
  return outer
}

function parseAddresses(cursor: Cursor, version: 4 | 6): Encapsulation {
  const source = parseOne(cursor, version)
  cursor.expectText('>')
  return { kind: 'ip', source, destination: parseOne(cursor, version) }
}

function parseOne(cursor: Cursor, version: 4 | 6): IpAddress {
  const where = cursor.where()
  let text = cursor.take(version === 4 ? /[\d.]+/y : /[0-9A-Fa-f:.]+/y) ?? ''
  let address = parseAddress(text)
  // The colon behind an IPv6 address ends the header.
  if (address === null && version === 6 && text.endsWith(':')) {
    cursor.at--
    text = text.slice(0, -1)
    address = parseAddress(text)
  }
  if (address === null || (typeof address === 'number') !== (version === 4)) throw syntax(where, 'expected', { expected: version === 4 ? '192.0.2.1' : '2001:db8::1', got: text })
  return address
}

const greFields = /(?:flags|proto|sum|off|key|seq)\b/y

/** What stands in a field decides its bit, unless the flags are written. */
function parseGre(cursor: Cursor): Encapsulation {
  const given = new Map<string, number>()
  for (let name = cursor.take(greFields); name !== null; name = cursor.take(greFields)) {
    given.set(name, cursor.integer(name, name === 'key' || name === 'seq' ? 0xffff_ffff : 0xffff))
    cursor.takeText(',')
  }
  const bit = (name: string, value: number) => given.has(name) ? value : 0
  const flags = given.get('flags') ?? bit('sum', greFlags.checksum) | bit('key', greFlags.key) | bit('seq', greFlags.sequence)
  return { kind: 'gre', flags, protocol: given.get('proto') ?? null, checksum: given.get('sum') ?? null, key: given.get('key') ?? null, sequence: given.get('seq') ?? null }
}

function parseLabels(cursor: Cursor): MplsLabel[] {
  const labels: MplsLabel[] = []
  do labels.push(parseLabel(cursor))
  while (cursor.peek(/\(/y))
  return labels
}

function parseLabel(cursor: Cursor): MplsLabel {
  const field = (name: string, max: number): number => {
    if (!cursor.takeWord(name)) cursor.fail(name)
    return cursor.integer(name, max)
  }
  cursor.expectText('(')
  const label = field('label', 0xfffff)
  cursor.expectText(',')
  const trafficClass = field('tc', 7)
  cursor.expectText(',')
  const isBottom = cursor.take(/\[\s*S\s*\]/y) !== null
  if (isBottom) cursor.expectText(',')
  const ttl = field('ttl', 255)
  cursor.expectText(')')
  return { label, trafficClass, isBottom, ttl }
}
