import type { Datagram } from '../../stack/udp-socket.ts'
import { isSameAddress } from '../../stack/ip-address.ts'
import type { IpAddress } from '../../stack/ip-address.ts'
import { callConstant, errnoNumber } from '../constants.ts'
import type { Errno } from '../constants.ts'
import { icmpErrno } from '../icmp-errno.ts'
import { unsupported } from '../problem.ts'
import { done, failed, returned } from './arguments.ts'
import type { CallArguments, Pending, Returned } from './arguments.ts'
import { valueReturned } from './control.ts'
import type { SocketLayer } from './layer.ts'
import { checkingLength } from './option-length.ts'
import type { Transfer } from './transfer.ts'

interface Endpoint { readonly address: IpAddress, readonly port: number }

/** The longest a datagram of IPv4 carries; a program of IPv6 may send as much here. */
const largestDatagramBytes = 65_507
const zeros = new Uint8Array(largestDatagramBytes)
const pmtuDiscoverDo = 2

/** A UDP socket of the program that a script plays. */
export class DatagramSocket {
  readonly kind = 'datagram'
  isNonBlocking = false
  receiveTimeoutUs = 0
  sendTimeoutUs = 0
  boundPort = 0
  /** The host's number of the socket; -1 before it has a port. */
  id = -1
  peer: Endpoint | null = null
  readShut = false
  writeShut = false
  ttl: number | undefined = undefined
  dontFragment = false
  /** What has come and was not read. */
  readonly inbox: Datagram[] = []
  readonly options = new Map<string, number>()
  error: Errno | null = null
  /** Whom the script's packets of this socket speak to. */
  told: Endpoint | null = null

  constructor(readonly family: 4 | 6) {}
}

/** Calls of UDP sockets that are none of any file. */
export const datagramCalls: Readonly<Record<string, (layer: SocketLayer, args: CallArguments, socket: DatagramSocket) => Pending>> = {
  bind: bindDatagram, connect: connectDatagram, listen: () => done(failed('EOPNOTSUPP')), accept: () => done(failed('EOPNOTSUPP')), accept4: () => done(failed('EOPNOTSUPP')),
  shutdown: shutDatagram, getsockopt: getOption, setsockopt: setOption,
}

function bindDatagram(layer: SocketLayer, args: CallArguments, socket: DatagramSocket): Pending {
  if (socket.id >= 0) return done(failed('EINVAL'))
  return done(take(layer, socket, args.socketAddress(1)?.port ?? layer.defaults.bindPort) ?? returned(0))
}

function connectDatagram(layer: SocketLayer, args: CallArguments, socket: DatagramSocket): Pending {
  const given = args.socketAddress(1)
  collect(layer, socket)
  socket.peer = { address: given?.address ?? layer.defaults.remote, port: given?.port ?? layer.defaults.connectPort }
  const wrong = take(layer, socket, socket.boundPort)
  if (wrong === null) tell(layer, socket, socket.peer)
  return done(wrong ?? returned(0))
}

function shutDatagram(_layer: SocketLayer, args: CallArguments, socket: DatagramSocket): Pending {
  const how = args.number(1)
  if (how < 0 || how > 2) return done(failed('EINVAL'))
  if (socket.peer === null) return done(failed('ENOTCONN'))
  if (how !== 1) socket.readShut = true
  if (how !== 0) socket.writeShut = true
  return done(returned(0))
}

/** A port of the host with what is known of the socket by now. @returns what went wrong */
function take(layer: SocketLayer, socket: DatagramSocket, port: number): Returned | null {
  if (socket.id >= 0) layer.host.udpClose(socket.id)
  const { peer, ttl, dontFragment } = socket
  const id = layer.host.udpBind(port, { ...peer === null ? {} : { remote: peer }, ...ttl === undefined ? {} : { ttl }, dontFragment })
  if (typeof id !== 'number') return failed('EADDRINUSE')
  socket.id = id
  socket.boundPort = layer.host.udpSocket(id)!.port
  return null
}

export function sendDatagram(layer: SocketLayer, socket: DatagramSocket, { lengthBytes, to }: Transfer): Pending {
  collect(layer, socket)
  const error = takeDatagramError(socket)
  if (error !== null) return done(failed(error))
  if (socket.writeShut) return done(failed('EPIPE'))
  const { remote, connectPort, bindPort } = layer.defaults
  const asked = to === undefined ? socket.peer : { address: to?.address ?? socket.told?.address ?? remote, port: to?.port ?? socket.told?.port ?? connectPort }
  if (asked === null) return done(failed('EDESTADDRREQ'))
  if (lengthBytes > largestDatagramBytes) return done(failed('EMSGSIZE'))
  if (socket.id < 0) {
    const wrong = take(layer, socket, socket.boundPort === 0 ? 0 : bindPort)
    if (wrong !== null) return done(wrong)
  }
  tell(layer, socket, asked)
  const fault = layer.host.udpSend(socket.id, asked.address, asked.port, zeros.subarray(0, lengthBytes), layer.nowUs)
  if (fault === null) return done(returned(lengthBytes))
  return done(failed(fault.code === 'badArgument' ? 'EMSGSIZE' : fault.code === 'addressInvalid' ? 'EINVAL' : 'ENETUNREACH'))
}

/** One datagram; what of it is too long for the reader is gone. */
export function receiveDatagram(layer: SocketLayer, socket: DatagramSocket, { lengthBytes, flags }: Transfer): Pending {
  const { system } = layer.profile.sockets
  const has = (name: string) => (flags & callConstant(name, system)!) !== 0
  const deadlineUs = socket.receiveTimeoutUs === 0 ? Infinity : layer.nowUs + socket.receiveTimeoutUs
  const attempt = (): Returned | null => {
    collect(layer, socket)
    const [datagram] = socket.inbox
    if (datagram !== undefined) {
      if (!has('MSG_PEEK')) socket.inbox.shift()
      const { length } = datagram.bytes
      return { ...returned(has('MSG_TRUNC') ? length : Math.min(lengthBytes, length)), isCut: length > lengthBytes }
    }
    const error = takeDatagramError(socket)
    if (error !== null) return failed(error)
    if (socket.readShut) return returned(0)
    return socket.isNonBlocking || has('MSG_DONTWAIT') || layer.nowUs >= deadlineUs ? failed('EAGAIN') : null
  }
  return { attempt, deadlineUs }
}

/** Takes what the host has for the socket. Only who is connected hears of errors (RFC 1122 §4.1.3.3; udp(7)). */
export function collect(layer: SocketLayer, socket: DatagramSocket): void {
  const found = layer.host.udpSocket(socket.id)
  if (found === undefined) return
  for (let datagram = found.take(); datagram !== null; datagram = found.take()) {
    socket.inbox.push(datagram)
    if (socket.peer === null) socket.told = { address: datagram.address, port: datagram.port }
  }
  const { error } = found
  if (error === null) return
  found.error = null
  if (socket.peer !== null && error.kind === 'hard') socket.error = icmpErrno(error.ipVersion, error.type, error.code, layer.profile.sockets.system)
}

export function takeDatagramError(socket: DatagramSocket): Errno | null {
  const { error } = socket
  socket.error = null
  return error
}

/** The script's packets without ports are of the conversation that was spoken to last. */
function tell(layer: SocketLayer, socket: DatagramSocket, to: Endpoint): void {
  const { told } = socket
  const isKnown = told !== null && told.port === to.port && isSameAddress(told.address, to.address)
  socket.told = to
  if (!isKnown) layer.onConnect(socket.boundPort, to.port)
}

/** Options that change nothing that a script could see of a UDP socket: kept and read back. */
const kept = new Set(['SO_REUSEADDR', 'SO_REUSEPORT', 'SO_BROADCAST', 'SO_PRIORITY', 'SO_MARK', 'SO_DONTROUTE', 'SO_TIMESTAMP', 'SO_TIMESTAMPNS', 'SO_RCVBUF', 'SO_SNDBUF', 'IPV6_V6ONLY'])

function setOption(layer: SocketLayer, args: CallArguments, socket: DatagramSocket): Pending {
  const name = args.word(2) ?? ''
  if (name.startsWith('TCP_')) return done(failed('ENOPROTOOPT'))
  const value = args.number(3)
  switch (name) {
    case 'IP_TTL': case 'IPV6_UNICAST_HOPS':
      if (value < 1 || value > 255) return done(failed('EINVAL'))
      socket.ttl = value
      break
    case 'IP_MTU_DISCOVER': case 'IPV6_MTU_DISCOVER': socket.dontFragment = value >= pmtuDiscoverDo; break
    default: if (!kept.has(name)) throw unsupported(args.at(2).where, 'socketOption', name)
  }
  socket.options.set(name, value)
  collect(layer, socket)
  if (socket.id >= 0) take(layer, socket, socket.boundPort)
  return done(returned(0))
}

function getOption(layer: SocketLayer, args: CallArguments, socket: DatagramSocket): Pending {
  const name = args.word(2) ?? ''
  const read = (value: number) => done(checkingLength(args, name, valueReturned(args, 3, name, value)))
  if (name.startsWith('TCP_')) return done(failed('ENOPROTOOPT'))
  collect(layer, socket)
  switch (name) {
    case 'SO_TYPE': return read(2)
    case 'SO_PROTOCOL': return read(17)
    case 'SO_ACCEPTCONN': return read(0)
    case 'SO_ERROR': {
      const error = takeDatagramError(socket)
      return read(error === null ? 0 : errnoNumber(error, layer.profile.sockets.system))
    }
  }
  const value = socket.options.get(name)
  if (value === undefined && !kept.has(name)) throw unsupported(args.at(2).where, 'socketOption', name)
  return read(value ?? 0)
}
