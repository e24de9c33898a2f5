import { parseHex, utf8Bytes } from '../base/bytes.ts'
import { segmentKinds } from './cable-contract.ts'
import { keepKinds } from './contract.ts'
import { flowSorts } from './flows-contract.ts'
import { pairLayers, pairSorts } from './statistics-contract.ts'
import type { PairRequest } from './statistics-contract.ts'
import type { CableSettings } from './cable-contract.ts'
import type { StreamChoice } from './stream-contract.ts'
import type { CallName, LabCalls, LinkSpec } from './contract.ts'
import type { FlowRequest } from './flows-contract.ts'
import type { ApplicationName, ConnectRequest, HostSettings, InjectRequest } from './host-contract.ts'

/**
 * The commands of the lab: one table for the console of the window, for the console form that a button prints, for help
 * and for completion. Summaries, arguments and options are worded in the catalogue's section `commands` under the names used here.
 */
export const commandTable = {
  interfaces: { words: ['interfaces'], positionals: [], options: [] },
  linkOpen: {
    words: ['link', 'open'],
    positionals: [{ name: 'kind', type: 'linkKind' }, { name: 'name', type: 'linkName', optional: true }],
    options: [
      { name: 'filter', type: 'text' },
      { name: 'snap', type: 'count' },
      { name: 'promiscuous', type: 'flag' },
      { name: 'elevate', type: 'flag' },
      { name: 'ip', type: 'cidr' },
      { name: 'mac', type: 'mac' },
      { name: 'gateway', type: 'address' },
      { name: 'ip6', type: 'ipv6' },
    ],
  },
  linkClose: { words: ['link', 'close'], positionals: [], options: [] },
  captureStart: { words: ['capture', 'start'], positionals: [], options: [] },
  captureStop: { words: ['capture', 'stop'], positionals: [], options: [] },
  captureClear: { words: ['capture', 'clear'], positionals: [], options: [] },
  keep: { words: ['keep'], positionals: [{ name: 'what', type: 'keepKind' }, { name: 'limit', type: 'count', optional: true }], options: [] },
  impair: {
    words: ['impair'], positionals: [],
    options: [
      { name: 'loss', type: 'percent' }, { name: 'duplicate', type: 'percent' }, { name: 'corrupt', type: 'percent' }, { name: 'reorder', type: 'percent' },
      { name: 'delay', type: 'count' }, { name: 'kbps', type: 'count' },
    ],
  },
  lose: { words: ['lose'], positionals: [{ name: 'segment', type: 'segmentKind' }, { name: 'times', type: 'count', optional: true }], options: [] },
  filter: { words: ['filter'], positionals: [{ name: 'expression', type: 'text', optional: true, rest: true }], options: [] },
  open: { words: ['open'], positionals: [{ name: 'file', type: 'path', rest: true }], options: [] },
  save: {
    words: ['save'],
    positionals: [{ name: 'file', type: 'path', rest: true }],
    options: [{ name: 'overwrite', type: 'flag' }, { name: 'flow', type: 'flow' }, { name: 'first', type: 'count' }, { name: 'last', type: 'count' }, { name: 'display', type: 'text' }],
  },
  loadingStop: { words: ['loading', 'stop'], positionals: [], options: [] },
  wireshark: { words: ['wireshark'], positionals: [], options: [] },
  flows: {
    words: ['flows'], positionals: [],
    options: [{ name: 'from', type: 'integer' }, { name: 'count', type: 'count' }, { name: 'sort', type: 'flowSort' }, { name: 'descending', type: 'flag' }],
  },
  packets: { words: ['packets'], positionals: [], options: [{ name: 'flow', type: 'flow' }, { name: 'display', type: 'text' }, { name: 'from', type: 'integer' }, { name: 'count', type: 'count' }] },
  packet: { words: ['packet'], positionals: [{ name: 'number', type: 'count' }], options: [] },
  comment: { words: ['comment'], positionals: [{ name: 'number', type: 'count' }, { name: 'text', type: 'text', optional: true, rest: true }], options: [{ name: 'delete', type: 'flag' }] },
  explain: { words: ['explain'], positionals: [{ name: 'flow', type: 'flow' }], options: [] },
  streamShow: {
    words: ['stream', 'show'],
    positionals: [{ name: 'flow', type: 'flow' }],
    options: [{ name: 'end', type: 'streamEnd' }, { name: 'from', type: 'count' }, { name: 'count', type: 'count' }],
  },
  streamFind: {
    words: ['stream', 'find'],
    positionals: [{ name: 'flow', type: 'flow' }, { name: 'text', type: 'text', optional: true, rest: true }],
    options: [{ name: 'hex', type: 'hex' }, { name: 'end', type: 'streamEnd' }, { name: 'from', type: 'count' }, { name: 'backwards', type: 'flag' }, { name: 'any-case', type: 'flag' }],
    oneOf: ['text', 'hex'],
  },
  streamSave: {
    words: ['stream', 'save'],
    positionals: [{ name: 'flow', type: 'flow' }, { name: 'file', type: 'path', rest: true }],
    options: [{ name: 'end', type: 'streamEnd' }, { name: 'overwrite', type: 'flag' }],
  },
  run: { words: ['run'], positionals: [{ name: 'script', type: 'path', rest: true }], options: [{ name: 'profile', type: 'scriptProfile' }] },
  scriptsStop: { words: ['scripts', 'stop'], positionals: [], options: [] },
  script: {
    words: ['script'], positionals: [{ name: 'flow', type: 'flow' }, { name: 'file', type: 'path', optional: true, rest: true }],
    options: [{ name: 'side', type: 'streamEnd' }, { name: 'overwrite', type: 'flag' }],
  },
  statistics: { words: ['statistics'], positionals: [], options: [] },
  conversations: {
    words: ['conversations'],
    positionals: [{ name: 'layer', type: 'pairLayer' }],
    options: [{ name: 'from', type: 'count' }, { name: 'count', type: 'count' }, { name: 'sort', type: 'pairSort' }, { name: 'descending', type: 'flag' }],
  },
  endpoints: {
    words: ['endpoints'],
    positionals: [{ name: 'layer', type: 'pairLayer' }],
    options: [{ name: 'from', type: 'count' }, { name: 'count', type: 'count' }, { name: 'sort', type: 'pairSort' }, { name: 'descending', type: 'flag' }],
  },
  hostStart: {
    words: ['host', 'start'],
    positionals: [{ name: 'ip', type: 'cidr' }],
    options: [
      { name: 'mac', type: 'mac' },
      { name: 'gateway', type: 'address' },
      { name: 'ip6', type: 'ipv6' },
      { name: 'preset', type: 'preset' },
      { name: 'isn', type: 'count' },
      { name: 'listen', type: 'listener', repeatable: true },
    ],
  },
  hostStop: { words: ['host', 'stop'], positionals: [], options: [] },
  listen: { words: ['listen'], positionals: [{ name: 'listener', type: 'listener' }], options: [] },
  unlisten: { words: ['unlisten'], positionals: [{ name: 'port', type: 'port' }], options: [] },
  connect: {
    words: ['connect'],
    positionals: [{ name: 'address', type: 'address' }, { name: 'port', type: 'port' }],
    options: [{ name: 'http', type: 'text' }],
  },
  send: {
    words: ['send'],
    positionals: [{ name: 'connection', type: 'connection' }, { name: 'text', type: 'text', optional: true, rest: true }],
    options: [{ name: 'hex', type: 'hex' }],
    oneOf: ['text', 'hex'],
  },
  datagram: {
    words: ['datagram'],
    positionals: [{ name: 'address', type: 'address' }, { name: 'port', type: 'port' }, { name: 'text', type: 'text', optional: true, rest: true }],
    options: [{ name: 'hex', type: 'hex' }, { name: 'local', type: 'port' }],
    oneOf: ['text', 'hex'],
  },
  datagrams: { words: ['datagrams'], positionals: [], options: [{ name: 'count', type: 'count' }] },
  received: { words: ['received'], positionals: [{ name: 'connection', type: 'connection' }], options: [{ name: 'limit', type: 'count' }] },
  close: { words: ['close'], positionals: [{ name: 'connection', type: 'connection' }], options: [] },
  abort: { words: ['abort'], positionals: [{ name: 'connection', type: 'connection' }], options: [] },
  set: {
    words: ['set'],
    positionals: [{ name: 'connection', type: 'connection' }, { name: 'setting', type: 'settingName' }, { name: 'value', type: 'setting' }],
    options: [],
  },
  watch: { words: ['watch'], positionals: [{ name: 'connection', type: 'connection', optional: true }], options: [] },
  sockets: { words: ['sockets'], positionals: [], options: [] },
  decisions: { words: ['decisions'], positionals: [{ name: 'connection', type: 'connection', optional: true }], options: [{ name: 'count', type: 'count' }] },
  inject: {
    words: ['inject'],
    positionals: [{ name: 'line', type: 'text', optional: true, rest: true }],
    options: [
      { name: 'hex', type: 'hex' },
      { name: 'count', type: 'count' },
      { name: 'rate', type: 'count' },
      { name: 'consent', type: 'address', repeatable: true },
    ],
    oneOf: ['line', 'hex'],
  },
  demo: { words: ['demo'], positionals: [], options: [] },
  help: { words: ['help'], positionals: [{ name: 'command', type: 'commandWords', optional: true, rest: true }], options: [] },
  clear: { words: ['clear'], positionals: [], options: [] },
  language: { words: ['language'], positionals: [{ name: 'language', type: 'language' }], options: [] },
  theme: { words: ['theme'], positionals: [{ name: 'theme', type: 'theme' }], options: [] },
} as const satisfies Record<string, CommandSpec>

export interface CommandSpec {
  readonly words: readonly string[]
  readonly positionals: readonly PositionalSpec[]
  readonly options: readonly OptionSpec[]
  /** Exactly one of these arguments has to be given. */
  readonly oneOf?: readonly string[]
}

/** Optional positionals come last; one with `rest` takes the remainder of the line as it is, blanks and quotes included. */
export interface PositionalSpec { readonly name: string, readonly type: ArgumentType, readonly optional?: true, readonly rest?: true }

/** `--name value`, or `--name` alone where the type is `flag`. */
export interface OptionSpec { readonly name: string, readonly type: ArgumentType, readonly repeatable?: true }

export type ArgumentType =
  | 'text' | 'path' | 'linkName' | 'address' | 'cidr' | 'ipv6' | 'mac' | 'preset' | 'settingName' | 'hex' | 'commandWords'
  | 'linkKind' | 'keepKind' | 'segmentKind' | 'language' | 'theme' | 'flowSort' | 'streamEnd' | 'scriptProfile' | 'pairLayer' | 'pairSort' | 'listener'
  | 'integer' | 'count' | 'percent' | 'port' | 'flow' | 'connection'
  | 'setting' | 'flag'

/** Types that take one of a closed list. `cap` links are opened where the native binding is absent. */
export const argumentChoices = {
  linkKind: ['nic', 'cap', 'sandbox', 'virtual', 'file'],
  keepKind: keepKinds,
  segmentKind: segmentKinds,
  language: ['en', 'ko'],
  theme: ['dark', 'light', 'system'],
  flowSort: flowSorts,
  streamEnd: ['client', 'server'],
  scriptProfile: ['linux', 'freebsd', 'rfc'],
  pairLayer: pairLayers,
  pairSort: pairSorts,
} as const

/** Types that are whole numbers, with what they may be. `count` starts at 0, so that ISN 0 and an unlimited 0 can be written. */
export const argumentRanges = {
  integer: [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  count: [0, Number.MAX_SAFE_INTEGER],
  percent: [0, 100],
  port: [1, 65535],
  flow: [0, Number.MAX_SAFE_INTEGER],
  connection: [0, Number.MAX_SAFE_INTEGER],
} as const satisfies Partial<Record<ArgumentType, readonly [number, number]>>

export type CommandName = keyof typeof commandTable
export const commandNames = Object.keys(commandTable) as CommandName[]

export function commandSpec(command: CommandName): CommandSpec {
  return commandTable[command]
}

type ValueOf<T extends ArgumentType> =
  T extends keyof typeof argumentRanges ? number
    : T extends keyof typeof argumentChoices ? typeof argumentChoices[T][number]
      : T extends 'flag' ? boolean
        : T extends 'setting' ? number | boolean | string
          : string

type Positionals<C extends CommandName> = typeof commandTable[C]['positionals'][number]
type Options<C extends CommandName> = typeof commandTable[C]['options'][number]

/** The arguments of a command by name: positionals as the table requires them, options where given. */
export type CommandArgs<C extends CommandName = CommandName> =
  & { [P in Extract<Positionals<C>, PositionalSpec> as P extends { optional: true } ? never : P['name']]: ValueOf<P['type']> }
  & { [P in Extract<Positionals<C>, PositionalSpec> as P extends { optional: true } ? P['name'] : never]?: ValueOf<P['type']> }
  & { [O in Extract<Options<C>, OptionSpec> as O['name']]?: O extends { repeatable: true } ? ValueOf<O['type']>[] : ValueOf<O['type']> }

/** A command with its arguments, told apart by `command`. */
export type Command = { [C in CommandName]: { command: C, args: CommandArgs<C> } }[CommandName]

/** A call of the contract with its arguments. */
export type LabCall = { [N in CallName]: { name: N, args: Parameters<LabCalls[N]> } }[CallName]

/** Bytes of a stream that are shown unless told. */
export const streamBytes = 4096

/** Rows that a list command shows unless told: the latest. */
export const latestRows = 20

/** The call that a command comes to, or null for those that the shell answers itself: `sockets` (from its last update), `help`, `clear`, `language`, `theme`. */
export function commandCall(command: Command): LabCall | null {
  switch (command.command) {
    case 'interfaces': return { name: 'listLinks', args: [] }
    case 'linkOpen': return { name: 'openLink', args: [linkSpec(command.args)] }
    case 'linkClose': return { name: 'closeLink', args: [] }
    case 'captureStart': return { name: 'startCapture', args: [] }
    case 'captureStop': return { name: 'stopCapture', args: [] }
    case 'captureClear': return { name: 'clearCapture', args: [] }
    case 'keep': return { name: 'setKeep', args: [{ kind: command.args.what, limit: command.args.limit ?? 0 }] }
    case 'impair': return { name: 'impair', args: [cableSettings(command.args)] }
    case 'lose': return { name: 'loseNext', args: [{ kind: command.args.segment, count: command.args.times ?? 1 }] }
    case 'filter': return { name: 'setCaptureFilter', args: [command.args.expression ?? ''] }
    case 'open': return { name: 'openLink', args: [{ kind: 'file', name: command.args.file }] }
    case 'save': {
      const { file, overwrite = false, flow, first, last, display } = command.args
      return { name: 'saveCapture', args: [{ path: file, overwrite, ...given('flow', flow), ...given('first', first), ...given('last', last), ...given('filter', display) }] }
    }
    case 'loadingStop': return { name: 'stopLoading', args: [] }
    case 'wireshark': return { name: 'openInWireshark', args: [] }
    case 'flows': return { name: 'getFlows', args: [flowRequest(command.args)] }
    case 'packets': return { name: 'getPacketRows', args: [{ ...page(command.args), ...given('flow', command.args.flow), ...given('filter', command.args.display) }] }
    case 'packet': return { name: 'getPacket', args: [command.args.number] }
    case 'comment': {
      const { number, text, delete: isDeleted } = command.args
      return { name: 'commentPacket', args: [{ packet: number, ...given('text', isDeleted ? '' : text) }] }
    }
    case 'explain': return { name: 'getFlowInsights', args: [command.args.flow] }
    case 'streamShow': {
      const { from = 0, count = streamBytes } = command.args
      return { name: 'getStream', args: [{ ...streamChoice(command.args), from, count }] }
    }
    case 'streamFind': {
      const { from = 0, backwards, 'any-case': ignoreCase } = command.args
      return { name: 'findInStream', args: [{ ...streamChoice(command.args), pattern: typedBytes(command.args), from, ...given('backwards', backwards), ...given('ignoreCase', ignoreCase) }] }
    }
    case 'streamSave': {
      const { file, overwrite } = command.args
      return { name: 'saveStream', args: [{ ...streamChoice(command.args), path: file, ...given('overwrite', overwrite) }] }
    }
    case 'run': return { name: 'runScript', args: [{ path: command.args.script, ...given('profile', command.args.profile) }] }
    case 'scriptsStop': return { name: 'stopScripts', args: [] }
    case 'script': {
      const { flow, file, side, overwrite } = command.args
      return { name: 'exportScript', args: [{ flow, ...given('side', side), ...given('path', file), ...given('overwrite', overwrite) }] }
    }
    case 'statistics': return { name: 'getStatistics', args: [] }
    case 'conversations': return { name: 'getConversations', args: [pairRequest(command.args)] }
    case 'endpoints': return { name: 'getEndpoints', args: [pairRequest(command.args)] }
    case 'hostStart': return { name: 'startHost', args: [hostSettings(command.args)] }
    case 'hostStop': return { name: 'stopHost', args: [] }
    case 'listen': return { name: 'listen', args: [parseListener(command.args.listener)!] }
    case 'unlisten': return { name: 'unlisten', args: [{ port: command.args.port }] }
    case 'connect': return { name: 'connect', args: [connectRequest(command.args)] }
    case 'send': return { name: 'send', args: [{ connection: command.args.connection, data: typedBytes(command.args) }] }
    case 'datagram': {
      const { address, port, local } = command.args
      return { name: 'sendDatagram', args: [{ address, port, data: typedBytes(command.args), ...given('from', local) }] }
    }
    case 'datagrams': return { name: 'getDatagrams', args: [{ count: command.args.count ?? latestRows }] }
    case 'received': return { name: 'getReceived', args: [{ connection: command.args.connection, limit: command.args.limit ?? 4096 }] }
    case 'close': return { name: 'closeConnection', args: [{ connection: command.args.connection }] }
    case 'abort': return { name: 'abortConnection', args: [{ connection: command.args.connection }] }
    case 'set': return { name: 'setConnectionOption', args: [{ connection: command.args.connection, name: command.args.setting, value: command.args.value }] }
    case 'watch': return { name: 'watch', args: [{ connection: command.args.connection ?? null }] }
    case 'decisions': return { name: 'getDecisions', args: [{ count: command.args.count ?? latestRows, ...given('connection', command.args.connection) }] }
    case 'inject': return { name: 'inject', args: [injectRequest(command.args)] }
    case 'demo': return { name: 'runFirstConversation', args: [] }
    case 'sockets': case 'help': case 'clear': case 'language': case 'theme': return null
  }
}

/** `echo:7` as application and port, or null. */
export function parseListener(text: string): { application: ApplicationName, port: number } | null {
  const match = /^(echo|discard|chargen|http|udp-echo|udp-discard|udp-manual):(\d{1,5})$/.exec(text)
  if (!match) return null
  const port = Number(match[2])
  return port >= 1 && port <= 65535 ? { application: match[1] as ApplicationName, port } : null
}

function page(args: { from?: number, count?: number }): { from: number, count: number } {
  const count = args.count ?? latestRows
  return { from: args.from ?? -count, count }
}

/** The latest, or the first of those that are sorted. */
function flowRequest(args: CommandArgs<'flows'>): FlowRequest {
  const { sort, descending } = args
  const isSorted = sort !== undefined || descending !== undefined
  return { ...page(isSorted ? { from: 0, ...args } : args), ...given('sort', sort), ...given('descending', descending) }
}

function linkSpec(args: CommandArgs<'linkOpen'>): LinkSpec {
  const { kind, name, filter, snap, promiscuous, elevate, ip, mac, gateway, ip6 } = args
  return {
    kind,
    ...given('name', name),
    ...given('filter', filter),
    ...given('snapLength', snap),
    ...given('promiscuous', promiscuous),
    ...given('elevate', elevate),
    ...given('host', ip === undefined ? undefined : { address: ip, ...given('mac', mac), ...given('gateway', gateway), ...given('ipv6', ip6) }),
  }
}

function cableSettings({ loss, duplicate, corrupt, reorder, delay, kbps }: CommandArgs<'impair'>): Partial<CableSettings> {
  return {
    ...given('lossPercent', loss), ...given('duplicatePercent', duplicate), ...given('corruptPercent', corrupt), ...given('reorderPercent', reorder), ...given('delayMs', delay),
    ...given('rateKbps', kbps),
  }
}

function hostSettings(args: CommandArgs<'hostStart'>): HostSettings {
  const listen = args.listen?.map((text) => parseListener(text)!)
  return {
    address: args.ip, ...given('mac', args.mac), ...given('gateway', args.gateway), ...given('ipv6', args.ip6), ...given('preset', args.preset), ...given('isn', args.isn),
    ...given('listen', listen),
  }
}

function connectRequest(args: CommandArgs<'connect'>): ConnectRequest {
  const target = { address: args.address, port: args.port }
  return args.http === undefined ? { ...target, application: 'manual' } : { ...target, application: 'http-get', path: args.http }
}

function pairRequest({ layer, from = 0, count = latestRows, sort, descending }: CommandArgs<'conversations'>): PairRequest {
  return { layer, from, count, ...given('sort', sort), ...given('descending', descending) }
}

function streamChoice({ flow, end }: CommandArgs<'streamShow'>): StreamChoice {
  return { flow, ...given('end', end === undefined ? undefined : end === 'client' ? 0 as const : 1 as const) }
}

function typedBytes(args: { text?: string, hex?: string }): Uint8Array {
  return args.hex === undefined ? utf8Bytes(args.text ?? '') : parseHex(args.hex) ?? new Uint8Array(0)
}

function injectRequest(args: CommandArgs<'inject'>): InjectRequest {
  const frames = args.hex === undefined ? [] : [parseHex(args.hex) ?? new Uint8Array(0)]
  return { frames, ...given('lines', args.line === undefined ? undefined : [args.line]), ...given('count', args.count), ...given('ratePps', args.rate), ...given('consent', args.consent) }
}

/** A property only where there is a value, because `{ a: undefined }` and `{}` differ on the wire. */
function given<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : { [key]: value } as { [key in K]: V }
}
