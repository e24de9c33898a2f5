import { unsupported } from './problem.ts'
import type { Command, Where } from './script.ts'

/** Counters of now by their names. */
export type CounterReader = () => ReadonlyMap<string, number>

/** A name of a counter, as Linux has them; the kinds of /proc/net/snmp, snmp6 and netstat. */
const counterName = /\b(?:Ip|Ip6|IpExt|Icmp|Icmp6|IcmpMsg|Tcp|TcpExt|Udp|Udp6|UdpLite|MPTcpExt)[A-Z]\w*/g

/**
 * nstat(8): counters since it was asked before, of those that changed, with its history as the real one keeps in a file. `-a` absolute, `-z` those of 0 too,
 * `-s` leaves the history, `-n` only renews it, `-r` forgets it; what follows are patterns of names.
 */
export class Nstat {
  private readonly read: CounterReader
  private history: ReadonlyMap<string, number>

  constructor(read: CounterReader) {
    this.read = read
    this.history = read()
  }

  /** @throws ScriptProblem for a counter that is not kept, or an option that is not had here */
  run(command: Command, words: readonly string[]): string[] {
    const flags = words.filter((word) => /^-[a-zA-Z]/.test(word)).map((word) => word.slice(1)).join('')
    const other = /[^aznsr]/.exec(flags)
    if (other !== null) throw unsupported(placeOf(command, `-${flags}`), 'shellCommand', `nstat -${flags}`)
    const patterns = words.filter((word) => !word.startsWith('-'))
    const now = this.read()
    for (const pattern of patterns) this.requireKept(command, pattern, now)
    const before = flags.includes('r') ? new Map<string, number>() : this.history
    const isQuiet = flags.includes('n')
    if (!flags.includes('s')) this.history = now
    if (isQuiet) return []
    const tests = patterns.map(globOf)
    const lines = ['#kernel']
    for (const [name, value] of now) {
      const shown = flags.includes('a') ? value : value - (before.get(name) ?? 0)
      if ((shown === 0 && !flags.includes('z')) || (tests.length > 0 && !tests.some((test) => test.test(name)))) continue
      lines.push(`${name.padEnd(32)}${String(shown).padEnd(16)}${'0.0'.padStart(6)}`)
    }
    return lines
  }

  /** What `grep` behind `nstat` looks for must be counted here: else its absence would say nothing. @throws ScriptProblem */
  requireKept(command: Command, text: string, now: ReadonlyMap<string, number> = this.read()): void {
    for (const { 0: name, index } of text.matchAll(counterName)) {
      // `TcpExtTCPLoss.*` and `TcpExtTCPLoss*` speak of several.
      const isPrefix = /^[.*?[]/.test(text.slice(index + name.length))
      if (!now.has(name) && !(isPrefix && [...now.keys()].some((kept) => kept.startsWith(name)))) throw unsupported(placeOf(command, name), 'counter', name)
    }
  }
}

/** Where a word of a command stands in the script. */
export function placeOf({ where, text }: Command, word: string): Where {
  const at = text.indexOf(word)
  if (at < 0) return where
  const before = text.slice(0, at).split('\n')
  return { line: where.line + before.length - 1, column: before.length === 1 ? where.column + 1 + at : before.at(-1)!.length + 1 }
}

/** fnmatch(3) with `*` and `?`. */
function globOf(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll(/[\\^$.+()[\]{}|]/g, String.raw`\$&`).replaceAll('*', '.*').replaceAll('?', '.')}$`)
}
