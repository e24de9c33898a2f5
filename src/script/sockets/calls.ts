import { syntax, unsupported } from '../problem.ts'
import type { Call, Where } from '../script.ts'
import { CallArguments, done, failed, returned } from './arguments.ts'
import type { Pending } from './arguments.ts'
import { fcntlCall, ioctlCall } from './control.ts'
import type { SocketLayer } from './layer.ts'
import { datagramCalls } from './datagrams.ts'
import { openCall, sendfileCall } from './files.ts'
import { acceptCall, bindCall, closeCall, connectCall, listenCall, shutdownCall, socketCall } from './open-close.ts'
import { getOptionCall, setOptionCall } from './options.ts'
import { epollControlCall, epollCreateCall, epollWaitCall, pollCall } from './readiness.ts'
import { checkingMessage, messageBytes, vectorBytes } from './message.ts'
import { getPeerNameCall, getSockNameCall } from './names.ts'
import { pipeCall, spliceCall } from './pipes.ts'
import type { OpenFile, Socket } from './socket.ts'
import { readCall, writeCall } from './transfer.ts'
import type { Transfer } from './transfer.ts'

type FileCall = (layer: SocketLayer, args: CallArguments, file: OpenFile) => Pending
type SocketCall = (layer: SocketLayer, args: CallArguments, socket: Socket) => Pending

/** Calls whose first argument is a socket. */
const socketCalls: Readonly<Record<string, SocketCall>> = {
  bind: bindCall, listen: listenCall, accept: acceptCall, accept4: acceptCall, connect: connectCall, shutdown: shutdownCall, getsockopt: getOptionCall, setsockopt: setOptionCall,
  getsockname: getSockNameCall, getpeername: getPeerNameCall,
}

/** Calls whose first argument is any open file. */
const fileCalls: Readonly<Record<string, FileCall>> = {
  fcntl: fcntlCall,
  ioctl: ioctlCall,
  read: (layer, args, file) => readCall(layer, args, file, { lengthBytes: args.number(2), flags: 0 }),
  recv: (layer, args, file) => readCall(layer, args, file, { lengthBytes: args.number(2), flags: args.number(3) }),
  recvfrom: (layer, args, file) => readCall(layer, args, file, { lengthBytes: args.number(2), flags: args.number(3) }),
  readv: (layer, args, file) => readCall(layer, args, file, { lengthBytes: vectorBytes(args, args.at(1), args.at(2)), flags: 0 }),
  recvmsg: (layer, args, file) => checkingMessage(layer, args, file, readCall(layer, args, file, { lengthBytes: messageBytes(args, args.at(1)), flags: args.number(2) })),
  write: (layer, args, file) => writeCall(layer, args, file, { lengthBytes: args.number(2), flags: 0 }),
  send: (layer, args, file) => writeCall(layer, args, file, { lengthBytes: args.number(2), flags: args.number(3) }),
  sendto: (layer, args, file) => writeCall(layer, args, file, { lengthBytes: args.number(2), flags: args.number(3), ...args.count > 4 ? { to: args.socketAddress(4) } : {} }),
  writev: (layer, args, file) => writeCall(layer, args, file, { lengthBytes: vectorBytes(args, args.at(1), args.at(2)), flags: 0 }),
  sendmsg: (layer, args, file) => writeCall(layer, args, file, { lengthBytes: messageBytes(args, args.at(1)), flags: args.number(2), ...messageTo(args) }),
}

const otherCalls: Readonly<Record<string, (layer: SocketLayer, args: CallArguments) => Pending>> = {
  socket: socketCall, close: closeCall, poll: pollCall, epoll_create: epollCreateCall, epoll_create1: epollCreateCall, epoll_ctl: epollControlCall, epoll_wait: epollWaitCall,
  open: openCall, sendfile: sendfileCall, pipe: pipeCall, splice: spliceCall, cap_set: () => done(returned(0)),
}

/** The most arguments that a call has; of the others there is no such bound. */
const mostArguments: Readonly<Record<string, number>> = {
  socket: 3, bind: 3, listen: 2, accept: 3, accept4: 4, connect: 3, getsockname: 3, getpeername: 3, shutdown: 2, close: 1,
  read: 3, readv: 3, recv: 4, recvfrom: 6, recvmsg: 3, write: 3, writev: 3,
  send: 4, sendto: 6, sendmsg: 3, splice: 6, pipe: 1, open: 3,
  fcntl: 3, ioctl: 3, getsockopt: 5, setsockopt: 5, poll: 3, epoll_create: 1, epoll_create1: 1, epoll_ctl: 4, epoll_wait: 4,
}

/** Every system call there is. */
export const callNames = [...Object.keys(otherCalls), ...Object.keys(socketCalls), ...Object.keys(fileCalls)]

/** Starts a system call. @throws ScriptProblem for one, or an argument of one, that is not had here */
export function startCall(layer: SocketLayer, call: Call, where: Where): Pending {
  const args = new CallArguments(call, where, layer.profile.sockets.system)
  const most = mostArguments[call.name] ?? Infinity
  if (args.count > most) throw syntax(call.args[most].where, 'expected', { expected: ')', got: `${args.count} > ${most}` })
  if (Object.hasOwn(otherCalls, call.name)) return otherCalls[call.name](layer, args)
  const isSocketCall = Object.hasOwn(socketCalls, call.name)
  if (!isSocketCall && !Object.hasOwn(fileCalls, call.name)) throw unsupported(where, 'systemCall', `${call.name}()`)
  const file = layer.files.get(args.number(0))
  if (file === undefined) return done(failed('EBADF'))
  if (file.kind === 'datagram' && isSocketCall) {
    if (!Object.hasOwn(datagramCalls, call.name)) throw unsupported(where, 'systemCall', `${call.name}() on SOCK_DGRAM`)
    return datagramCalls[call.name](layer, args, file)
  }
  if (!isSocketCall) return fileCalls[call.name](layer, args, file)
  return file.kind === 'socket' ? socketCalls[call.name](layer, args, file) : done(failed('ENOTSOCK'))
}

/** `msg_name(...)=...` names who is spoken to, for a socket that is not connected. */
function messageTo(args: CallArguments): Pick<Transfer, 'to'> {
  return args.struct(args.at(1)).has('msg_name') ? { to: null } : {}
}
