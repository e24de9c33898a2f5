import type { Cursor } from './cursor.ts'
import { syntax } from './problem.ts'
import { parseLength, parseSequence } from './parse-packet.ts'
import type { IcmpBody, QuotedPacket } from './script.ts'

/** `icmp TYPE [CODE] [mtu N] [id N] [ [seq:end(len)] | [udp (len)] | [raw (len)] ]`; older scripts put the quoted segment first. */
export function parseIcmp(cursor: Cursor, quotedFirst: QuotedPacket | null): IcmpBody {
  cursor.expect(/icmp\b/y, 'icmp')
  const where = cursor.where()
  const type = cursor.expect(/[a-z]\w*/y, 'icmp type')
  let code: string | null = null
  let mtu: number | null = null
  let id: number | null = null
  for (;;) {
    if (cursor.takeWord('mtu')) mtu = cursor.integer('mtu')
    else if (cursor.takeWord('id')) id = cursor.integer('id', 65535)
    else if (code === null && cursor.peek(/[a-z]\w*/y)) code = cursor.take(/[a-z]\w*/y)
    else break
  }
  const quoted = quotedFirst ?? (cursor.peek(/\[/y) ? parseQuoted(cursor) : null)
  return { kind: 'icmp', where, type, code, mtu, id, quoted }
}

export function parseQuoted(cursor: Cursor): QuotedPacket {
  cursor.expectText('[')
  const quoted = parseQuotedBody(cursor)
  cursor.expectText(']')
  return quoted
}

function parseQuotedBody(cursor: Cursor): QuotedPacket {
  if (cursor.takeWord('udp')) return { kind: 'udp', length: parseLength(cursor) }
  if (cursor.takeWord('raw')) return { kind: 'raw', length: parseLength(cursor) }
  const where = cursor.where()
  const { seq, length } = parseSequence(cursor)
  if (seq === null) throw syntax(where, 'expected', { expected: 'seq:end(len)', got: '...' })
  return { kind: 'tcp', seq, length }
}
