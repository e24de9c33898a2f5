import { unsupported } from './problem.ts'
import type { Call, Where } from './script.ts'
import { callConstant } from './constants.ts'
import type { System } from './constants.ts'
import { CallArguments } from './sockets/arguments.ts'
import { messageBytes, vectorBytes } from './sockets/message.ts'

/** A system call as a program at the far end is asked for it; `docs/live-scripts.md` describes the members. */
export type RemoteCall = Readonly<Record<string, string | number | boolean>> & { readonly call: string }

/** What the tool supplies where a script leaves it open. */
export interface RemoteDefaults { readonly family: 4 | 6, readonly bindPort: number, readonly connectPort: number, readonly address: string }

type Translation = (args: CallArguments, defaults: RemoteDefaults, system: System) => RemoteCall

const fd = (args: CallArguments) => args.number(0)
const reading = (args: CallArguments, bytes: number): RemoteCall => ({ call: 'read', fd: fd(args), bytes })
const writing = (args: CallArguments, bytes: number, flags: number, system: System): RemoteCall => {
  const only = callConstant('MSG_NOSIGNAL', system)!
  if ((flags & ~only) !== 0) throw unsupported(args.where, 'argument', `${args.call.name} flags ${flags}`)
  return { call: 'write', fd: fd(args), bytes }
}
const unflagged = (args: CallArguments, flags: number): void => {
  if (flags !== 0) throw unsupported(args.where, 'argument', `${args.call.name} flags ${flags}`)
}

const translations: Readonly<Record<string, Translation>> = {
  socket: (args, { family }) => ({ call: 'socket', fd: args.numberOf(args.call.result), family: args.isEllipsis(0) ? family : args.number(0) === 2 ? 4 : 6 }),
  bind: (args, { bindPort }) => ({ call: 'bind', fd: fd(args), port: args.socketAddress(1)?.port ?? bindPort }),
  listen: (args) => ({ call: 'listen', fd: fd(args), backlog: args.number(1) }),
  accept: (args) => ({ call: 'accept', fd: fd(args), accepted: args.maybeNumber(args.call.result) ?? -1 }),
  connect: (args, { address, connectPort }) => ({ call: 'connect', fd: fd(args), address, port: args.socketAddress(1)?.port ?? connectPort }),
  read: (args) => reading(args, args.number(2)),
  readv: (args) => reading(args, vectorBytes(args, args.at(1), args.at(2))),
  recv: (args) => {
    unflagged(args, args.number(3))
    return reading(args, args.number(2))
  },
  recvmsg: (args) => {
    unflagged(args, args.number(2))
    return reading(args, messageBytes(args, args.at(1)))
  },
  write: (args, _, system) => writing(args, args.number(2), 0, system),
  writev: (args, _, system) => writing(args, vectorBytes(args, args.at(1), args.at(2)), 0, system),
  send: (args, _, system) => writing(args, args.number(2), args.number(3), system),
  sendto: (args, _, system) => writing(args, args.number(2), args.number(3), system),
  sendmsg: (args, _, system) => writing(args, messageBytes(args, args.at(1)), args.number(2), system),
  shutdown: (args) => ({ call: 'shutdown', fd: fd(args), how: args.number(1) }),
  close: (args) => ({ call: 'close', fd: fd(args) }),
  fcntl: (args, _, system) => {
    if (args.word(1) !== 'F_SETFL') throw unsupported(args.at(1).where, 'argument', `fcntl ${args.word(1) ?? ''}`)
    return { call: 'nonblocking', fd: fd(args), on: (args.number(2) & callConstant('O_NONBLOCK', system)!) !== 0 }
  },
  setsockopt: setOption,
  getsockopt: (args) => {
    const [level, name] = [args.word(1), args.word(2)]
    if (level === null || name === null) throw unsupported(args.at(2).where, 'argument', 'getsockopt')
    return { call: 'getsockopt', fd: fd(args), level, name }
  },
}

/** @throws ScriptProblem for a call, or an argument of one, that cannot be asked for over there */
export function remoteCall(call: Call, where: Where, defaults: RemoteDefaults, system: System): RemoteCall {
  const translate = Object.hasOwn(translations, call.name) ? translations[call.name] : undefined
  if (translate === undefined) throw unsupported(where, 'systemCall', `${call.name}()`)
  return translate(new CallArguments(call, where, system), defaults, system)
}

function setOption(args: CallArguments): RemoteCall {
  const [level, name] = [args.word(1), args.word(2)]
  if (level === null || name === null) throw unsupported(args.at(2).where, 'argument', 'setsockopt')
  if (name !== 'SO_LINGER') return { call: 'setsockopt', fd: fd(args), level, name, value: args.number(3) }
  const fields = args.struct(args.at(3))
  const field = (key: string) => args.numberOf((fields.get(key) ?? fields.get(`l_${key}`) ?? { value: args.at(3) }).value)
  return { call: 'linger', fd: fd(args), on: field('onoff') !== 0, seconds: field('linger') }
}
