import { expectedOf, isToolFlag, isToolOption } from '../../src/script/settings.ts'
import type { ToolOptions } from '../../src/script/settings.ts'
import { UsageError } from './failure.ts'

/** Those of `tcplab run` itself. */
const ownOptions: ReadonlySet<string> = new Set(['define'])

/** Suites are run with options of packetdrill (`--ip_version=ipv6 --mtu 1520`): for `run` each becomes a `--tool name=value`. */
export function withToolOptions(argv: readonly string[]): string[] {
  if (argv.find((argument) => !argument.startsWith('-')) !== 'run') return [...argv]
  const out: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const [, name, value] = /^--(\w+)(?:=(.*))?$/.exec(argv[i]) ?? []
    if (name === undefined || ownOptions.has(name) || !isToolOption(name)) out.push(argv[i])
    else if (value === undefined && !isToolFlag(name) && i + 1 < argv.length) out.push('--tool', `${name}=${argv[++i]}`)
    else out.push('--tool', value === undefined ? name : `${name}=${value}`)
  }
  return out
}

/** @throws UsageError for an option that packetdrill does not have, or a value that it cannot have */
export function readToolOptions(given: readonly string[]): ToolOptions {
  const read = new Map<string, string | null>()
  for (const text of given) {
    const at = text.indexOf('=')
    const name = at < 0 ? text : text.slice(0, at)
    const value = at < 0 ? null : text.slice(at + 1)
    if (!isToolOption(name)) throw new UsageError('unknownOption', { got: `--${name}`, command: 'run' })
    const expected = expectedOf(name, value)
    if (expected !== null) throw new UsageError('badValue', { name: `--${name}`, value: value ?? '', expected })
    read.set(name, value)
  }
  return read
}
