import { readCommandWords, valueName } from './command-line.ts'
import { argumentChoices, commandNames, commandSpec } from './commands.ts'
import type { ArgumentType, CommandName, CommandSpec, OptionSpec } from './commands.ts'
import { nextToken, quoteToken, skipBlanks } from './tokens.ts'

/** What the shell knows and a line may name. */
export interface CompletionContext {
  interfaces: readonly string[]
  flows: readonly number[]
  connections: readonly number[]
  /** Ports of listeners. */
  listeners: readonly number[]
  /** Names that `set` takes. */
  settings: readonly string[]
  presets: readonly string[]
  /** Addresses worth offering: the peer's, neighbours. */
  addresses: readonly string[]
}

export interface Completion {
  /** The part of the line that a candidate replaces. */
  from: number
  to: number
  candidates: Candidate[]
  /** What belongs here when nothing can be offered, as in usage lines; '' where nothing does. */
  hint: string
}

export interface Candidate {
  text: string
  kind: 'command' | 'option' | 'value'
  /** The command meant, where it is settled: its summary is `commands.summary.<command>`. */
  command: CommandName | null
}

/** Candidates for the word that ends at `cursor`, in the order of the table. */
export function completeCommandLine(line: string, cursor: number, context: CompletionContext): Completion {
  const before = line.slice(0, cursor)
  const from = lastWordStart(before)
  if (from === null) return { from: cursor, to: cursor, candidates: [], hint: '' }
  const word = before.slice(from)
  const offer = (candidates: Candidate[], hint: string): Completion => ({ from, to: cursor, candidates: candidates.filter(({ text }) => text.startsWith(word)), hint })
  const head = readCommandWords(before.slice(0, from))
  if (head === null) return offer(firstWords(), '')
  if ('code' in head) return offer(head.code === 'incompleteCommand' ? secondWords(head.params.command) : [], head.params.expected)
  const spec = commandSpec(head.command)
  const place = placeOf(before, head.end, from, spec, word)
  if (place === null) return offer([], '')
  if (place === 'option') return offer(optionNames(spec, before), '')
  return offer(valuesFor(place.type, context).map((text) => ({ text, kind: 'value', command: null })), place.hint)
}

/** Start of the word that the line ends in (its length after a blank), or null inside an open quote. */
function lastWordStart(line: string): number | null {
  let at = 0
  for (;;) {
    const token = nextToken(line, at)
    if (token === null) return line.length
    if ('code' in token) return null
    if (token.end === line.length) return token.start
    at = token.end
  }
}

function firstWords(): Candidate[] {
  const seen = new Map<string, Candidate>()
  for (const name of commandNames) {
    const [text, second] = commandSpec(name).words
    if (!seen.has(text)) seen.set(text, { text, kind: 'command', command: second === undefined ? name : null })
  }
  return [...seen.values()]
}

function secondWords(first: string): Candidate[] {
  return commandNames.filter((name) => commandSpec(name).words[0] === first && commandSpec(name).words.length === 2)
    .map((name) => ({ text: commandSpec(name).words[1], kind: 'command', command: name }))
}

/** What the word at `until` is: an option's name, a value of some type, or nothing the table knows. */
function placeOf(line: string, from: number, until: number, spec: CommandSpec, word: string): { type: ArgumentType, hint: string } | 'option' | null {
  let position = 0
  let pending: OptionSpec | undefined
  for (let at = skipBlanks(line, from); at < until; at = skipBlanks(line, at)) {
    if (pending === undefined && spec.positionals[position]?.rest && !line.startsWith('--', at)) break
    const token = nextToken(line, at)
    if (token === null || 'code' in token || token.start >= until) break
    at = token.end
    if (pending !== undefined) pending = undefined
    else if (token.text.startsWith('--') && !token.quoted) pending = spec.options.find(({ name, type }) => type !== 'flag' && `--${name}` === token.text)
    else position++
  }
  if (pending !== undefined) return { type: pending.type, hint: valueName(pending.type) }
  if (word.startsWith('--')) return 'option'
  const target = spec.positionals[position]
  if (target !== undefined) return { type: target.type, hint: target.name.toUpperCase() }
  return spec.options.length > 0 ? 'option' : null
}

function optionNames(spec: CommandSpec, before: string): Candidate[] {
  const used = new Set(before.split(/\s+/))
  return spec.options.filter(({ name, repeatable }) => repeatable || !used.has(`--${name}`)).map(({ name }) => ({ text: `--${name}`, kind: 'option', command: null }))
}

const standardListeners = ['echo:7', 'discard:9', 'chargen:19', 'http:80']

function valuesFor(type: ArgumentType, context: CompletionContext): string[] {
  switch (type) {
    case 'linkKind': case 'keepKind': case 'segmentKind': case 'language': case 'theme': case 'flowSort': case 'streamEnd': case 'scriptProfile': case 'pairLayer': case 'pairSort': return [...argumentChoices[type]]
    case 'linkName': return context.interfaces.map(quoteToken)
    case 'listener': return standardListeners
    case 'connection': return context.connections.map(String)
    case 'flow': return context.flows.map(String)
    case 'port': return context.listeners.map(String)
    case 'settingName': return [...context.settings]
    case 'setting': return ['on', 'off']
    case 'preset': return [...context.presets]
    case 'address': return [...context.addresses]
    case 'commandWords': return commandNames.map((name) => commandSpec(name).words.join(' '))
    default: return []
  }
}
