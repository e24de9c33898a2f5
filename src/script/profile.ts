import { defaultTcpConfig, tcpPreset, tcpConfigTable, checkTcpOption } from '../tcp/config.ts'
import type { TcpConfig } from '../tcp/config.ts'
import type { Errno, System } from './constants.ts'

/**
 * What makes a system's scripts come true literally: the engine's knobs, and how its socket layer behaves. All of it is data.
 * A profile of one's own is a JSON file: `{"base": "linux", "tcp": {…}, "sockets": {…}, "toleranceUs": 0}`.
 */
export interface Profile {
  readonly name: string
  readonly tcp: TcpConfig
  readonly sockets: SocketRules
  /** What a script that says nothing allows: µs, and parts of the span since the event before. */
  readonly toleranceUs: number
  readonly tolerancePercent: number
  readonly mtu: { readonly v4: number, readonly v6: number }
  /**
   * What stands at `+0` behind an event of its own kind happens in one turn with it: packets come in together, calls are made together, and only then
   * anything leaves. So do programs that drive their own stack; a kernel answers each by itself.
   */
  readonly turns: boolean
  /** What each packet that comes in takes: two of one moment are not answered at one time. */
  readonly packetUs: number
}

export interface SocketRules {
  /** Whose numbers the names in system calls stand for. */
  readonly system: System
  /** SO_RCVBUF and SO_SNDBUF before anybody sets them. */
  readonly receiveBufferBytes: number
  readonly sendBufferBytes: number
  /** What is set is kept twice as large: the kernel counts its own overhead too. */
  readonly buffersDouble: boolean
  /** CLOSE with unread data resets (RFC 9293 §3.6.1, SHLD-3). */
  readonly unreadCloseResets: boolean
  /** After a shutdown of reading, what is there can still be read, and what comes. */
  readonly readsAfterShutdown: boolean
  /** Data that comes after both directions were shut is answered with an RST. */
  readonly shutBothRefusesData: boolean
  /** TCP_INFO tells a socket whose connection is in TIME-WAIT that it is closed. */
  readonly timeWaitLooksClosed: boolean
  /** What sending gives after a reset that nobody has heard of yet. */
  readonly sendAfterReset: Errno
  /** What sending gives on a socket that never was connected. */
  readonly sendUnconnected: Errno
  /** What connecting a listening socket gives. */
  readonly connectListening: Errno
  /** TCP options of a connection that is over are refused. */
  readonly refusesOptionsWhenOver: boolean
  /** What SO_SNDBUF bounds is the memory of buffers, each of which is filled. */
  readonly sendsInBuffers: boolean
  /** TCP Fast Open, in bits: 1 opening, 2 listening, 4 opening and 512 listening without a cookie, 1024 listening with whatever socket. Sockets have to ask for it beside. */
  readonly fastOpen: number
  /** Closing a listener resets what is half open; else it is forgotten, and a later ACK meets a closed port. */
  readonly closedListenerResets: boolean
  /** Connections that a listener takes beyond its backlog. */
  readonly backlogExtra: number
}

const common = {
  sendsInBuffers: false, shutBothRefusesData: false, timeWaitLooksClosed: false, refusesOptionsWhenOver: false, closedListenerResets: false, backlogExtra: 1, fastOpen: 1,
} as const

/** Facts of Linux 6 and FreeBSD 14 as their manuals and scripts show them; `rfc` is the engine's own defaults. */
export const profiles = {
  rfc: {
    name: 'rfc',
    tcp: { ...defaultTcpConfig, isn: 0 },
    sockets: {
      ...common, fastOpen: 3, closedListenerResets: true, system: 'linux', receiveBufferBytes: defaultTcpConfig.receiveBufferBytes, sendBufferBytes: defaultTcpConfig.sendBufferBytes, buffersDouble: false, unreadCloseResets: true, readsAfterShutdown: true,
      sendAfterReset: 'ECONNRESET', sendUnconnected: 'EPIPE', connectListening: 'EISCONN',
    },
    toleranceUs: 0, tolerancePercent: 0, mtu: { v4: 1500, v6: 1500 }, turns: false, packetUs: 0,
  },
  linux: {
    name: 'linux',
    tcp: { ...tcpPreset('linux'), isn: 0, receiveBufferBytes: 65_535, windowShift: 8, hystart: false, userTimeoutUs: 0, userTimeoutFromTrouble: true, sendBufferBytes: 4_194_304 },
    sockets: {
      ...common, sendsInBuffers: true, shutBothRefusesData: true, timeWaitLooksClosed: true, system: 'linux', receiveBufferBytes: 131_072, sendBufferBytes: 16_384, buffersDouble: true, unreadCloseResets: true, readsAfterShutdown: true,
      sendAfterReset: 'ECONNRESET', sendUnconnected: 'EPIPE', connectListening: 'EISCONN',
    },
    toleranceUs: 4000, tolerancePercent: 12.5, mtu: { v4: 1500, v6: 1520 }, turns: false, packetUs: 1,
  },
  freebsd: {
    name: 'freebsd',
    tcp: { ...tcpPreset('freebsd'), isn: 0, challengeAckLimit: 1_000_000 },
    sockets: {
      ...common, system: 'freebsd', receiveBufferBytes: 65_536, sendBufferBytes: 32_768, buffersDouble: false, unreadCloseResets: false, readsAfterShutdown: false,
      sendAfterReset: 'EPIPE', sendUnconnected: 'ENOTCONN', connectListening: 'EOPNOTSUPP', refusesOptionsWhenOver: true,
    },
    toleranceUs: 4000, tolerancePercent: 5, mtu: { v4: 1500, v6: 1500 }, turns: false, packetUs: 0,
  },
} as const satisfies Readonly<Record<string, Profile>>

export type ProfileName = keyof typeof profiles
export const profileNames = Object.keys(profiles) as ProfileName[]

/** @returns the profile of a JSON text, or what is wrong with it: the member, and what it takes */
export function readProfile(name: string, text: string): Profile | { readonly member: string, readonly expected: string } {
  const given = parseObject(text)
  if (given === null) return { member: name, expected: '{"base": "linux", "tcp": {}, "sockets": {}}' }
  const { base: baseName = 'rfc', tcp = {}, sockets = {}, ...rest } = given as Record<string, unknown> & { base?: unknown, tcp?: unknown, sockets?: unknown }
  if (typeof baseName !== 'string' || !Object.hasOwn(profiles, baseName)) return { member: 'base', expected: profileNames.join(' | ') }
  const base: Profile = profiles[baseName as ProfileName]
  if (!isObject(tcp)) return { member: 'tcp', expected: '{}' }
  if (!isObject(sockets)) return { member: 'sockets', expected: '{}' }
  for (const [knob, value] of Object.entries(tcp)) {
    const wrong = checkTcpOption(knob as keyof TcpConfig, value)
    if (wrong !== null) return { member: `tcp.${knob}`, expected: Object.hasOwn(tcpConfigTable, knob) ? String(wrong.params.expected) : Object.keys(tcpConfigTable).join(' ') }
  }
  for (const [rule, value] of Object.entries(sockets)) {
    if (!Object.hasOwn(base.sockets, rule)) return { member: `sockets.${rule}`, expected: Object.keys(base.sockets).join(' ') }
    const kind = typeof base.sockets[rule as keyof SocketRules]
    if (typeof value !== kind) return { member: `sockets.${rule}`, expected: kind }
  }
  for (const [member, value] of Object.entries(rest)) {
    if (member === 'turns' && typeof value === 'boolean') continue
    if (member === 'turns') return { member, expected: 'true | false' }
    if (member !== 'toleranceUs' && member !== 'tolerancePercent' && member !== 'packetUs') return { member, expected: 'base tcp sockets turns packetUs toleranceUs tolerancePercent' }
    if (typeof value !== 'number' || !(value >= 0)) return { member, expected: '0, 1, 2 …' }
  }
  return { ...base, ...rest, name, tcp: { ...base.tcp, ...tcp }, sockets: { ...base.sockets, ...sockets } }
}

/** A stack of ours with this configuration, driven by a program in turns and without a kernel's lateness. */
export function engineProfile(tcp: TcpConfig): Profile {
  return { ...profiles.rfc, name: '', tcp: { ...tcp, isn: 0 }, turns: true }
}

/** A profile as scripts name it in a comment, see {@link profileOf}: a known one, and what of the engine differs from it. */
export function profileLine(profile: Profile): string {
  const base: Profile = profiles[baseOf(profile)]
  const tcp = Object.fromEntries(Object.entries(profile.tcp).filter(([knob, value]) => value !== base.tcp[knob as keyof TcpConfig]))
  const sockets = Object.fromEntries(Object.entries(profile.sockets).filter(([rule, value]) => value !== base.sockets[rule as keyof SocketRules]))
  const isChanged = (member: 'turns' | 'packetUs' | 'toleranceUs' | 'tolerancePercent') => profile[member] !== base[member]
  const changes = {
    ...Object.keys(tcp).length > 0 ? { tcp } : {}, ...Object.keys(sockets).length > 0 ? { sockets } : {},
    ...Object.fromEntries((['turns', 'packetUs', 'toleranceUs', 'tolerancePercent'] as const).filter(isChanged).map((member) => [member, profile[member]])),
  }
  return `// profile ${base.name}${Object.keys(changes).length > 0 ? ` ${JSON.stringify(changes)}` : ''}`
}

/** The profile that is named, or the one that least has to be changed of. */
function baseOf({ name, tcp }: Profile): ProfileName {
  if (Object.hasOwn(profiles, name)) return name as ProfileName
  const distance = (base: ProfileName) => Object.entries(tcp).filter(([knob, value]) => value !== profiles[base].tcp[knob as keyof TcpConfig]).length
  return profileNames.toSorted((a, b) => distance(a) - distance(b))[0]
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
