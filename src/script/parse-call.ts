import type { Cursor } from './cursor.ts'
import type { Call, Expression, StructField } from './script.ts'

export function isCallStart(cursor: Cursor): boolean {
  return cursor.peek(/[A-Za-z_]\w*\s*\(/y)
}

/** `name(args) = result [ERRNO [(free text)]] [(note)]` */
export function parseCall(cursor: Cursor): Call {
  const name = cursor.expect(/[A-Za-z_]\w*/y, 'system call')
  const args = parseArguments(cursor)
  cursor.expectText('=')
  const result = parseExpression(cursor)
  const errno = cursor.take(/E[A-Z0-9]+\b/y)
  while (cursor.takeText('(')) {
    const where = cursor.where(cursor.at - 1)
    cursor.upTo(')', where)
  }
  return { kind: 'call', name, args, result, errno }
}

function parseArguments(cursor: Cursor): Expression[] {
  cursor.expectText('(')
  const args: Expression[] = []
  while (!cursor.takeText(')')) {
    args.push(parseExpression(cursor))
    if (!cursor.takeText(',') && !cursor.peek(/\)/y)) cursor.fail(', | )')
  }
  return args
}

/** A value, or several joined by `|`. */
export function parseExpression(cursor: Cursor): Expression {
  const where = cursor.where()
  const first = parseOne(cursor)
  if (!cursor.peek(/\|/y)) return first
  const parts = [first]
  while (cursor.takeText('|')) parts.push(parseOne(cursor))
  return { where, kind: 'or', parts }
}

function parseOne(cursor: Cursor): Expression {
  const where = cursor.where()
  if (cursor.takeText('...')) return { where, kind: 'ellipsis' }
  if (cursor.takeText('[')) return { where, kind: 'list', items: parseItems(cursor) }
  if (cursor.takeText('{')) return { where, kind: 'struct', fields: parseFields(cursor) }
  const text = cursor.take(/"(?:[^"\\\n]|\\.)*"/y)
  if (text !== null) return { where, kind: 'string', text: text.slice(1, -1) }
  const number = cursor.take(/-?(?:0[xX][0-9a-fA-F]+|\d+)(?:ULL|UL|LL|U|L)?\b/iy)
  if (number !== null) return { where, kind: 'number', value: readNumber(number) }
  const name = cursor.take(/[A-Za-z_]\w*/y) ?? cursor.fail('value')
  if (cursor.peek(/\(/y)) return { where, kind: 'apply', name, args: parseArguments(cursor) }
  return { where, kind: 'word', name }
}

function readNumber(text: string): number {
  const digits = /^-?(?:0[xX][0-9a-fA-F]+|\d+)/.exec(text)![0]
  return digits.startsWith('-') ? -Number(digits.slice(1)) : Number(digits)
}

function parseItems(cursor: Cursor): Expression[] {
  const items: Expression[] = []
  while (!cursor.takeText(']')) {
    items.push(parseExpression(cursor))
    if (!cursor.takeText(',') && !cursor.peek(/\]/y)) cursor.fail(', | ]')
  }
  return items
}

function parseFields(cursor: Cursor): StructField[] {
  const fields: StructField[] = []
  while (!cursor.takeText('}')) {
    fields.push(parseField(cursor))
    if (!cursor.takeText(',') && !cursor.peek(/\}/y)) cursor.fail(', | }')
  }
  return fields
}

/** A field by name, or by place as in `{..., 40}`. */
function parseField(cursor: Cursor): StructField {
  const value = parseExpression(cursor)
  if (!cursor.takeText('=')) return { name: null, argument: null, value }
  if (value.kind === 'word') return { name: value.name, argument: null, value: parseExpression(cursor) }
  if (value.kind === 'apply' && value.args.length === 1) return { name: value.name, argument: value.args[0], value: parseExpression(cursor) }
  return cursor.fail('field=value')
}
