import { TcpState, tcpStateNames } from '../tcp/state.ts'
import type { Nstat } from './nstat.ts'
import { unsupported } from './problem.ts'
import type { Command } from './script.ts'
import type { SocketLayer } from './sockets/layer.ts'
import { systemChange } from './sysctl.ts'
import type { SystemChange } from './sysctl.ts'

/** What a shell command did: its last exit status, and what it printed. */
export interface CommandOutcome { readonly status: number, readonly output: readonly string[] }

export interface Machine {
  readonly layer: SocketLayer
  readonly change: (change: SystemChange) => void
  readonly nstat: Nstat
}

interface Streams {
  readonly status: number
  readonly lines: readonly string[]
  /** The lines are counters. */
  readonly isCounted?: boolean
}

/**
 * Runs the commands that scripts use, without a shell: setting kernel parameters, asking for the states of sockets, `grep` behind a pipe, and
 * a few that print or do nothing. @throws ScriptProblem for any other
 */
export function runCommand(command: Command, machine: Machine): CommandOutcome {
  let status = 0
  const output: string[] = []
  for (const part of splitOutsideQuotes(command.text.replaceAll(/\\\n/g, ' ').replaceAll(/(^|\s)#.*$/gm, ''), /\n|;|&&/y).map((line) => line.trim())) {
    if (part === '') continue
    const streams = runPipe(command, part, machine)
    status = streams.status
    output.push(...streams.lines)
    if (status !== 0) break
  }
  return { status, output }
}

function runPipe(command: Command, text: string, machine: Machine): Streams {
  let streams: Streams = { status: 0, lines: [] }
  for (const stage of splitOutsideQuotes(text, /\|/y)) {
    const words = splitWords(stage.replaceAll(/\d?>&?\s*\S+/g, ''))
    if (words.length > 0) streams = runStage(command, words, streams, machine)
  }
  return streams
}

function runStage(command: Command, words: readonly string[], input: Streams, machine: Machine): Streams {
  const name = words[0].split('/').at(-1)!
  switch (name) {
    case 'sysctl': return setParameters(command, words.slice(1), machine)
    case 'set_sysctls.py': return setParameters(command, words.slice(1), machine)
    case 'defaults.sh': case 'true': case 'sleep': case 'sync': case 'wait': return { status: 0, lines: [] }
    case 'false': return { status: 1, lines: [] }
    case 'echo': return { status: 0, lines: [words.slice(1).join(' ')] }
    case 'grep': case 'egrep': case 'fgrep':
      if (input.isCounted) machine.nstat.requireKept(command, words.slice(1).join(' '))
      return { ...grep(command, name, words.slice(1), input.lines), ...input.isCounted === undefined ? {} : { isCounted: input.isCounted } }
    case 'wc': return { status: 0, lines: [String(input.lines.length)] }
    case 'nstat': return { status: 0, lines: machine.nstat.run(command, words.slice(1)), isCounted: true }
    case 'sockstat': return { status: 0, lines: sockstat(words.slice(1), machine.layer) }
    case 'tcpdrop': return tcpdrop(command, words.slice(1), machine.layer)
    default: throw unsupported(command.where, 'shellCommand', words.slice(0, 3).join(' '))
  }
}

/** `sysctl -w name=value`, and the same with paths below /proc/sys. */
function setParameters(command: Command, words: readonly string[], machine: Machine): Streams {
  for (const word of words) {
    if (word.startsWith('-')) continue
    const [path, value] = [word.split('=')[0], word.split('=').slice(1).join('=')]
    const name = path.startsWith('/proc/sys/') ? path.slice('/proc/sys/'.length).replaceAll('/', '.') : path
    if (value === '') continue
    const change = systemChange(name, value)
    if (change === null) throw unsupported(command.where, 'sysctl', `${name}=${value}`)
    machine.change(change)
  }
  return { status: 0, lines: [] }
}

function grep(command: Command, program: string, words: readonly string[], lines: readonly string[]): Streams {
  const { flags, patterns } = grepWords(words)
  if (patterns.length === 0 || /[^cqvEFGwixe]/.test(flags)) throw unsupported(command.where, 'shellCommand', `${program} ${words.join(' ')}`)
  const isFixed = program === 'fgrep' || flags.includes('F')
  const isExtended = program === 'egrep' || flags.includes('E')
  const tests = patterns.map((pattern) => {
    const expression = isFixed ? pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`) : isExtended ? posix(pattern) : basic(posix(pattern))
    const bounded = flags.includes('x') ? `^(?:${expression})$` : flags.includes('w') ? String.raw`\b(?:${expression})\b` : expression
    const test = compile(bounded, flags.includes('i'))
    if (test === null) throw unsupported(command.where, 'shellCommand', `${program} ${pattern}`)
    return test
  })
  const found = lines.filter((line) => tests.some((test) => test.test(line)) !== flags.includes('v'))
  const status = found.length > 0 ? 0 : 1
  if (flags.includes('q')) return { status, lines: [] }
  return { status, lines: flags.includes('c') ? [String(found.length)] : found }
}

function grepWords(words: readonly string[]): { readonly flags: string, readonly patterns: readonly string[] } {
  const patterns: string[] = []
  let flags = ''
  for (let i = 0; i < words.length; i++) {
    if (!words[i].startsWith('-')) {
      if (patterns.length === 0 || !flags.includes('e')) patterns.push(words[i])
      continue
    }
    flags += words[i].slice(1)
    if (words[i].endsWith('e') && i + 1 < words.length) patterns.push(words[++i])
  }
  return { flags, patterns }
}

/** Basic expressions have their operators behind a backslash, where extended ones have the plain signs (POSIX 9.3, 9.4; GNU's `\|`, `\+` and `\?`). */
function basic(pattern: string): string {
  return pattern.replaceAll(/\[[^\]]*\]|\\[|+?(){}]|[|+?(){}]/g, (found) => found.startsWith('[') ? found : found.startsWith('\\') ? found.slice(1) : `\\${found}`)
}

function posix(pattern: string): string {
  return pattern.replaceAll(/\[\[:(space|blank|digit|alpha|alnum):\]\]/g, (_, name: string) => ({ space: String.raw`\s`, blank: '[ \\t]', digit: String.raw`\d`, alpha: '[A-Za-z]', alnum: '[A-Za-z0-9]' })[name] ?? '')
}

function compile(expression: string, ignoresCase: boolean): RegExp | null {
  try {
    return new RegExp(expression, ignoresCase ? 'i' : '')
  } catch {
    return null
  }
}

/** A line a TCP socket: program, protocol, addresses, state. What has no program any more shows `?`. */
function sockstat(words: readonly string[], layer: SocketLayer): string[] {
  const port = words.includes('-p') ? Number(words[words.indexOf('-p') + 1]) : null
  const [only4, only6] = [words.includes('-4'), words.includes('-6')]
  const lines = ['USER     COMMAND    PID   FD  PROTO  LOCAL ADDRESS         FOREIGN ADDRESS       STATE']
  for (const { state, localPort, remotePort, isOpen, isV6 } of layer.all()) {
    if (port !== null && localPort !== port && remotePort !== port) continue
    if ((only4 && !only6 && isV6) || (only6 && !only4 && !isV6)) continue
    lines.push(`${isOpen ? 'root     packetdril 1000  3 ' : '?        ?          ?     ? '}  tcp${isV6 ? 6 : 4}   *:${localPort}   *:${remotePort === 0 ? '*' : remotePort}   ${tcpStateNames[state]}`)
  }
  return lines
}

/** `tcpdrop -s STATE`, `tcpdrop -a`: what is there is reset. */
function tcpdrop(command: Command, words: readonly string[], layer: SocketLayer): Streams {
  const wanted = words.includes('-s') ? words[words.indexOf('-s') + 1] : words.includes('-a') ? null : undefined
  if (wanted === undefined) throw unsupported(command.where, 'shellCommand', `tcpdrop ${words.join(' ')}`)
  const lines: string[] = []
  for (const { connection, state } of [...layer.all()]) {
    if (connection < 0 || state === TcpState.closed || (wanted !== null && tcpStateNames[state] !== wanted)) continue
    layer.drop(connection)
    lines.push(`${tcpStateNames[state]}: dropped`)
  }
  return { status: 0, lines }
}

/** What is in quotes is never a separator. */
function splitOutsideQuotes(text: string, separator: RegExp): string[] {
  const parts = ['']
  let at = 0
  while (at < text.length) {
    separator.lastIndex = at
    const found = separator.exec(text)?.[0]
    const quoted = /^(?:"[^"]*"|'[^']*'|\\.)/.exec(text.slice(at))?.[0]
    if (found === undefined) parts[parts.length - 1] += quoted ?? text[at]
    else parts.push('')
    at += (found ?? quoted ?? ' ').length
  }
  return parts
}

function splitWords(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|((?:[^\s"']|"[^"]*"|'[^']*')+)/g)].map(([whole, double, single]) => double ?? single ?? whole.replaceAll(/["']/g, ''))
}
