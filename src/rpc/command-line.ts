import { parseHex } from '../base/bytes.ts'
import { argumentChoices, argumentRanges, commandNames, commandSpec, parseListener } from './commands.ts'
import type { ArgumentType, Command, CommandArgs, CommandName, CommandSpec, OptionSpec, PositionalSpec } from './commands.ts'
import { nextToken, quoteRest, quoteToken, restOfLine, skipBlanks } from './tokens.ts'
import type { Token, TokenError } from './tokens.ts'

/** Why a line is no command. Worded in the catalogue under `commands.errors.<code>` with `params` and `column`, which starts at 1. */
export interface CommandLineError {
  column: number
  code: CommandLineErrorCode
  /** `name` of the argument or option, `got` as typed, `expected` as usage text, `command` nearest or in question; '' where it says nothing. */
  params: { name: string, got: string, expected: string, command: string }
}

export const commandLineErrorCodes = [
  'unknownCommand', 'unknownCommandNear', 'incompleteCommand', 'missingArgument', 'unexpectedArgument', 'oneOf', 'unknownOption', 'missingValue', 'repeatedOption', 'unexpectedValue',
  'badNumber', 'badChoice', 'badListener', 'badHex', 'badSetting', 'badAddress', 'badMac', 'unterminatedQuote', 'badEscape',
] as const
export type CommandLineErrorCode = typeof commandLineErrorCodes[number]

type Value = string | number | boolean
type Values = Record<string, Value | Value[]>

/** Reads a line of the console. @returns the command, the first error, or null for a blank line */
export function parseCommandLine(line: string): Command | CommandLineError | null {
  const head = readCommandWords(line)
  if (head === null || 'code' in head) return head
  const spec = commandSpec(head.command)
  const values = readArguments(line, head.end, head.command, spec)
  if ('code' in values) return values as unknown as CommandLineError
  return { command: head.command, args: values } as unknown as Command
}

/** The line that {@link parseCommandLine} reads as this command. */
export function formatCommandLine<C extends CommandName>(command: C, args: CommandArgs<C>): string {
  const spec = commandSpec(command)
  const values = args as Values
  const options = spec.options.flatMap((option) => formatOption(option, values[option.name]))
  const positionals = spec.positionals.filter(({ name }) => values[name] !== undefined)
  const plain = positionals.filter(({ rest }) => !rest).map(({ name, type }) => quoteToken(formatValue(type, values[name] as Value)))
  const rest = positionals.filter(({ rest }) => rest).map(({ name }) => quoteRest(String(values[name])))
  return [...spec.words, ...plain, ...options, ...rest].join(' ')
}

/** `link open KIND [NAME] [--filter TEXT]`, for help. */
export function commandUsage(command: CommandName): string {
  const spec = commandSpec(command)
  const positionals = spec.positionals.map(({ name, optional }) => optional ? `[${name.toUpperCase()}]` : name.toUpperCase())
  const options = spec.options.map(({ name, type, repeatable }) => `[--${name}${type === 'flag' ? '' : ` ${valueName(type)}`}]${repeatable ? '…' : ''}`)
  return [...spec.words, ...positionals, ...options].join(' ')
}

/** What an option's value is called in usage lines. */
export function valueName(type: ArgumentType): string {
  if (type in argumentChoices) return argumentChoices[type as keyof typeof argumentChoices].join('|')
  return valueNames[type] ?? type.toUpperCase()
}

const valueNames: Partial<Record<ArgumentType, string>> = { cidr: 'ADDRESS/LENGTH|dhcp', ipv6: 'auto|off|ADDRESS/LENGTH', listener: 'APPLICATION:PORT', integer: 'N', count: 'N', connection: 'ID', flow: 'N', setting: 'on|off|N' }

/** The command that a line begins with, if any. */
export function readCommandWords(line: string): { command: CommandName, end: number } | CommandLineError | null {
  const first = nextToken(line, 0)
  if (first === null) return null
  if ('code' in first) return tokenError(first)
  const second = nextToken(line, first.end)
  const secondText = second === null || 'code' in second ? '' : second.text
  const found = commandNames.find((name) => sameWords(commandSpec(name).words, first.text, secondText))
  if (found !== undefined) return { command: found, end: commandSpec(found).words.length === 2 ? (second as Token).end : first.end }
  const family = commandNames.filter((name) => commandSpec(name).words[0] === first.text).map((name) => commandSpec(name).words[1])
  if (family.length > 0) return problem('incompleteCommand', second === null || 'code' in second ? first.end : second.start, { command: first.text, got: secondText, expected: family.join('|') })
  const near = nearestCommand(first.text)
  return problem(near === '' ? 'unknownCommand' : 'unknownCommandNear', first.start, { got: first.text, command: near })
}

function sameWords(words: readonly string[], first: string, second: string): boolean {
  return words[0] === first && (words.length === 1 || words[1] === second)
}

function readArguments(line: string, from: number, command: CommandName, spec: CommandSpec): Values | CommandLineError {
  const values: Values = {}
  let position = 0
  let optionsOver = false
  let at = skipBlanks(line, from)
  while (at < line.length) {
    const isOption = !optionsOver && line.startsWith('--', at)
    const target: PositionalSpec | undefined = spec.positionals[position]
    if (!isOption && target?.rest) {
      const rest = restOfLine(line, at)
      if (typeof rest !== 'string') return tokenError(rest)
      values[target.name] = rest
      break
    }
    const token = nextToken(line, at) as Token | TokenError
    if ('code' in token) return tokenError(token)
    at = token.end
    if (isOption && token.text === '--') {
      optionsOver = true
    } else if (isOption) {
      const end = readOption(line, token, spec, values)
      if (typeof end !== 'number') return end
      at = end
    } else if (target === undefined) {
      return problem('unexpectedArgument', token.start, { got: token.text, command: spec.words.join(' '), expected: commandUsage(command) })
    } else {
      const error = readValue(target, token.text, token.start, values)
      if (error !== null) return error
      position++
    }
    at = skipBlanks(line, at)
  }
  return missing(line, command, spec, values) ?? values
}

function readOption(line: string, token: Token, spec: CommandSpec, values: Values): number | CommandLineError {
  const equals = token.text.indexOf('=')
  const name = token.text.slice(2, equals < 0 ? undefined : equals)
  const option = spec.options.find((candidate) => candidate.name === name)
  if (option === undefined) {
    return problem('unknownOption', token.start, { got: `--${name}`, command: spec.words.join(' '), expected: spec.options.map((candidate) => `--${candidate.name}`).join(' ') })
  }
  if (values[name] !== undefined && !option.repeatable) return problem('repeatedOption', token.start, { name: `--${name}` })
  if (option.type === 'flag') {
    if (equals >= 0) return problem('unexpectedValue', token.start, { name: `--${name}`, got: token.text.slice(equals + 1) })
    values[name] = true
    return token.end
  }
  if (equals >= 0) return readValue(option, token.text.slice(equals + 1), token.start, values) ?? token.end
  const value = nextToken(line, token.end)
  if (value === null) return problem('missingValue', token.end, { name: `--${name}`, expected: valueName(option.type) })
  if ('code' in value) return tokenError(value)
  return readValue(option, value.text, value.start, values) ?? value.end
}

function readValue(spec: PositionalSpec | OptionSpec, text: string, start: number, values: Values): CommandLineError | null {
  const value = parseArgument(spec.type, text)
  if (value !== null && typeof value === 'object') {
    return problem(value.code, start, { name: spec.name, got: text, expected: value.expected })
  }
  if ('repeatable' in spec && spec.repeatable) values[spec.name] = [...values[spec.name] as Value[] ?? [], value]
  else values[spec.name] = value
  return null
}

/** The value of an argument of this type, or why the text is none. Also used by the command line of the system. */
export function parseArgument(type: ArgumentType, text: string): Value | { code: CommandLineErrorCode, expected: string } {
  if (type in argumentRanges) return parseInteger(type as keyof typeof argumentRanges, text)
  if (type in argumentChoices) {
    const choices: readonly string[] = argumentChoices[type as keyof typeof argumentChoices]
    return choices.includes(text) ? text : { code: 'badChoice', expected: choices.join('|') }
  }
  const pattern = argumentPatterns[type]
  if (pattern !== undefined) return pattern.test(text) ? text : { code: pattern.code, expected: pattern.expected }
  if (type === 'setting') return parseSetting(text)
  return text
}

function parseInteger(type: keyof typeof argumentRanges, text: string): number | { code: 'badNumber', expected: string } {
  const [lowest, highest] = argumentRanges[type]
  const value = /^-?(\d+|0x[0-9a-fA-F]+)$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value) && value >= lowest && value <= highest) return value === 0 ? 0 : value
  return { code: 'badNumber', expected: highest === Number.MAX_SAFE_INTEGER ? (lowest === 0 ? '0, 1, 2 …' : '… -1, 0, 1 …') : `${lowest}–${highest}` }
}

/** A word is a choice of the setting: which there are is the core's to say. */
function parseSetting(text: string): number | boolean | string | { code: 'badSetting', expected: string } {
  if (text === 'on' || text === 'true') return true
  if (text === 'off' || text === 'false') return false
  const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (/^[A-Za-z]\w*$/.test(text)) return text
  return Number.isFinite(value) ? (value === 0 ? 0 : value) : { code: 'badSetting', expected: 'on|off|N|WORD' }
}

interface Pattern { test(text: string): boolean, code: CommandLineErrorCode, expected: string }

/** Only the outer form: whether an address can be reached is the core's to say. */
const argumentPatterns: Partial<Record<ArgumentType, Pattern>> = {
  listener: { test: (text) => parseListener(text) !== null, code: 'badListener', expected: 'echo:7, discard:9, chargen:19, http:80, udp-echo:7, udp-discard:9, udp-manual:9999' },
  hex: { test: (text) => text !== '' && (parseHex(text)?.length ?? 0) > 0, code: 'badHex', expected: '00 1a 2b …' },
  address: { test: (text) => /^([0-9a-fA-F.:]+|\[[0-9a-fA-F.:]+\])$/.test(text), code: 'badAddress', expected: '10.77.0.1, fd00:77::1' },
  ipv6: { test: (text) => /^(auto|off|[0-9a-fA-F.:]+\/\d{1,3})$/.test(text), code: 'badAddress', expected: 'auto, off, fd00:77::2/64' },
  cidr: { test: (text) => /^(dhcp|[0-9a-fA-F.:]+\/\d{1,3})$/.test(text), code: 'badAddress', expected: '10.77.0.2/24, dhcp' },
  mac: { test: (text) => /^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(text), code: 'badMac', expected: '02:00:00:00:00:02' },
}

function missing(line: string, command: CommandName, spec: CommandSpec, values: Values): CommandLineError | null {
  const absent = spec.positionals.find(({ name, optional }) => !optional && values[name] === undefined)
  const end = line.trimEnd().length
  if (absent !== undefined) return problem('missingArgument', end, { name: absent.name, command: spec.words.join(' '), expected: commandUsage(command) })
  if (spec.oneOf !== undefined && spec.oneOf.filter((name) => values[name] !== undefined).length !== 1) {
    return problem('oneOf', end, { command: spec.words.join(' '), expected: commandUsage(command) })
  }
  return null
}

function formatOption({ name, type }: OptionSpec, value: Value | Value[] | undefined): string[] {
  if (value === undefined || value === false) return []
  if (type === 'flag') return [`--${name}`]
  return (Array.isArray(value) ? value : [value]).map((one) => `--${name} ${quoteToken(formatValue(type, one))}`)
}

function formatValue(type: ArgumentType, value: Value): string {
  return type === 'setting' && typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)
}

function problem(code: CommandLineErrorCode, at: number, params: Partial<CommandLineError['params']>): CommandLineError {
  return { column: at + 1, code, params: { name: '', got: '', expected: '', command: '', ...params } }
}

function tokenError(error: TokenError): CommandLineError {
  return problem(error.code, error.at, {})
}

/** The first word of the command with the fewest edits, or '' where none is near. */
function nearestCommand(text: string): string {
  let nearest = ''
  let least = 3
  for (const name of commandNames) {
    const word = commandSpec(name).words[0]
    const edits = editDistance(text, word, least)
    if (edits < least) {
      least = edits
      nearest = word
    }
  }
  return nearest
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]
}
