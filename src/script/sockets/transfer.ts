import type { IpAddress } from '../../stack/ip-address.ts'
import { SendFlag } from '../../tcp/send-flags.ts'
import { callConstant } from '../constants.ts'
import { done, failed, returned } from './arguments.ts'
import type { CallArguments, Pending, Returned } from './arguments.ts'
import { receiveDatagram, sendDatagram } from './datagrams.ts'
import type { SocketLayer } from './layer.ts'
import { startConnecting, takeError } from './open-close.ts'
import { readPipe, writePipe } from './pipes.ts'
import { sendRoom } from './send-room.ts'
import type { OpenFile, Socket } from './socket.ts'

/** Scripts send zeros, and what they receive is only counted. */
const zeros = new Uint8Array(1 << 16)
const sink = new Uint8Array(1 << 16)

export interface Transfer {
  readonly lengthBytes: number
  readonly flags: number
  /** Whom a datagram is for, where the call says it: null leaves the address to the tool. */
  readonly to?: { readonly port: number, readonly address: IpAddress | null } | null
}

export function readCall(layer: SocketLayer, _args: CallArguments, file: OpenFile, transfer: Transfer): Pending {
  if (file.kind === 'epoll') return done(failed('EINVAL'))
  if (file.kind === 'bytes') {
    const taken = Math.min(transfer.lengthBytes, file.bytes)
    file.bytes -= taken
    return done(returned(taken))
  }
  if (file.kind === 'pipe') return readPipe(file, transfer.lengthBytes, (transfer.flags & callConstant('MSG_DONTWAIT', layer.profile.sockets.system)!) !== 0)
  if (file.kind === 'datagram') return receiveDatagram(layer, file, transfer)
  const deadlineUs = file.receiveTimeoutUs === 0 ? Infinity : layer.nowUs + file.receiveTimeoutUs
  return { deadlineUs, attempt: () => receive(layer, file, transfer, deadlineUs) }
}

function receive(layer: SocketLayer, socket: Socket, { lengthBytes, flags }: Transfer, deadlineUs: number): Returned | null {
  const { system } = layer.profile.sockets
  const has = (name: string) => (flags & callConstant(name, system)!) !== 0
  if (has('MSG_OOB')) return failed('EINVAL')
  if (socket.phase === 'fresh' || socket.phase === 'listening') return failed('ENOTCONN')
  const connection = layer.host.connection(socket.connection)
  const isDeaf = socket.readShut && !layer.profile.sockets.readsAfterShutdown
  const available = isDeaf ? 0 : connection?.receivableBytes ?? 0
  const wanted = has('MSG_WAITALL') && !has('MSG_DONTWAIT') ? lengthBytes : Math.min(lowWater(socket), lengthBytes)
  const isOver = socket.readShut || socket.phase === 'over' || connection === undefined || (available === 0 ? connection.endOfStream : isFinBehind(layer, socket))
  if (available >= wanted || (available > 0 && isOver)) return returned(has('MSG_PEEK') ? Math.min(available, lengthBytes) : take(layer, socket, lengthBytes))
  const error = takeError(socket)
  if (error !== null) return failed(error)
  if (isOver) return returned(0)
  return socket.isNonBlocking || has('MSG_DONTWAIT') || layer.nowUs >= deadlineUs ? failed('EAGAIN') : null
}

/** SO_RCVLOWAT: fewer bytes are not worth waking anybody. */
export function lowWater(socket: Socket): number {
  return Math.max(1, socket.options.get('SO_RCVLOWAT') ?? 1)
}

function isFinBehind(layer: SocketLayer, socket: Socket): boolean {
  return layer.view(socket)?.finReceived ?? true
}

function take(layer: SocketLayer, socket: Socket, lengthBytes: number): number {
  let taken = 0
  while (taken < lengthBytes) {
    const got = layer.host.receive(socket.connection, sink, 0, Math.min(sink.length, lengthBytes - taken), layer.nowUs)
    if (got <= 0) break
    taken += got
  }
  return taken
}

export function discardUnread(layer: SocketLayer, socket: Socket): void {
  take(layer, socket, Number.MAX_SAFE_INTEGER)
}

export function writeCall(layer: SocketLayer, args: CallArguments, file: OpenFile, transfer: Transfer): Pending {
  if (file.kind === 'epoll') return done(failed('EINVAL'))
  if (file.kind === 'bytes') {
    file.bytes += transfer.lengthBytes
    return done(returned(transfer.lengthBytes))
  }
  if (file.kind === 'pipe') return writePipe(file, transfer.lengthBytes, (transfer.flags & callConstant('MSG_DONTWAIT', layer.profile.sockets.system)!) !== 0)
  if (file.kind === 'datagram') return sendDatagram(layer, file, transfer)
  const asksFastOpen = layer.profile.sockets.system === 'linux' && (transfer.flags & callConstant('MSG_FASTOPEN', 'linux')!) !== 0
  if (asksFastOpen || file.isDeferred) {
    const outcome = openFast(layer, args, file, transfer)
    if (outcome !== null) return done(outcome)
  }
  const deadlineUs = file.sendTimeoutUs === 0 ? Infinity : layer.nowUs + file.sendTimeoutUs
  const progress = { sent: file.givenBytes }
  file.givenBytes = 0
  return { deadlineUs, attempt: () => send(layer, file, transfer, progress, deadlineUs) }
}

/** Connects and sends in one: what the SYN has room for goes with it. @returns null where the rest has to wait for the connection */
function openFast(layer: SocketLayer, args: CallArguments, socket: Socket, { lengthBytes, flags }: Transfer): Returned | null {
  if (socket.phase === 'connected') return failed('EISCONN')
  if (socket.phase !== 'fresh') return null
  if ((layer.profile.sockets.fastOpen & 1) === 0) return failed('EOPNOTSUPP')
  const target = args.call.name === 'sendto' && args.count > 4 ? args.socketAddress(4) : null
  const wrong = startConnecting(layer, socket, target, true)
  if (wrong !== null) return wrong
  const room = layer.host.connection(socket.connection)?.synRoomBytes ?? 0
  const taken = room === 0 ? 0 : give(layer, socket, Math.min(lengthBytes, room), false, SendFlag.push)
  if (taken === lengthBytes && taken > 0) return returned(taken)
  const isHurried = socket.isNonBlocking || (flags & callConstant('MSG_DONTWAIT', layer.profile.sockets.system)!) !== 0
  if (isHurried) return taken > 0 ? returned(taken) : failed('EINPROGRESS')
  socket.givenBytes = taken
  return null
}

function send(layer: SocketLayer, socket: Socket, { lengthBytes, flags }: Transfer, progress: { sent: number }, deadlineUs: number): Returned | null {
  const { sockets: rules } = layer.profile
  const isPatient = !socket.isNonBlocking && (flags & callConstant('MSG_DONTWAIT', rules.system)!) === 0 && layer.nowUs < deadlineUs
  const partly = (errno: string) => progress.sent > 0 ? returned(progress.sent) : failed(errno)
  if (socket.phase === 'fresh' || socket.phase === 'listening') return failed(rules.sendUnconnected)
  if (socket.phase === 'over') return partly(overError(layer, socket))
  if (socket.writeShut) return partly('EPIPE')
  if (socket.phase === 'connecting') return isPatient ? null : failed(rules.system === 'freebsd' ? 'ENOTCONN' : 'EAGAIN')
  const more = rules.system === 'linux' && (flags & callConstant('MSG_MORE', 'linux')!) !== 0
  const isUrgent = (flags & callConstant('MSG_OOB', rules.system)!) !== 0
  progress.sent += give(layer, socket, lengthBytes - progress.sent, socket.isCorked || more, isUrgent ? SendFlag.push | SendFlag.urgent : SendFlag.push)
  if (progress.sent === lengthBytes) return returned(lengthBytes)
  socket.missesRoom = true
  return isPatient ? null : partly('EAGAIN')
}

function overError(layer: SocketLayer, socket: Socket): string {
  const { sendAfterReset } = layer.profile.sockets
  // Where EPIPE goes before what waits to be told, that goes on waiting.
  if (sendAfterReset === 'EPIPE') return 'EPIPE'
  return takeError(socket) ?? 'EPIPE'
}

/** Hands bytes to TCP; corked, none of them has to leave before a segment is full. @returns bytes taken */
function give(layer: SocketLayer, socket: Socket, lengthBytes: number, isCorked: boolean, sendFlags: number): number {
  const taken = push(layer, socket, Math.min(lengthBytes, sendRoom(layer, socket)), isCorked ? sendFlags & ~SendFlag.push : sendFlags)
  // What the cork held before goes with what follows it.
  socket.isHeld = isCorked && (taken > 0 || socket.isHeld)
  return taken
}

function push(layer: SocketLayer, socket: Socket, lengthBytes: number, sendFlags: number): number {
  let taken = 0
  while (taken < lengthBytes) {
    const step = Math.min(zeros.length, lengthBytes - taken)
    const got = layer.host.send(socket.connection, zeros, 0, step, layer.nowUs, step === lengthBytes - taken ? sendFlags : 0)
    if (got <= 0) break
    taken += got
    if (got < step) break
  }
  return taken
}

/** What the cork held back goes. */
export function uncork(layer: SocketLayer, socket: Socket): void {
  if (!socket.isHeld) return
  socket.isHeld = false
  layer.host.send(socket.connection, zeros, 0, 0, layer.nowUs, SendFlag.push)
}
