import { callConstant } from '../constants.ts'
import { unsupported } from '../problem.ts'
import { TcpState } from '../../tcp/state.ts'
import { done, failed, returned } from './arguments.ts'
import type { CallArguments, Pending, Returned } from './arguments.ts'
import type { SocketLayer } from './layer.ts'
import { requireCount } from './message.ts'
import { collect } from './datagrams.ts'
import type { DatagramSocket } from './datagrams.ts'
import type { PipeEnd } from './pipes.ts'
import { hasSendSpace } from './send-room.ts'
import { lowWater } from './transfer.ts'
import { nextFd } from './open-close.ts'
import { EpollFile } from './socket.ts'
import type { Interest, OpenFile, Socket } from './socket.ts'

const Poll = { in: 1, out: 4, err: 8, hup: 0x10, nval: 0x20, rdnorm: 0x40 } as const

/** Bits of poll(2) that hold now, whether they were asked for or not. */
export function readiness(layer: SocketLayer, file: OpenFile | undefined): number {
  if (file === undefined) return Poll.nval
  if (file.kind === 'epoll') return ready(layer, file).length > 0 ? Poll.in : 0
  if (file.kind === 'bytes') return (file.bytes > 0 ? Poll.in : 0) | Poll.out
  if (file.kind === 'pipe') return pipeReadiness(file)
  if (file.kind === 'datagram') return datagramReadiness(layer, file)
  return socketReadiness(layer, file)
}

function pipeReadiness({ side, room, pipe }: PipeEnd): number {
  if (side === 'read') return (pipe.bytes > 0 ? Poll.in | Poll.rdnorm : 0) | (pipe.writers === 0 ? Poll.hup : 0)
  return (room > 0 ? Poll.out : 0) | (pipe.readers === 0 ? Poll.err : 0)
}

function datagramReadiness(layer: SocketLayer, socket: DatagramSocket): number {
  collect(layer, socket)
  const isReadable = socket.inbox.length > 0 || socket.readShut || socket.error !== null
  return (isReadable ? Poll.in | Poll.rdnorm : 0) | Poll.out | callConstant('POLLWRNORM', layer.profile.sockets.system)! | (socket.error === null ? 0 : Poll.err)
}

function socketReadiness(layer: SocketLayer, socket: Socket): number {
  const { system } = layer.profile.sockets
  const wrnorm = callConstant('POLLWRNORM', system)!
  const rdhup = callConstant('POLLRDHUP', system)!
  if (socket.phase === 'listening') return socket.accepts.length > 0 ? Poll.in | Poll.rdnorm : 0
  if (socket.phase === 'fresh') return Poll.out | wrnorm | Poll.hup
  const connection = layer.host.connection(socket.connection)
  const finCame = layer.view(socket)?.finReceived ?? true
  const isOver = socket.phase === 'over' || connection === undefined || connection.state === TcpState.closed
  let bits = 0
  if ((connection?.receivableBytes ?? 0) >= lowWater(socket) || isOver || finCame || socket.readShut) bits |= Poll.in | Poll.rdnorm
  if (finCame || isOver || socket.readShut) bits |= rdhup
  if (isOver || ((finCame || socket.readShut) && socket.writeShut)) bits |= Poll.hup
  if (isOver || socket.writeShut || (socket.phase === 'connected' && isWritable(layer, socket))) bits |= Poll.out | wrnorm
  else socket.missesRoom = true
  if (socket.error !== null) bits |= Poll.err
  return bits
}

/** A third of the buffer has to be free. */
function isWritable(layer: SocketLayer, socket: Socket): boolean {
  const view = layer.view(socket)
  if (view === null) return true
  const lowest = layer.profile.sockets.system === 'linux' ? socket.options.get('TCP_NOTSENT_LOWAT') ?? 0 : 0
  if (lowest > 0 && view.sendQueuedBytes >= lowest) return false
  if (layer.profile.sockets.sendsInBuffers) return hasSendSpace(layer, socket, view)
  return view.sendBufferBytes - view.sendQueuedBytes - view.sendUnackedBytes >= view.sendBufferBytes / 3
}

/** `poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, 100) = 1` */
export function pollCall(layer: SocketLayer, args: CallArguments): Pending {
  const list = args.at(0)
  if (list.kind !== 'list') throw unsupported(list.where, 'argument', 'poll')
  requireCount(args, args.at(1), list.items.length)
  const entries = list.items.map((item) => {
    const fields = args.struct(item)
    const field = (name: string) => fields.has(name) ? args.numberOf(fields.get(name)!.value) : 0
    return { fd: field('fd'), events: field('events'), revents: field('revents') }
  })
  const { deadlineUs } = timeout(layer, args.number(2))
  const attempt = (): Returned | null => {
    const found = entries.map(({ fd, events }) => readiness(layer, layer.files.get(fd)) & (events | Poll.err | Poll.hup | Poll.nval))
    const count = found.filter((bits) => bits !== 0).length
    if (count === 0 && layer.nowUs < deadlineUs) return null
    const different = entries.findIndex(({ revents }, i) => revents !== found[i])
    if (different < 0) return returned(count)
    return { ...returned(count), wrong: { what: `revents of fd ${entries[different].fd}`, expected: `0x${entries[different].revents.toString(16)}`, actual: `0x${found[different].toString(16)}` } }
  }
  return { attempt, deadlineUs }
}

/** -1 waits without limit, milliseconds else. */
function timeout(layer: SocketLayer, ms: number): { deadlineUs: number } {
  return { deadlineUs: ms < 0 ? Infinity : layer.nowUs + ms * 1000 }
}

export function epollCreateCall(layer: SocketLayer, args: CallArguments): Pending {
  const fd = args.maybeNumber(args.call.result) ?? nextFd(layer)
  if (fd < 0) return done(returned(nextFd(layer)))
  layer.files.set(fd, new EpollFile())
  return done(returned(fd))
}

export function epollControlCall(layer: SocketLayer, args: CallArguments): Pending {
  const epoll = layer.files.get(args.number(0))
  const fd = args.number(2)
  if (epoll?.kind !== 'epoll' || !layer.files.has(fd)) return done(failed('EBADF'))
  const operation = args.number(1)
  if (operation === callConstant('EPOLL_CTL_DEL', 'linux')) return done(epoll.interests.delete(fd) ? returned(0) : failed('ENOENT'))
  const fields = args.struct(args.at(3))
  const data = fields.get('fd') ?? fields.get('ptr') ?? fields.get('u32') ?? fields.get('u64')
  const isAdd = operation === callConstant('EPOLL_CTL_ADD', 'linux')
  if (isAdd === epoll.interests.has(fd)) return done(failed(isAdd ? 'EEXIST' : 'ENOENT'))
  epoll.interests.set(fd, { fd, events: args.numberOf(fields.get('events')!.value), data: data === undefined ? fd : args.numberOf(data.value), seen: '', isSpent: false })
  return done(returned(0))
}

/** `epoll_wait(5, [{events=EPOLLIN, fd=4}], 1, 0) = 1` */
export function epollWaitCall(layer: SocketLayer, args: CallArguments): Pending {
  const epoll = layer.files.get(args.number(0))
  if (epoll?.kind !== 'epoll') return done(failed('EBADF'))
  const { deadlineUs } = timeout(layer, args.number(3))
  const attempt = (): Returned | null => {
    const found = ready(layer, epoll, true).slice(0, args.number(2))
    if (found.length === 0 && layer.nowUs < deadlineUs) return null
    for (const { interest } of found) {
      if ((interest.events & callConstant('EPOLLONESHOT', 'linux')!) !== 0) interest.isSpent = true
    }
    return comparedEvents(args, found)
  }
  return { attempt, deadlineUs }
}

function comparedEvents(args: CallArguments, found: readonly { interest: Interest, bits: number }[]): Returned {
  const list = args.at(1)
  const items = list.kind === 'list' ? list.items : list.kind === 'struct' ? [list] : []
  for (let i = 0; i < Math.min(items.length, found.length); i++) {
    if (items[i].kind === 'ellipsis') continue
    const fields = args.struct(items[i])
    const events = fields.get('events')
    const { bits, interest } = found[i]
    const expected = events === undefined ? bits : args.numberOf(events.value)
    const data = fields.get('fd') ?? fields.get('ptr') ?? fields.get('u32') ?? fields.get('u64')
    const wanted = data === undefined || data.value.kind === 'ellipsis' ? interest.data : args.numberOf(data.value)
    if (wanted !== interest.data) return { ...returned(found.length), wrong: { what: `data of fd ${interest.fd}`, expected: String(wanted), actual: String(interest.data) } }
    if (expected !== bits) return { ...returned(found.length), wrong: { what: `events of fd ${interest.fd}`, expected: `0x${expected.toString(16)}`, actual: `0x${bits.toString(16)}` } }
  }
  return returned(found.length)
}

function ready(layer: SocketLayer, epoll: EpollFile, isAsked = false): { interest: Interest, bits: number }[] {
  const isEdge = callConstant('EPOLLET', 'linux')!
  const found: { interest: Interest, bits: number }[] = []
  for (const interest of epoll.interests.values()) {
    const bits = readiness(layer, layer.files.get(interest.fd)) & (interest.events | Poll.err | Poll.hup) & 0x3fff
    if (interest.isSpent) continue
    const edge = edgeOf(layer.files.get(interest.fd), interest.events)
    const isNew = (interest.events & isEdge) === 0 || interest.seen !== edge
    // Who asks has seen the edge, even where nothing is left of it.
    if (isAsked) interest.seen = edge
    if (bits !== 0 && isNew) found.push({ interest, bits })
  }
  return found
}

/** What has happened so far that wakes a waiter for these events. */
function edgeOf(file: OpenFile | undefined, events: number): string {
  if (file?.kind !== 'socket') return ''
  const arrivals = (events & (Poll.in | Poll.rdnorm)) !== 0 ? file.arrivals : 0
  const rooms = (events & (Poll.out | callConstant('EPOLLWRNORM', 'linux')!)) !== 0 ? file.rooms : 0
  return `${arrivals} ${rooms} ${file.changes}`
}
