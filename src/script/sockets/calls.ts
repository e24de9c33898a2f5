import { callConstant } from '../constants.ts'
import { unsupported } from '../problem.ts'
import type { Call, Where } from '../script.ts'
import { CallArguments, done, failed, returned } from './arguments.ts'
import type { Pending } from './arguments.ts'
import { fcntlCall, ioctlCall } from './control.ts'
import type { SocketLayer } from './layer.ts'
import { acceptCall, bindCall, closeCall, connectCall, listenCall, nextFd, shutdownCall, socketCall } from './open-close.ts'
import { getOptionCall, setOptionCall } from './options.ts'
import { epollControlCall, epollCreateCall, epollWaitCall, pollCall } from './readiness.ts'
import { ByteFile } from './socket.ts'
import type { OpenFile, Socket } from './socket.ts'
import { messageBytes, readCall, vectorBytes, writeCall } from './transfer.ts'

type FileCall = (layer: SocketLayer, args: CallArguments, file: OpenFile) => Pending
type SocketCall = (layer: SocketLayer, args: CallArguments, socket: Socket) => Pending

/** Calls whose first argument is a socket. */
const socketCalls: Readonly<Record<string, SocketCall>> = {
  bind: bindCall, listen: listenCall, accept: acceptCall, accept4: acceptCall, connect: connectCall, shutdown: shutdownCall, getsockopt: getOptionCall, setsockopt: setOptionCall,
}

/** Calls whose first argument is any open file. */
const fileCalls: Readonly<Record<string, FileCall>> = {
  fcntl: fcntlCall,
  ioctl: ioctlCall,
  read: (layer, args, file) => readCall(layer, args, file, { lengthBytes: args.number(2), flags: 0 }),
  recv: (layer, args, file) => readCall(layer, args, file, { lengthBytes: args.number(2), flags: args.number(3) }),
  recvfrom: (layer, args, file) => readCall(layer, args, file, { lengthBytes: args.number(2), flags: args.number(3) }),
  readv: (layer, args, file) => readCall(layer, args, file, { lengthBytes: vectorBytes(args, args.at(1)), flags: 0 }),
  recvmsg: (layer, args, file) => checkingInq(layer, args, file, readCall(layer, args, file, { lengthBytes: messageBytes(args, args.at(1)), flags: args.number(2) })),
  write: (layer, args, file) => writeCall(layer, args, file, { lengthBytes: args.number(2), flags: 0 }),
  send: (layer, args, file) => writeCall(layer, args, file, { lengthBytes: args.number(2), flags: args.number(3) }),
  sendto: (layer, args, file) => writeCall(layer, args, file, { lengthBytes: args.number(2), flags: args.number(3) }),
  writev: (layer, args, file) => writeCall(layer, args, file, { lengthBytes: vectorBytes(args, args.at(1)), flags: 0 }),
  sendmsg: (layer, args, file) => writeCall(layer, args, file, { lengthBytes: messageBytes(args, args.at(1)), flags: args.number(2) }),
  sendfile: (layer, args, file) => writeCall(layer, args, file, { lengthBytes: args.number(3), flags: 0 }),
}

const otherCalls: Readonly<Record<string, (layer: SocketLayer, args: CallArguments) => Pending>> = {
  socket: socketCall, close: closeCall, poll: pollCall, epoll_create: epollCreateCall, epoll_create1: epollCreateCall, epoll_ctl: epollControlCall, epoll_wait: epollWaitCall,
  open: openCall, pipe: pipeCall, splice: spliceCall, cap_set: () => done(returned(0)),
}

/** Every system call there is. */
export const callNames = [...Object.keys(otherCalls), ...Object.keys(socketCalls), ...Object.keys(fileCalls)]

/** Starts a system call. @throws ScriptProblem for one, or an argument of one, that is not had here */
export function startCall(layer: SocketLayer, call: Call, where: Where): Pending {
  const args = new CallArguments(call, where, layer.profile.sockets.system)
  if (Object.hasOwn(otherCalls, call.name)) return otherCalls[call.name](layer, args)
  const isSocketCall = Object.hasOwn(socketCalls, call.name)
  if (!isSocketCall && !Object.hasOwn(fileCalls, call.name)) throw unsupported(where, 'systemCall', `${call.name}()`)
  const file = layer.files.get(args.number(0))
  if (file === undefined) return done(failed('EBADF'))
  if (!isSocketCall) return fileCalls[call.name](layer, args, file)
  return file.kind === 'socket' ? socketCalls[call.name](layer, args, file) : done(failed('ENOTSOCK'))
}

/** `msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=N}]`: what is still to be read, for a socket with TCP_INQ. */
function checkingInq(layer: SocketLayer, args: CallArguments, file: OpenFile, pending: Pending): Pending {
  const control = args.struct(args.at(1)).get('msg_control')?.value
  if (control?.kind !== 'list' || control.items.length === 0 || file.kind !== 'socket') return pending
  const fields = args.struct(control.items[0])
  const data = fields.get('cmsg_data')
  if (control.items.length > 1 || data === undefined || args.numberOf(fields.get('cmsg_type')!.value) !== callConstant('TCP_CM_INQ', 'linux')) {
    throw unsupported(control.where, 'argument', 'msg_control')
  }
  return {
    deadlineUs: pending.deadlineUs,
    attempt: () => {
      const outcome = pending.attempt()
      if (outcome === null || outcome.result < 0) return outcome
      const expected = String(args.numberOf(data.value))
      const actual = file.options.get('TCP_INQ') ? String(layer.host.connection(file.connection)?.receivableBytes ?? 0) : 'nothing'
      return expected === actual ? outcome : { ...outcome, wrong: { what: 'TCP_CM_INQ', expected, actual } }
    },
  }
}

/** A file to send from: what it holds does not matter. */
function openCall(layer: SocketLayer, args: CallArguments): Pending {
  const fd = args.maybeNumber(args.call.result) ?? nextFd(layer)
  if (fd >= 0) layer.files.set(fd, new ByteFile(Number.MAX_SAFE_INTEGER))
  return done(returned(fd < 0 ? nextFd(layer) : fd))
}

/** `pipe([5, 6])`: one count of bytes with two numbers. */
function pipeCall(layer: SocketLayer, args: CallArguments): Pending {
  const ends = args.at(0)
  if (ends.kind !== 'list' || ends.items.length !== 2) throw unsupported(ends.where, 'argument', 'pipe')
  const pipe = new ByteFile(0)
  for (const end of ends.items) layer.files.set(args.numberOf(end), pipe)
  return done(returned(0))
}

/** `splice(in, off, out, off, length, flags)`, one of the two a pipe. */
function spliceCall(layer: SocketLayer, args: CallArguments): Pending {
  const from = layer.files.get(args.number(0))
  const into = layer.files.get(args.number(2))
  if (from === undefined || into === undefined) return done(failed('EBADF'))
  const lengthBytes = args.number(4)
  if (into.kind === 'bytes') {
    const isHurried = args.count > 5 && (args.number(5) & callConstant('SPLICE_F_NONBLOCK', 'linux')!) !== 0
    const read = readCall(layer, args, from, { lengthBytes, flags: isHurried ? callConstant('MSG_DONTWAIT', layer.profile.sockets.system)! : 0 })
    return {
      deadlineUs: read.deadlineUs,
      attempt: () => {
        const outcome = read.attempt()
        if (outcome !== null && outcome.result > 0) into.bytes += outcome.result
        return outcome
      },
    }
  }
  if (from.kind !== 'bytes') return done(failed('EINVAL'))
  const length = Math.min(lengthBytes, from.bytes)
  from.bytes -= length
  return writeCall(layer, args, into, { lengthBytes: length, flags: 0 })
}
