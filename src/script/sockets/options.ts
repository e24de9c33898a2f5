import { parseHex } from '../../base/bytes.ts'
import { TcpState } from '../../tcp/state.ts'
import { checkTcpOption } from '../../tcp/config.ts'
import type { TcpConfig } from '../../tcp/config.ts'
import { callConstant, errnoNumber, optionNumbers } from '../constants.ts'
import { unsupported } from '../problem.ts'
import { done, failed, returned } from './arguments.ts'
import type { CallArguments, Pending, Returned } from './arguments.ts'
import { valueReturned } from './control.ts'
import type { SocketLayer } from './layer.ts'
import { startListening, takeError } from './open-close.ts'
import { checkingLength } from './option-length.ts'
import type { Socket } from './socket.ts'
import { sendBufferSize } from './send-room.ts'
import { uncork } from './transfer.ts'

/** An option that is a knob of the engine: how its value becomes the knob's, and how it is read back before anybody set it. */
interface KnobRow { readonly knob: keyof TcpConfig, readonly toKnob: (value: number) => TcpConfig[keyof TcpConfig] | null, readonly read: (config: TcpConfig) => number }

const seconds = 1_000_000
/** What Linux delays ACKs at first; a smaller bound shortens it. */
const usualDelayUs = 40_000

const knobs: Readonly<Record<string, KnobRow>> = {
  TCP_NODELAY: { knob: 'nagle', toKnob: (value) => value === 0, read: (config) => config.nagle ? 0 : 1 },
  TCP_KEEPIDLE: { knob: 'keepAliveIdleUs', toKnob: (value) => value > 32_767 ? null : positive(value * seconds), read: (config) => config.keepAliveIdleUs / seconds },
  TCP_KEEPINTVL: { knob: 'keepAliveIntervalUs', toKnob: (value) => value > 32_767 ? null : positive(value * seconds), read: (config) => config.keepAliveIntervalUs / seconds },
  TCP_KEEPCNT: { knob: 'keepAliveProbes', toKnob: (value) => value > 127 ? null : positive(value), read: (config) => config.keepAliveProbes },
  TCP_SYNCNT: { knob: 'synRetries', toKnob: (value) => value > 127 ? null : positive(value), read: (config) => config.synRetries },
  TCP_USER_TIMEOUT: { knob: 'userTimeoutUs', toKnob: (value) => positive(value * 1000), read: (config) => config.userTimeoutUs / 1000 },
  TCP_DELACK_MAX_US: { knob: 'delayedAckUs', toKnob: (value) => value > 0 ? Math.min(value, usualDelayUs) : null, read: (config) => config.delayedAckUs },
  SO_KEEPALIVE: { knob: 'keepAlive', toKnob: (value) => value !== 0, read: (config) => Number(config.keepAlive) },
  IP_TTL: { knob: 'ttl', toKnob: (value) => value > 255 ? null : positive(value), read: (config) => config.ttl },
  IPV6_UNICAST_HOPS: { knob: 'ttl', toKnob: (value) => value > 255 ? null : positive(value), read: (config) => config.ttl },
}

/** Options that change nothing that a script could see here: kept and read back. */
const kept: Readonly<Record<string, number>> = {
  SO_REUSEADDR: 0, SO_REUSEPORT: 0, SO_DEBUG: 0, SO_DONTROUTE: 0, SO_OOBINLINE: 0, SO_RCVLOWAT: 1, SO_SNDLOWAT: 1, SO_PRIORITY: 0, SO_MARK: 0, SO_BUSY_POLL: 0,
  SO_TIMESTAMP: 0, SO_TIMESTAMPNS: 0,
  SO_NOSIGPIPE: 0, SO_BINDTODEVICE: 0, SO_MAX_PACING_RATE: 0xffff_ffff, SO_NO_CHECK: 0, TCP_THIN_DUPACK: 0, TCP_THIN_LINEAR_TIMEOUTS: 0, TCP_WINDOW_CLAMP: 0,
  TCP_LINGER2: 60, TCP_INQ: 0,
  TCP_NOTSENT_LOWAT: 0, IPV6_V6ONLY: 0, IP_MTU_DISCOVER: 1, IPV6_MTU_DISCOVER: 1, TCP_REPAIR: 0, TCP_TIMESTAMP: 0, IP_RECVTOS: 0, TCP_DEFER_ACCEPT: 0,
  TCP_FASTOPEN: 0, TCP_FASTOPEN_CONNECT: 0, TCP_FASTOPEN_NO_COOKIE: 0,
}

export function setOptionCall(layer: SocketLayer, args: CallArguments, socket: Socket): Pending {
  return done(setOption(layer, args, socket, optionName(args)))
}

export function getOptionCall(layer: SocketLayer, args: CallArguments, socket: Socket): Pending {
  const name = optionName(args)
  return done(checkingLength(args, name, getOption(layer, args, socket, name)))
}

/** The levels of options by how their names begin. */
const levelNames: Readonly<Record<string, readonly string[]>> = {
  SO_: ['SOL_SOCKET', '1', '65535'], TCP_: ['SOL_TCP', 'IPPROTO_TCP', '6'], IP_: ['SOL_IP', 'IPPROTO_IP', '0'], IPV6_: ['SOL_IPV6', 'IPPROTO_IPV6', '41'],
}

function optionName(args: CallArguments): string {
  const word = args.word(2)
  const level = args.number(1)
  if (word !== null) {
    const levels = Object.entries(levelNames).find(([prefix]) => word.startsWith(prefix))?.[1]
    if (levels !== undefined && !levels.includes(args.word(1) ?? String(level))) throw unsupported(args.at(1).where, 'argument', `${args.word(1) ?? level} ${word}`)
    return word
  }
  const name = level === 6 ? optionNumbers.IPPROTO_TCP[args.number(2)] : undefined
  if (name === undefined) throw unsupported(args.at(2).where, 'socketOption', `level ${level} option ${args.number(2)}`)
  return name
}

function setOption(layer: SocketLayer, args: CallArguments, socket: Socket, name: string): Returned {
  if (isRefused(layer, socket, name)) return failed('ECONNRESET')
  const foreign = otherFamily(layer, args, socket, name)
  if (foreign !== null) return foreign
  if (name === 'SO_LINGER') return setLinger(args, socket)
  if (name === 'TCP_CONGESTION') return setCongestionControl(layer, args, socket)
  if (name === 'TCP_FASTOPEN_KEY') return setFastOpenKeys(layer, args, socket)
  if (name === 'SO_RCVTIMEO' || name === 'SO_SNDTIMEO') return setTimeLimit(args, socket, name)
  const value = args.number(3)
  if (Object.hasOwn(knobs, name)) {
    const { knob, toKnob } = knobs[name]
    const setting = toKnob(value)
    if (setting === null) return failed('EINVAL')
    if (checkTcpOption(knob, setting) !== null) throw unsupported(args.at(3).where, 'argument', `${name} ${value}`)
    socket.options.set(name, value)
    apply(layer, socket, knob, setting)
    return returned(0)
  }
  switch (name) {
    case 'TCP_QUICKACK':
      apply(layer, socket, 'quickAckSegments', value === 0 ? 0 : layer.profile.tcp.quickAckSegments)
      return returned(0)
    case 'SO_RCVBUF': case 'SO_RCVBUFFORCE': return setBuffer(layer, socket, 'SO_RCVBUF', 'receiveBufferBytes', value)
    case 'SO_SNDBUF': case 'SO_SNDBUFFORCE': return setBuffer(layer, socket, 'SO_SNDBUF', 'sendBufferBytes', value)
    case 'TCP_MAXSEG':
      if (value < 1 || value > 65_495) return failed('EINVAL')
      socket.options.set(name, value)
      apply(layer, socket, 'mss', value)
      return returned(0)
    case 'TCP_CORK': case 'TCP_NOPUSH':
      socket.isCorked = value !== 0
      socket.options.set(name, value)
      if (!socket.isCorked) uncork(layer, socket)
      return returned(0)
    case 'IPV6_V6ONLY':
      if (socket.boundPort !== 0) return failed('EINVAL')
      socket.options.set(name, value)
      return returned(0)
    case 'IP_TOS': case 'IPV6_TCLASS':
      if (value < 0 || value > 255) return failed('EINVAL')
      // The ECN bits are the engine's own.
      socket.options.set(name, value)
      apply(layer, socket, 'dscp', value >>> 2)
      return returned(0)
    case 'TCP_REMOTE_UDP_ENCAPS_PORT':
      if (layer.udpTunnelPort === null) throw unsupported(args.at(2).where, 'socketOption', name)
      if (value < 0 || value > 65_535) return failed('EINVAL')
      socket.options.set(name, value)
      return returned(0)
    case 'TCP_NOOPT':
      if (value !== 0) apply(layer, socket, 'bareSyn', true)
      socket.options.set(name, value)
      return returned(0)
    case 'TCP_FASTOPEN': case 'TCP_FASTOPEN_CONNECT': case 'TCP_FASTOPEN_NO_COOKIE':
      if (value < 0) return failed('EINVAL')
      socket.options.set(name, value)
      relisten(layer, socket)
      return returned(0)
  }
  if (!Object.hasOwn(kept, name)) throw unsupported(args.at(2).where, 'socketOption', name)
  socket.options.set(name, value)
  return returned(0)
}

/** Options of IPv6 on sockets of IPv4 are refused; those of the version that is not on the wire are kept, and change nothing there. */
function otherFamily(layer: SocketLayer, args: CallArguments, socket: Socket, name: string): Returned | null {
  if (name.startsWith('IPV6_') && socket.family === 4) return failed(layer.profile.sockets.system === 'freebsd' ? 'EINVAL' : 'ENOPROTOOPT')
  const isOfOther = layer.wireVersion === 4 ? name === 'IPV6_TCLASS' || name === 'IPV6_UNICAST_HOPS' : name === 'IP_TOS' || name === 'IP_TTL'
  if (!isOfOther) return null
  socket.options.set(name, args.number(3))
  return returned(0)
}

function getOption(layer: SocketLayer, args: CallArguments, socket: Socket, name: string): Returned {
  if (isRefused(layer, socket, name)) return failed('ECONNRESET')
  const { sockets: rules, tcp } = layer.profile
  const read = (value: number) => valueReturned(args, 3, name, value)
  switch (name) {
    case 'SO_ERROR': {
      const error = takeError(socket)
      return read(error === null ? 0 : errnoNumber(error, rules.system))
    }
    case 'SO_TYPE': return read(1)
    case 'SO_PROTOCOL': return read(6)
    case 'SO_DOMAIN': return read(socket.family === 4 ? 2 : callConstant('AF_INET6', rules.system)!)
    case 'SO_ACCEPTCONN': return read(socket.phase === 'listening' ? 1 : 0)
    case 'SO_RCVBUF': return read(socket.options.get(name) ?? (rules.buffersDouble ? rules.receiveBufferBytes : layer.view(socket)?.receiveBufferBytes ?? rules.receiveBufferBytes))
    case 'SO_SNDBUF': return read(rules.sendsInBuffers ? sendBufferSize(layer, socket) : socket.options.get(name) ?? layer.view(socket)?.sendBufferBytes ?? rules.sendBufferBytes)
    case 'TCP_QUICKACK': return read(layer.view(socket)?.isInteractive === true ? 0 : 1)
    case 'SO_LINGER': return getLinger(args, socket)
    case 'TCP_MAXSEG': return read(maxSegment(layer, socket))
    case 'TCP_CORK': case 'TCP_NOPUSH': return read(Number(socket.isCorked))
    case 'TCP_NOOPT': case 'TCP_REMOTE_UDP_ENCAPS_PORT': return read(socket.options.get(name) ?? 0)
    case 'IP_TOS': case 'IPV6_TCLASS': return read(socket.options.get(name) ?? 0)
    case 'TCP_INFO': case 'TCP_CC_INFO': return returned(0)
    case 'TCP_CONGESTION': return getCongestionControl(layer, args, socket)
  }
  if (Object.hasOwn(knobs, name)) return read(socket.options.get(name) ?? knobs[name].read({ ...tcp, ...socket.tcp }))
  if (!Object.hasOwn(kept, name)) throw unsupported(args.at(2).where, 'socketOption', name)
  return read(socket.options.get(name) ?? kept[name])
}

/** A connection that is over has no TCP any more on some systems. */
function isRefused(layer: SocketLayer, socket: Socket, name: string): boolean {
  if (!layer.profile.sockets.refusesOptionsWhenOver || !name.startsWith('TCP_') || socket.connection < 0) return false
  const state = layer.stateOf(socket)
  return state === TcpState.closed || state === TcpState.timeWait
}

function apply<K extends keyof TcpConfig>(layer: SocketLayer, socket: Socket, knob: K, value: TcpConfig[K]): void {
  socket.tcp = { ...socket.tcp, [knob]: value }
  if (socket.connection >= 0) layer.host.setOption(socket.connection, knob, value, layer.nowUs)
  else relisten(layer, socket)
}

/** What a listener hands on counts for those to come. */
function relisten(layer: SocketLayer, socket: Socket): void {
  if (socket.phase === 'listening' && layer.host.unlisten(socket.boundPort)) startListening(layer, socket)
}

/** One or two keys of 16 bytes, as text that holds them: their bytes, or in hexadecimal. */
function setFastOpenKeys(layer: SocketLayer, args: CallArguments, socket: Socket): Returned {
  const text = nameAt(args, 3)
  const bytes = parseHex(text.replaceAll(/[-,]/g, '')) ?? Uint8Array.from(text, (character) => character.charCodeAt(0))
  if (bytes.length !== 16 && bytes.length !== 32) return failed('EINVAL')
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const keys = Array.from({ length: bytes.length / 16 }, (_, key) => Uint32Array.from({ length: 4 }, (_, word) => words.getUint32(16 * key + 4 * word, true)))
  socket.fastOpenKeys = keys
  relisten(layer, socket)
  return returned(0)
}

function setBuffer(layer: SocketLayer, socket: Socket, name: string, knob: 'receiveBufferBytes' | 'sendBufferBytes', value: number): Returned {
  const { buffersDouble } = layer.profile.sockets
  if (value <= 0 && !buffersDouble) return failed('EINVAL')
  const least = name === 'SO_RCVBUF' ? 2304 : 4608
  const stored = buffersDouble ? Math.max(2 * value, least) : value
  socket.options.set(name, stored)
  if (knob === 'receiveBufferBytes' || !layer.profile.sockets.sendsInBuffers) apply(layer, socket, knob, buffersDouble ? Math.floor(stored / 2) : stored)
  return returned(0)
}

function maxSegment(layer: SocketLayer, socket: Socket): number {
  const view = layer.view(socket)
  if (view !== null && view.state >= TcpState.established) return view.sndMss
  return socket.options.get('TCP_MAXSEG') ?? (layer.profile.sockets.system === 'linux' ? 536 : layer.defaults.family === 4 ? 536 : 1220)
}

function setLinger(args: CallArguments, socket: Socket): Returned {
  const fields = args.struct(args.at(3))
  socket.lingers = args.numberOf((fields.get('onoff') ?? fields.get('l_onoff') ?? fields.get('0'))!.value) !== 0
  socket.lingerUs = args.numberOf((fields.get('linger') ?? fields.get('l_linger') ?? fields.get('1'))!.value) * seconds
  return returned(0)
}

function getLinger(args: CallArguments, socket: Socket): Returned {
  if (args.at(3).kind === 'ellipsis') return returned(0)
  const fields = args.struct(args.at(3))
  const field = (name: string, place: string) => fields.get(name) ?? fields.get(`l_${name}`) ?? fields.get(place)
  const onoff = args.numberOf(field('onoff', '0')!.value)
  const linger = args.numberOf(field('linger', '1')!.value)
  const isSame = (onoff !== 0) === socket.lingers && linger * seconds === socket.lingerUs
  return isSame ? returned(0) : { ...returned(0), wrong: { what: 'SO_LINGER', expected: `${onoff} ${linger}`, actual: `${Number(socket.lingers)} ${socket.lingerUs / seconds}` } }
}

/** A timeval as `{tv_sec=1, tv_usec=0}`, or whole seconds. */
function setTimeLimit(args: CallArguments, socket: Socket, name: string): Returned {
  const given = args.at(3)
  const inner = given.kind === 'list' && given.items.length === 1 ? given.items[0] : given
  let us: number
  if (inner.kind === 'struct') {
    const fields = args.struct(inner)
    us = args.numberOf((fields.get('tv_sec') ?? fields.get('0'))!.value) * seconds + args.numberOf((fields.get('tv_usec') ?? fields.get('1'))!.value)
  } else us = args.number(3) * seconds
  if (name === 'SO_RCVTIMEO') socket.receiveTimeoutUs = us
  else socket.sendTimeoutUs = us
  return returned(0)
}

const controllers: Readonly<Record<string, TcpConfig['congestionControl']>> = { cubic: 'cubic', reno: 'newReno', newreno: 'newReno' }

function setCongestionControl(layer: SocketLayer, args: CallArguments, socket: Socket): Returned {
  const name = nameAt(args, 3)
  const controller = controllers[name]
  if (controller === undefined) throw unsupported(args.at(3).where, 'socketOption', `TCP_CONGESTION ${name}`)
  socket.congestionControl = name
  apply(layer, socket, 'congestionControl', controller)
  return returned(0)
}

function getCongestionControl(layer: SocketLayer, args: CallArguments, socket: Socket): Returned {
  if (args.at(3).kind === 'ellipsis') return returned(0)
  const expected = nameAt(args, 3)
  const actual = socket.congestionControl ?? (layer.profile.tcp.congestionControl === 'cubic' ? 'cubic' : layer.profile.sockets.system === 'freebsd' ? 'newreno' : 'reno')
  return expected === actual ? returned(0) : { ...returned(0), wrong: { what: 'TCP_CONGESTION', expected, actual } }
}

function nameAt(args: CallArguments, index: number): string {
  const given = args.at(index)
  const inner = given.kind === 'list' && given.items.length === 1 ? given.items[0] : given
  if (inner.kind === 'string') return inner.text
  if (inner.kind === 'word') return inner.name
  throw unsupported(given.where, 'argument', args.call.name)
}

function positive(value: number): number | null {
  return value > 0 ? value : null
}
