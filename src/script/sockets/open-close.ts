import type { TcpConfig } from '../../tcp/config.ts'
import { TcpState } from '../../tcp/state.ts'
import { IpProtocol } from '../../wire/ipv4.ts'
import { unsupported } from '../problem.ts'
import { done, failed, returned } from './arguments.ts'
import type { CallArguments, Pending, Returned } from './arguments.ts'
import type { SocketLayer } from './layer.ts'
import { DatagramSocket } from './datagrams.ts'
import { discardUnread, uncork } from './transfer.ts'
import { Socket } from './socket.ts'

const stream = 1
const datagram = 2
const kindMask = 0xf

export function socketCall(layer: SocketLayer, args: CallArguments): Pending {
  const kind = args.number(1)
  if ((kind & kindMask) !== stream && (kind & kindMask) !== datagram) throw unsupported(args.at(1).where, 'socketKind', args.word(1) ?? String(kind))
  const protocol = args.count < 3 || args.isEllipsis(2) ? 0 : args.number(2)
  if (protocol !== 0 && protocol !== ((kind & kindMask) === stream ? IpProtocol.tcp : IpProtocol.udp)) return done(failed('EPROTONOSUPPORT'))
  const family = args.isEllipsis(0) ? layer.defaults.family : args.number(0) === 2 ? 4 : 6
  const socket = (kind & kindMask) === datagram ? new DatagramSocket(family) : new Socket(family, {})
  socket.isNonBlocking = kind > kindMask
  return opens(layer, args, () => socket)
}

/** The file that a call opens gets the number that the script expects. */
export function opens(layer: SocketLayer, args: CallArguments, make: () => Socket | DatagramSocket | null | Returned): Pending {
  const fd = args.maybeNumber(args.call.result)
  return {
    deadlineUs: Infinity,
    attempt: () => {
      const made = make()
      if (made === null) return null
      if (!('kind' in made)) return made
      const number = fd !== null && fd >= 0 ? fd : nextFd(layer)
      layer.files.set(number, made)
      if (made.kind === 'socket') layer.underTest = made
      return returned(number)
    },
  }
}

export function nextFd(layer: SocketLayer): number {
  let fd = 3
  while (layer.files.has(fd)) fd++
  return fd
}

export function bindCall(layer: SocketLayer, args: CallArguments, socket: Socket): Pending {
  const port = args.socketAddress(1)?.port ?? layer.defaults.bindPort
  if (socket.boundPort !== 0) return done(failed('EINVAL'))
  const isTaken = [...layer.files.values()].some((file) => file.kind === 'socket' && file !== socket && file.phase === 'listening' && file.boundPort === port)
  if (isTaken) return done(failed('EADDRINUSE'))
  socket.boundPort = port
  return done(returned(0))
}

export function listenCall(layer: SocketLayer, args: CallArguments, socket: Socket): Pending {
  if (socket.phase === 'listening') return done(returned(0))
  if (socket.phase !== 'fresh') return done(failed('EINVAL'))
  if (socket.boundPort === 0) socket.boundPort = layer.defaults.bindPort
  socket.backlog = Math.max(0, args.number(1))
  if (!startListening(layer, socket)) return done(failed('EADDRINUSE'))
  socket.phase = 'listening'
  layer.underTest = socket
  return done(returned(0))
}

export function startListening(layer: SocketLayer, socket: Socket): boolean {
  // Nobody comes in where the family is another: the port is taken all the same.
  if (!layer.reaches(socket.family, socket.options)) return true
  const backlog = Math.max(1, socket.backlog + layer.profile.sockets.backlogExtra)
  const config = { ...layer.profile.tcp, ...socket.tcp, ...fastOpenOfListener(layer, socket, backlog) }
  return layer.host.listen(socket.boundPort, { backlog, config, ...socket.fastOpenKeys === null ? {} : { fastOpenKeys: socket.fastOpenKeys } }) === null
}

/** The system has to let listeners open fast, and the socket to ask for it, with the number that may be pending. */
function fastOpenOfListener(layer: SocketLayer, socket: Socket, backlog: number): Partial<TcpConfig> {
  const { fastOpen: bits } = layer.profile.sockets
  const asked = socket.options.get('TCP_FASTOPEN') ?? 0
  const forAll = (bits & 1024) !== 0
  if ((bits & 2) === 0 || (asked <= 0 && !forAll)) return {}
  const needsCookie = (bits & 512) === 0 && (socket.options.get('TCP_FASTOPEN_NO_COOKIE') ?? 0) === 0
  // FreeBSD's option only says whether; how many is the system's.
  const limit = asked > 0 && layer.profile.sockets.system === 'linux' ? asked : backlog
  return { fastOpen: 'server', fastOpenCookies: needsCookie, fastOpenPending: Math.min(65_535, limit) }
}

function fastOpenOfClient(layer: SocketLayer, socket: Socket): Partial<TcpConfig> {
  const needsCookie = (layer.profile.sockets.fastOpen & 4) === 0 && (socket.options.get('TCP_FASTOPEN_NO_COOKIE') ?? 0) === 0
  return { fastOpen: 'client', fastOpenCookies: needsCookie }
}

export function acceptCall(layer: SocketLayer, args: CallArguments, socket: Socket): Pending {
  const isNonBlocking = args.count > 3 && args.number(3) !== 0
  return opens(layer, args, () => {
    if (socket.phase !== 'listening') return failed('EINVAL')
    const child = socket.accepts.shift()
    if (child === undefined) return socket.isNonBlocking ? failed('EAGAIN') : null
    child.listener = null
    child.isNonBlocking = isNonBlocking || (layer.profile.sockets.system === 'freebsd' && socket.isNonBlocking)
    return child
  })
}

export function connectCall(layer: SocketLayer, args: CallArguments, socket: Socket): Pending {
  if (socket.phase === 'listening') return done(failed(layer.profile.sockets.connectListening))
  if (socket.phase === 'connected') return done(failed('EISCONN'))
  if (socket.phase === 'over') return done(failed(takeError(socket) ?? 'ECONNREFUSED'))
  if (socket.phase === 'connecting' && socket.isNonBlocking) return done(failed('EALREADY'))
  if (socket.phase === 'fresh') {
    if (socket.isDeferred) return done(failed('EISCONN'))
    const target = args.socketAddress(1)
    if (mayDefer(layer, socket, target)) {
      socket.isDeferred = true
      return done(returned(0))
    }
    const isAsking = layer.profile.sockets.system === 'freebsd' ? 'TCP_FASTOPEN' : 'TCP_FASTOPEN_CONNECT'
    const wrong = startConnecting(layer, socket, target, (socket.options.get(isAsking) ?? 0) !== 0 && (layer.profile.sockets.fastOpen & 1) !== 0)
    if (wrong !== null) return done(wrong)
    if (socket.isNonBlocking) return done(failed('EINPROGRESS'))
  }
  return {
    deadlineUs: Infinity,
    attempt: () => {
      if (socket.phase === 'connecting') return null
      const error = takeError(socket)
      return error === null ? returned(0) : failed(error)
    },
  }
}

/** With a cookie at hand the SYN waits for the first data. */
function mayDefer(layer: SocketLayer, socket: Socket, target: SocketTarget): boolean {
  if ((socket.options.get('TCP_FASTOPEN_CONNECT') ?? 0) === 0 || (layer.profile.sockets.fastOpen & 1) === 0) return false
  const { remote, connectPort } = layer.defaults
  if (fastOpenOfClient(layer, socket).fastOpenCookies === false) return true
  return layer.host.knowsFastOpenCookie(target?.address ?? remote, target?.port ?? connectPort, layer.nowUs)
}

type SocketTarget = ReturnType<CallArguments['socketAddress']>

/** @returns null, or what the call fails with */
export function startConnecting(layer: SocketLayer, socket: Socket, given: SocketTarget, opensFast: boolean): Returned | null {
  const { defaults, host } = layer
  const port = given?.port ?? defaults.connectPort
  if (!layer.reaches(socket.family, socket.options)) return failed(socket.family === 4 ? 'EAFNOSUPPORT' : 'ENETUNREACH')
  const config = { ...layer.profile.tcp, ...socket.tcp, ...opensFast ? fastOpenOfClient(layer, socket) : {} }
  const localPort = socket.boundPort === 0 ? undefined : socket.boundPort
  const id = host.connect(given?.address ?? defaults.remote, port, { config, localAddress: defaults.local, localPort }, layer.nowUs)
  if (typeof id !== 'number') return failed(id.code === 'hostUnreachable' ? 'ENETUNREACH' : id.code === 'addressInvalid' ? 'EADDRNOTAVAIL' : 'EADDRINUSE')
  socket.phase = 'connecting'
  socket.isDeferred = false
  socket.boundPort = host.record(id)!.localPort
  layer.bindConnection(socket, id)
  layer.underTest = socket
  layer.onConnect(socket.boundPort, port)
  return null
}

/** SO_LINGER with 0 resets; with a time a blocking close waits for what was sent to be acknowledged. */
export function closeCall(layer: SocketLayer, args: CallArguments): Pending {
  const fd = args.number(0)
  const file = layer.files.get(fd)
  if (file === undefined) return done(failed('EBADF'))
  layer.files.delete(fd)
  if (file.kind === 'socket') return closeSocket(layer, file)
  if (file.kind === 'pipe') file.close()
  else if (file.kind === 'datagram') layer.host.udpClose(file.id)
  return done(returned(0))
}

export function closeSocket(layer: SocketLayer, socket: Socket): Pending {
  const { host } = layer
  socket.isClosed = true
  if (socket.phase === 'listening') {
    host.unlisten(socket.boundPort)
    for (const child of socket.accepts) host.abort(child.connection, layer.nowUs)
    endHalfOpen(layer, socket.boundPort)
    return done(returned(0))
  }
  const connection = host.connection(socket.connection)
  if (connection === undefined) return done(returned(0))
  const resets = (socket.lingers && socket.lingerUs === 0) || (layer.profile.sockets.unreadCloseResets && connection.receivableBytes > 0)
  if (resets) host.abort(socket.connection, layer.nowUs)
  else {
    // Where unread data does not reset, nobody asks for it any more.
    discardUnread(layer, socket)
    uncork(layer, socket)
    host.closeBoth(socket.connection, layer.nowUs)
  }
  if (resets || !socket.lingers || socket.isNonBlocking) return done(returned(0))
  const deadlineUs = layer.nowUs + socket.lingerUs
  return {
    deadlineUs,
    attempt: () => {
      const { state } = connection
      if (state === TcpState.closed || state === TcpState.finWait2 || state === TcpState.timeWait) return returned(0)
      if (layer.nowUs < deadlineUs) return null
      return layer.profile.sockets.system === 'freebsd' ? failed('EWOULDBLOCK') : returned(0)
    },
  }
}

/** Handshakes that nobody is left to accept. */
function endHalfOpen({ host, nowUs, profile }: SocketLayer, port: number): void {
  for (const { id, connection, listenerPort } of host.connections()) {
    if (listenerPort !== port || connection.state !== TcpState.synReceived) continue
    if (profile.sockets.closedListenerResets) host.abort(id, nowUs)
    else host.discard(id, nowUs)
  }
}

export function shutdownCall(layer: SocketLayer, args: CallArguments, socket: Socket): Pending {
  const how = args.number(1)
  if (how < 0 || how > 2) return done(failed('EINVAL'))
  const state = layer.stateOf(socket)
  if (socket.phase !== 'connected' && socket.phase !== 'connecting') return done(failed('ENOTCONN'))
  if (state === TcpState.closed || state === TcpState.timeWait) return done(failed('ENOTCONN'))
  if (how !== 1) socket.readShut = true
  if (how !== 0) {
    socket.writeShut = true
    uncork(layer, socket)
    layer.host.close(socket.connection, layer.nowUs)
  }
  // What comes after both is for nobody.
  if (socket.readShut && socket.writeShut && layer.profile.sockets.shutBothRefusesData) layer.host.refuseText(socket.connection)
  socket.changes++
  return done(returned(0))
}

/** The error that waits, which is told once. */
export function takeError(socket: Socket): string | null {
  const { error } = socket
  socket.error = null
  return error
}
