import { Cursor } from './cursor.ts'
import { isCallStart, parseCall } from './parse-call.ts'
import { isPacketStart, parsePacket } from './parse-packet.ts'
import { resolveConditions, substitute } from './preprocess.ts'
import type { Defines } from './preprocess.ts'
import { ScriptProblem, syntax } from './problem.ts'
import type { Action, Code, Command, EventTime, Script, ScriptEvent, ScriptOption } from './script.ts'

/**
 * Reads a packetdrill script:
 *
 *     {--name[=value]} [`init`] {time [... end] (packet | call | `command` | %{ code }%)} [`cleanup`]
 *
 * @param given symbols that are defined beside those of `--define` in the text
 * @returns the script, or what is wrong with it
 */
export function parseScript(text: string, given: Defines = new Map()): Script | ScriptProblem {
  try {
    return parse(text, given)
  } catch (error) {
    if (error instanceof ScriptProblem) return error
    throw error
  }
}

function parse(text: string, given: Defines): Script {
  const unix = text.replaceAll('\r\n', '\n')
  const defines = new Map([...definesIn(unix), ...given])
  const cursor = new Cursor(substitute(resolveConditions(unix, defines), defines))
  const options: ScriptOption[] = []
  while (cursor.peek(/--[A-Za-z]/y)) options.push(parseOption(cursor))
  const init = cursor.peek(/`/y) ? parseCommand(cursor) : null
  const events: ScriptEvent[] = []
  let cleanup: Command | null = null
  while (!cursor.isAtEnd) {
    if (cursor.peek(/`/y)) {
      cleanup = parseCommand(cursor)
      if (!cursor.isAtEnd) throw cursor.expected('end of file')
      break
    }
    const event = parseEvent(cursor)
    if (events.length === 0 && (event.time.kind === 'any' || event.time.fromUs !== 0)) throw syntax(event.where, 'firstEventNotAtZero')
    events.push(event)
  }
  if (events.length === 0) throw cursor.expected('time')
  return { options, init, events, cleanup, lines: unix.split('\n') }
}

/** `--define=SYM=value` and `-DSYM=value` in the text itself. */
function definesIn(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, name, value] of text.matchAll(/^\s*(?:--define=|-D\s*)(\w+)=("[^"]*"|`[^`]*`|\S+)/gm)) found.set(name, value)
  return found
}

function parseOption(cursor: Cursor): ScriptOption {
  const where = cursor.where()
  const name = cursor.expect(/--[A-Za-z_]\w*/y, '--option').slice(2)
  if (cursor.text[cursor.at] !== '=') return { where, name, value: null }
  cursor.at++
  if (name === 'define') {
    const value = cursor.expect(/\w+=(?:"[^"]*"|`[^`]*`|\S+)/y, 'SYM=value')
    return { where, name, value }
  }
  const value = cursor.expect(/"[^"\n]*"|[^\s`]+/y, 'value')
  return { where, name, value: value.startsWith('"') ? value.slice(1, -1) : value }
}

function parseEvent(cursor: Cursor): ScriptEvent {
  const where = cursor.where()
  const time = parseTime(cursor)
  const endUs = cursor.takeText('...') ? parseEnd(cursor, time) : null
  const actionAt = cursor.where()
  const action = parseAction(cursor)
  const isExpected = action.kind === 'packet' && action.direction === 'out'
  if (!isExpected && (time.kind === 'any' || time.fromUs !== time.toUs)) throw syntax(where, 'rangeBeforeInput')
  if (endUs !== null && action.kind !== 'call') throw syntax(actionAt, 'expected', { expected: 'system call', got: action.kind })
  return { where, time, endUs, action }
}

const numberPattern = /(?:\d+(?:\.\d+)?|\.\d+|\d+\.(?!\.))/y

function parseTime(cursor: Cursor): EventTime {
  if (cursor.takeText('*')) return { kind: 'any', fromUs: 0, toUs: 0 }
  const isRelative = cursor.takeText('+')
  if (isRelative && cursor.peek(/\*/y)) cursor.fail('time')
  const kind = isRelative ? 'relative' : 'absolute'
  const fromUs = parseSeconds(cursor)
  if (!cursor.takeText('~')) return { kind, fromUs, toUs: fromUs }
  const where = cursor.where()
  if (isRelative) cursor.expectText('+')
  const toUs = parseSeconds(cursor)
  if (toUs < fromUs) throw syntax(where, 'rangeBackwards')
  return { kind, fromUs, toUs }
}

function parseEnd(cursor: Cursor, time: EventTime): number {
  const where = cursor.where()
  cursor.takeText('+')
  const endUs = parseSeconds(cursor)
  if (endUs < time.fromUs) throw syntax(where, 'rangeBackwards')
  return endUs
}

/** Seconds as µs. */
function parseSeconds(cursor: Cursor): number {
  return Math.round(Number(cursor.expect(numberPattern, 'time')) * 1_000_000)
}

function parseAction(cursor: Cursor): Action {
  if (cursor.peek(/`/y)) return parseCommand(cursor)
  if (cursor.peek(/%\{/y)) return parseCode(cursor)
  if (isPacketStart(cursor)) return parsePacket(cursor)
  if (isCallStart(cursor)) return parseCall(cursor)
  return cursor.fail('packet | system call | `command` | %{ code }%')
}

function parseCommand(cursor: Cursor): Command {
  const where = cursor.where()
  cursor.at++
  return { kind: 'command', where, text: cursor.upTo('`', where) }
}

function parseCode(cursor: Cursor): Code {
  const where = cursor.where()
  cursor.at += 2
  return { kind: 'code', where, text: cursor.upTo('}%', where) }
}
