import { graphKinds } from '../../src/graph/graph.ts'
import { keepAll } from '../../src/trace/keep.ts'
import type { Keep, KeepKind } from '../../src/rpc/contract.ts'
import { ioIntervalsMs } from '../../src/trace/statistics/io-bins.ts'
import { argumentRanges } from '../../src/rpc/commands.ts'
import type { ArgumentType } from '../../src/rpc/commands.ts'
import { parseArgument } from '../../src/rpc/command-line.ts'
import { UsageError } from './failure.ts'

const onLink = [
  { name: 'interface', short: 'i', type: 'text', value: 'IF', required: true },
  { name: 'elevate', type: 'flag' },
] as const
const asHost = [
  { name: 'ip', type: 'cidr', value: 'ADDR/LEN|dhcp', required: true },
  { name: 'mac', type: 'mac', value: 'MAC' },
  { name: 'gateway', type: 'address', value: 'ADDR' },
  { name: 'ip6', type: 'ipv6', value: 'auto|off|ADDR/LEN' },
] as const
const ofTcp = [
  { name: 'preset', type: 'text', value: 'NAME' },
  { name: 'isn', type: 'count', value: 'N' },
  { name: 'set', type: 'assignment', value: 'NAME=VALUE', repeatable: true },
] as const

/**
 * The commands of the program, one row each: arguments, options with the type of their value. Words are those of `cli.command`,
 * `cli.argument` and `cli.option` under `words`, or under the name.
 */
export const cliTable = {
  interfaces: { arguments: [], options: [] },
  capture: {
    arguments: [],
    options: [
      ...onLink,
      { name: 'filter', type: 'text', value: 'BPF' },
      { name: 'display-filter', short: 'Y', type: 'text', value: 'FILTER', words: 'displayFilter' },
      { name: 'write', short: 'w', type: 'path', value: 'FILE' },
      { name: 'ring', type: 'ring', value: 'SIZE,FILES' },
      { name: 'findings', type: 'findingsFormat', value: 'tsv|json', words: 'findings' },
      { name: 'count', short: 'c', type: 'positive', value: 'N' },
      { name: 'seconds', type: 'seconds', value: 'N' },
      { name: 'snap', type: 'count', value: 'BYTES' },
      { name: 'no-promiscuous', type: 'flag', words: 'noPromiscuous' },
      { name: 'quiet', short: 'q', type: 'flag' },
    ],
  },
  analyze: {
    arguments: [{ name: 'file', type: 'path' }],
    options: [
      { name: 'filter', short: 'Y', type: 'text', value: 'FILTER', words: 'displayFilter' },
      { name: 'fields', type: 'text', value: 'NAME,…' },
      { name: 'flows', type: 'flag' },
      { name: 'findings', type: 'findingsFormat', value: 'tsv|json' },
      { name: 'explain', type: 'flag' },
      { name: 'statistics', type: 'flag' },
      { name: 'interval', type: 'interval', value: 'SECONDS' },
      { name: 'stream', type: 'count', value: 'N' },
      { name: 'raw', type: 'streamEnd', value: 'a|b' },
      { name: 'script', type: 'path', value: 'FILE', words: 'scriptFile' },
      { name: 'side', type: 'side', value: 'client|server', words: 'scriptSide' },
      { name: 'profile', type: 'text', value: 'NAME|FILE', words: 'scriptProfile' },
      { name: 'write', short: 'w', type: 'path', value: 'FILE', words: 'writeSelected' },
      { name: 'comments', type: 'flag' },
      { name: 'graph', type: 'count', value: 'STREAM' },
      { name: 'kind', type: 'graphKind', value: 'sequence|throughput|rtt|window', words: 'graphKind' },
      { name: 'sender', type: 'side', value: 'client|server', words: 'graphSender' },
      { name: 'svg', type: 'path', value: 'FILE' },
      { name: 'png', type: 'path', value: 'FILE' },
    ],
  },
  merge: {
    arguments: [{ name: 'files', type: 'path', variadic: true }],
    options: [{ name: 'write', short: 'w', type: 'path', value: 'FILE', required: true, words: 'writeMerged' }],
  },
  host: {
    arguments: [],
    options: [
      ...onLink,
      ...asHost,
      { name: 'listen', type: 'listener', value: 'APP:PORT', repeatable: true },
      ...ofTcp,
    ],
  },
  connect: {
    arguments: [{ name: 'host', type: 'address' }, { name: 'port', type: 'port' }],
    options: [
      ...onLink,
      ...asHost,
      { name: 'send', type: 'path', value: 'FILE|-' },
      { name: 'receive', type: 'path', value: 'FILE|-' },
      { name: 'close-after-send', type: 'flag', words: 'closeAfterSend' },
      { name: 'http', type: 'text', value: 'PATH' },
      ...ofTcp,
      { name: 'all', type: 'flag' },
      { name: 'quiet', short: 'q', type: 'flag', words: 'quietConnection' },
    ],
  },
  datagram: {
    arguments: [{ name: 'host', type: 'address' }, { name: 'port', type: 'port' }],
    options: [
      ...onLink,
      ...asHost,
      { name: 'text', type: 'text', value: 'TEXT' },
      { name: 'hex', type: 'hex', value: 'HEX', words: 'datagramHex' },
      { name: 'send', type: 'path', value: 'FILE|-', words: 'datagramSend' },
      { name: 'local', type: 'port', value: 'PORT' },
      { name: 'wait', type: 'seconds', value: 'N' },
      { name: 'all', type: 'flag', words: 'allAnswers' },
    ],
  },
  inject: {
    arguments: [{ name: 'line', type: 'text', optional: true }],
    options: [
      ...onLink,
      { name: 'hex', type: 'hex', value: 'HEX' },
      { name: 'file', type: 'path', value: 'FILE' },
      { name: 'count', type: 'positive', value: 'N', words: 'injectCount' },
      { name: 'rate', type: 'count', value: 'PPS' },
      { name: 'consent', type: 'address', value: 'ADDR', repeatable: true },
      { name: 'gateway', type: 'address', value: 'ADDR' },
    ],
  },
  serve: {
    arguments: [],
    options: [
      { name: 'port', type: 'portOrZero', value: 'N' },
      { name: 'link', type: 'text', value: 'LINK' },
      { name: 'recordings', type: 'path', value: 'FOLDER' },
      { name: 'keep', type: 'keep', value: 'all|packets:N|bytes:N|minutes:N' },
    ],
  },
  extcap: {
    arguments: [],
    options: [
      { name: 'install', type: 'path', value: 'FOLDER' },
      { name: 'recordings', type: 'path', value: 'FOLDER' },
      { name: 'from', type: 'fromWhen', value: 'start|now' },
      { name: 'extcap-interfaces', type: 'flag', words: 'extcap' },
      { name: 'extcap-version', type: 'text', value: 'VERSION', words: 'extcap' },
      { name: 'extcap-interface', type: 'text', value: 'NAME', words: 'extcap' },
      { name: 'extcap-dlts', type: 'flag', words: 'extcap' },
      { name: 'extcap-config', type: 'flag', words: 'extcap' },
      { name: 'extcap-capture-filter', type: 'text', value: 'FILTER', words: 'extcap' },
      { name: 'capture', type: 'flag', words: 'extcap' },
      { name: 'fifo', type: 'path', value: 'FILE', words: 'extcap' },
    ],
  },
  run: {
    arguments: [{ name: 'scripts', type: 'path', variadic: true }],
    options: [
      { name: 'profile', type: 'text', value: 'NAME|FILE' },
      { name: 'define', short: 'D', type: 'definition', value: 'SYM=VALUE', repeatable: true },
      { name: 'tool', type: 'text', value: 'NAME[=VALUE]', repeatable: true },
      { name: 'jobs', short: 'j', type: 'positive', value: 'N' },
      { name: 'trace', type: 'flag' },
      { name: 'pcapng', type: 'path', value: 'FILE' },
      { name: 'link', type: 'text', value: 'IF', words: 'scriptLink' },
      { name: 'peer', type: 'address', value: 'ADDR', words: 'scriptPeer' },
      { name: 'ip', type: 'cidr', value: 'ADDR/LEN', words: 'scriptIp' },
      { name: 'peer-command', type: 'text', value: 'COMMAND', words: 'peerCommand' },
      { name: 'mac', type: 'mac', value: 'MAC' },
      { name: 'gateway', type: 'address', value: 'ADDR' },
      { name: 'consent', type: 'address', value: 'ADDR', repeatable: true },
      { name: 'elevate', type: 'flag' },
    ],
  },
  demo: { arguments: [], options: [{ name: 'link', type: 'text', value: 'LINK' }] },
} as const satisfies Record<string, CliSpec>

export type CliCommand = keyof typeof cliTable
export const cliCommands = Object.keys(cliTable) as CliCommand[]

export interface CliSpec {
  readonly arguments: readonly { readonly name: string, readonly type: CliType, readonly optional?: true, readonly variadic?: true }[]
  readonly options: readonly CliOption[]
}

export interface CliOption {
  readonly name: string
  readonly short?: string
  readonly type: CliType
  /** How the value is called in help. */
  readonly value?: string
  readonly required?: true
  readonly repeatable?: true
  readonly words?: string
}

export type CliType = 'ring' | 'keep' | ArgumentType | 'positive' | 'seconds' | 'assignment' | 'portOrZero' | 'definition' | keyof typeof cliChoices

/** Seconds, as they are written. */
const ioIntervals = ioIntervalsMs.map((ms) => String(ms / 1000))

/** Types that take one of a closed list. */
const cliChoices = {
  findingsFormat: ['tsv', 'json'], fromWhen: ['start', 'now'], streamEnd: ['a', 'b'], graphKind: graphKinds, side: ['client', 'server'],
  interval: ioIntervals,
} as const

/** Options as given, by the name that commander makes of them. */
export interface CliOptions {
  interface: string
  elevate?: boolean
  filter?: string
  write?: string
  count?: number
  seconds?: number
  snap?: number
  promiscuous?: boolean
  quiet?: boolean
  ip: string
  mac?: string
  gateway?: string
  ip6?: string
  listen?: string[]
  preset?: string
  isn?: number
  set?: string[]
  send?: string
  receive?: string
  closeAfterSend?: boolean
  http?: string
  text?: string
  local?: number
  wait?: number
  all?: boolean
  hex?: string
  file?: string
  rate?: number
  consent?: string[]
  port?: number
  link?: string
  profile?: string
  define?: string[]
  tool?: string[]
  trace?: boolean
  pcapng?: string
  jobs?: number
  peer?: string
  peerCommand?: string
  recordings?: string
  flows?: boolean
  explain?: boolean
  displayFilter?: string
  fields?: string
  comments?: boolean
  ring?: string
  keep?: string
  findings?: typeof cliChoices.findingsFormat[number]
  stream?: number
  raw?: typeof cliChoices.streamEnd[number]
  statistics?: boolean
  interval?: typeof ioIntervals[number]
  graph?: number
  kind?: typeof graphKinds[number]
  sender?: typeof cliChoices.side[number]
  svg?: string
  png?: string
  script?: string
  side?: typeof cliChoices.side[number]
  install?: string
  from?: typeof cliChoices.fromWhen[number]
  extcapInterfaces?: boolean
  extcapInterface?: string
  extcapDlts?: boolean
  extcapConfig?: boolean
  extcapCaptureFilter?: string
  capture?: boolean
  fifo?: string
}

/** What a timer takes: 24 days. */
const secondsAtMost = 2_000_000

/** The value of an argument. @throws UsageError `badValue` */
export function readCliValue(type: CliType, name: string, text: string): string | number | boolean {
  if (type === 'seconds') {
    const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (seconds <= secondsAtMost) return seconds
    throw new UsageError('badValue', { name, value: text, expected: `0.5, 1, 2 … ${secondsAtMost}` })
  }
  if (type === 'portOrZero' && text === '0') return 0
  if (type === 'positive') {
    const count = parseArgument('count', text)
    if (typeof count === 'number' && count > 0) return count
    throw new UsageError('badValue', { name, value: text, expected: '1, 2, 3 …' })
  }
  // Bytes of a name that are no UTF-8 have been replaced before the program sees them: it would be another file.
  if (type === 'path' && (text === '' || text.includes('\uFFFD'))) throw new UsageError('badValue', { name, value: text, expected: 'FILE (UTF-8)' })
  if (type === 'assignment') {
    if (/^[A-Za-z]+=.+$/.test(text)) return text
    throw new UsageError('badValue', { name, value: text, expected: 'nagle=off, mss=536 …' })
  }
  if (type === 'ring') {
    if (ringLimits(text) !== null) return text
    throw new UsageError('badValue', { name, value: text, expected: '64k,4  10M,5  1G,2 …' })
  }
  if (type === 'keep') {
    if (keepOf(text) !== null) return text
    throw new UsageError('badValue', { name, value: text, expected: 'all | packets:1000000 | bytes:500000000 | minutes:10' })
  }
  if (Object.hasOwn(cliChoices, type)) {
    const choices: readonly string[] = cliChoices[type as keyof typeof cliChoices]
    if (choices.includes(text)) return text
    throw new UsageError('badValue', { name, value: text, expected: choices.join(' | ') })
  }
  if (type === 'definition') {
    if (/^\w+(=.*)?$/.test(text)) return text
    throw new UsageError('badValue', { name, value: text, expected: 'SYM=VALUE' })
  }
  const value = parseArgument(type === 'portOrZero' ? 'port' : type as ArgumentType, text)
  if (typeof value !== 'object') return value
  throw new UsageError('badValue', { name, value: text.slice(0, 80), expected: type in argumentRanges && type === 'count' ? '0, 1, 2 …' : value.expected })
}

/** `packets:N` and the like; null where it is none. */
export function keepOf(text: string): Keep | null {
  if (text === 'all') return keepAll
  const match = /^(packets|bytes|minutes):([1-9]\d{0,14})$/.exec(text)
  return match === null ? null : { kind: match[1] as KeepKind, limit: Number(match[2]) }
}

const sizeUnits: Readonly<Record<string, number>> = { '': 1, k: 1024, M: 1024 ** 2, G: 1024 ** 3 }

/** `10M,5` as bytes a file and files; null where it is none. */
export function ringLimits(text: string): { bytes: number, files: number } | null {
  const match = /^(\d{1,9})([kMG]?),(\d{1,5})$/.exec(text)
  if (match === null) return null
  const bytes = Number(match[1]) * sizeUnits[match[2]]
  const files = Number(match[3])
  return bytes > 0 && files > 0 ? { bytes, files } : null
}
