import { parseAddress } from '../stack/ip-address.ts'
import type { IpAddress } from '../stack/ip-address.ts'
import { udpHeaderBytes } from '../wire/udp.ts'
import { syntax, unsupported } from './problem.ts'
import type { ScriptProblem } from './problem.ts'
import { profiles, readProfile } from './profile.ts'
import type { Profile, ProfileName } from './profile.ts'
import type { Script, ScriptOption, Where } from './script.ts'

/** What the options of a script, and of the command line over them, come to. */
export interface Settings {
  readonly profile: Profile
  readonly ipVersion: 'ipv4' | 'ipv6' | 'ipv4-mapped-ipv6'
  readonly local: IpAddress
  readonly prefixLength: number
  readonly remote: IpAddress
  readonly gateway: IpAddress
  readonly bindPort: number
  readonly connectPort: number
  readonly mtu: number
  /** TCP may go within UDP. */
  readonly udpEncapsulation: boolean
  /** What of the MTU that takes, where a packet of the script goes so. */
  readonly tunnelBytes: number
  /** Injected segments with more payload than this come in as segments of this size; 0: as they are. */
  readonly aggregateMss: number
  readonly toleranceUs: number
  readonly tolerancePercent: number
  readonly strictSegments: boolean
  readonly timestampTickUs: number
  readonly timestampEchoScaled: boolean
  /** Of which events what is not as expected is only told. */
  readonly nonFatal: { readonly packet: boolean, readonly syscall: boolean }
}

/** Options of the tool: what each takes. Those of `ignored` speak of how the real tool runs. */
const optionKinds: Readonly<Record<string, 'number' | 'port' | 'tick' | 'flag' | 'address' | 'version' | 'failures' | 'ignored' | 'carried'>> = {
  ip_version: 'version', tolerance_usecs: 'number', tolerance_percent: 'number', mtu: 'number', mss: 'number', local_ip: 'address', remote_ip: 'address', gateway_ip: 'address', netmask_ip: 'address',
  bind_port: 'port', connect_port: 'port', tcp_ts_tick_usecs: 'number', tcp_ts_ecr_scaled: 'flag', strict_segments: 'flag', non_fatal: 'failures', define: 'ignored', send_omit_free: 'ignored',
  udp_encapsulation: 'carried', tcp_md5_secret: 'ignored', verbose: 'ignored', debug: 'ignored', speed: 'ignored', init_scripts: 'ignored', so_filename: 'ignored', so_flags: 'ignored',
  wire_client: 'ignored', wire_server: 'ignored', wire_server_ip: 'ignored', wire_server_port: 'ignored', wire_client_dev: 'ignored', wire_server_dev: 'ignored', persistent_tun_dev: 'ignored',
  dry_run: 'ignored', code_command: 'ignored', code_format: 'ignored', code_sockopt: 'ignored', is_anyip: 'ignored', tun_dev: 'ignored',
}

/** Options that do something here. */
export const optionNames: readonly string[] = Object.keys(optionKinds).filter((name) => name === 'define' || optionKinds[name] !== 'ignored')

const addresses = {
  v4: { local: '192.168.0.1', prefixLength: 16, remote: '192.0.2.1', gateway: '192.168.0.2' },
  v6: { local: 'fd3d:a0b:17d6::1', prefixLength: 48, remote: '2001:db8::1', gateway: 'fd3d:a0b:17d6:8888::1' },
} as const

/** RFC 791 §3.2, RFC 8200 §5. */
const leastMtus = { v4: 68, v6: 1280 } as const
/** Where options stand that no script has. */
const outside: Where = { line: 1, column: 1 }

/** Options of the tool by name, as `--name=value` gives them. */
export type ToolOptions = ReadonlyMap<string, string | null>

/** @param over options from outside, which go before the script's own. @throws ScriptProblem for an option that is unknown, or a value that it cannot have */
export function settingsOf(script: Script, profile: Profile, over: ToolOptions = new Map()): Settings {
  const given = new Map<string, string | null>()
  const places = new Map<string, Where>()
  for (const option of script.options) {
    check(option)
    given.set(option.name, option.value)
    places.set(option.name, option.where)
  }
  for (const [name, value] of over) {
    requireCarried(name, value, outside)
    given.set(name, value)
    places.set(name, outside)
  }
  const text = (name: string) => given.get(name) ?? null
  const number = (name: string, otherwise: number) => text(name) === null ? otherwise : Number(text(name))
  const isOn = (name: string) => given.has(name) && text(name) !== '0'
  const nonFatal = (text('non_fatal') ?? '').split(/[|,]/)
  const ipVersion = (text('ip_version') ?? 'ipv4') as Settings['ipVersion']
  const defaults = ipVersion === 'ipv6' ? addresses.v6 : addresses.v4
  const require = (name: string, isGood: boolean, expected: string) => {
    if (!isGood) throw syntax(places.get(name) ?? outside, 'badOptionValue', { name: `--${name}`, value: text(name) ?? '', expected })
  }
  const address = (name: string, otherwise: string) => {
    const found = parseAddress(text(name) ?? otherwise)!
    require(name, (typeof found === 'number') === (ipVersion !== 'ipv6'), otherwise)
    return found
  }
  const mtu = number('mtu', ipVersion === 'ipv6' ? profile.mtu.v6 : profile.mtu.v4)
  const leastMtu = ipVersion === 'ipv6' ? leastMtus.v6 : leastMtus.v4
  const udpEncapsulation = text('udp_encapsulation') !== null
  const tunnelBytes = tunnelBytesOf(script, udpEncapsulation)
  require('mtu', mtu - tunnelBytes >= leastMtu && mtu <= 65_535, `${leastMtu + tunnelBytes} .. 65535`)
  return {
    profile,
    ipVersion,
    local: address('local_ip', defaults.local),
    prefixLength: prefixOf(text('netmask_ip')) ?? defaults.prefixLength,
    remote: address('remote_ip', defaults.remote),
    gateway: address('gateway_ip', defaults.gateway),
    bindPort: number('bind_port', 8080),
    connectPort: number('connect_port', 8080),
    mtu,
    udpEncapsulation,
    tunnelBytes,
    aggregateMss: number('mss', 0),
    toleranceUs: number('tolerance_usecs', profile.toleranceUs),
    tolerancePercent: number('tolerance_percent', profile.tolerancePercent),
    strictSegments: isOn('strict_segments'),
    timestampTickUs: number('tcp_ts_tick_usecs', 0),
    timestampEchoScaled: isOn('tcp_ts_ecr_scaled'),
    nonFatal: { packet: nonFatal.includes('packet'), syscall: nonFatal.includes('syscall') },
  }
}

/**
 * The profile that a script names in a comment (`// profile linux`, and behind the name what differs, as in a profile's file: `{"tcp": {"mss": 536}}`),
 * or else that its own commands point to. @returns what is wrong where the comment cannot be read
 */
export function profileOf(text: string): Profile | ScriptProblem {
  const named = /^\/\/ profile (\w+)[ \t]*(\{.*)?$/m.exec(text)
  const [line, name = '', changes] = named ?? []
  if (line === undefined || !Object.hasOwn(profiles, name)) return profiles[guessProfile(text)]
  if (changes === undefined) return profiles[name as ProfileName]
  const read = readProfile(name, `{"base": "${name}", ${changes.trim().slice(1)}`.replace(/, *\}$/, '}'))
  const where = { line: text.slice(0, named!.index).split('\n').length, column: 1 }
  return 'member' in read ? syntax(where, 'badProfile', { member: read.member, expected: read.expected }) : read
}

function guessProfile(text: string): ProfileName {
  if (/\bnet\.inet6?\.|\bkern\.ipc\b|\bsockstat\b|\btcpdrop\b|\bTCPI_(?!OPT)/.test(text)) return 'freebsd'
  if (/\bnet\.ipv[46]\b|\/proc\/sys\/|\bdefaults\.sh\b|\bset_sysctls\b|\bnstat\b|\btcpi_|\bepoll_|\bTCP_CA_/.test(text)) return 'linux'
  return 'rfc'
}

export function profileNamed(name: string): Profile | null {
  return Object.hasOwn(profiles, name) ? profiles[name as ProfileName] : null
}

export function isToolOption(name: string): boolean {
  return Object.hasOwn(optionKinds, name)
}

/** Whether the option has no need of a value. */
export function isToolFlag(name: string): boolean {
  return optionKinds[name] === 'flag' || optionKinds[name] === 'ignored'
}

/** @returns null where the option may have that value, else what it takes */
export function expectedOf(name: string, value: string | null): string | null {
  const kind = optionKinds[name]
  const isGood = kind === 'ignored' || kind === 'flag'
    || (value !== null && (kind === 'carried' ? /^(?:tcp|sctp)$/.test(value) : kind === 'failures' ? /^(?:packet|syscall)(?:[|,](?:packet|syscall))*$/.test(value) : kind === 'number' ? /^\d+(\.\d+)?$/.test(value) : kind === 'port' ? /^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535 : kind === 'version' ? ['ipv4', 'ipv6', 'ipv4-mapped-ipv6'].includes(value) : parseAddress(value) !== null))
  if (isGood) return null
  if (kind === 'carried') return 'tcp'
  if (kind === 'port') return '1 .. 65535'
  if (kind === 'failures') return 'packet | syscall | packet,syscall'
  return kind === 'number' ? '0, 1, 2 …' : kind === 'version' ? 'ipv4 | ipv6 | ipv4-mapped-ipv6' : '192.0.2.1'
}

function check({ name, value, where }: ScriptOption): void {
  if (!isToolOption(name)) throw syntax(where, 'badOption', { name: `--${name}` })
  const expected = expectedOf(name, value)
  if (expected !== null) throw syntax(where, 'badOptionValue', { name: `--${name}`, value: value ?? '', expected })
  requireCarried(name, value, where)
}

/** There is no SCTP here. */
function requireCarried(name: string, value: string | null, where: Where): void {
  if (optionKinds[name] === 'carried' && value === 'sctp') throw unsupported(where, 'toolOption', `--${name}=${value}`)
}

/** Both TCP's segments and what it announces as their size leave room for the header of UDP. */
function tunnelBytesOf({ events }: Script, isAllowed: boolean): number {
  for (const { action } of events) {
    if (action.kind !== 'packet' || action.tunnel === undefined) continue
    if (!isAllowed) throw syntax(action.tunnel.where, 'expected', { expected: '--udp_encapsulation=tcp', got: '/udp' })
    return udpHeaderBytes
  }
  return 0
}

function prefixOf(mask: string | null): number | null {
  const address = mask === null ? null : parseAddress(mask)
  if (address === null) return null
  const bits = typeof address === 'number' ? address.toString(2) : Array.from(address, (byte) => byte.toString(2)).join('')
  return bits.replaceAll('0', '').length
}
