import { callConstant } from '../constants.ts'
import { unsupported } from '../problem.ts'
import { done, failed, returned } from './arguments.ts'
import type { CallArguments, Pending } from './arguments.ts'
import type { SocketLayer } from './layer.ts'
import { nextFd } from './open-close.ts'
import { ByteFile } from './socket.ts'
import { writeCall } from './transfer.ts'

/**
 * `open("path", flags)`: `/dev/null` is empty, a file that is created or emptied holds what is written to it, and any other gives zeros without an end,
 * as `/dev/zero` does: what a file holds does not matter to TCP.
 */
export function openCall(layer: SocketLayer, args: CallArguments): Pending {
  const path = args.at(0)
  if (path.kind !== 'string' && path.kind !== 'ellipsis') throw unsupported(path.where, 'argument', 'open')
  const flags = args.count > 1 ? args.number(1) : 0
  const { system } = layer.profile.sockets
  const isFresh = (flags & (callConstant('O_CREAT', system)! | callConstant('O_TRUNC', system)!)) !== 0
  const isEmpty = isFresh || (path.kind === 'string' && path.text === '/dev/null')
  const fd = args.maybeNumber(args.call.result) ?? nextFd(layer)
  const number = fd < 0 ? nextFd(layer) : fd
  layer.files.set(number, new ByteFile(isEmpty ? 0 : Number.MAX_SAFE_INTEGER))
  return done(returned(number))
}

/** `sendfile(out, in, [offset], count)` of Linux: from a file to a socket. */
export function sendfileCall(layer: SocketLayer, args: CallArguments): Pending {
  if (layer.profile.sockets.system !== 'linux') throw unsupported(args.where, 'systemCall', 'sendfile()')
  const into = layer.files.get(args.number(0))
  const from = layer.files.get(args.number(1))
  if (into === undefined || from === undefined) return done(failed('EBADF'))
  if (from.kind !== 'bytes') return done(failed('EINVAL'))
  const offset = args.maybeNumber(args.at(2)) ?? 0
  if (offset < 0) return done(failed('EINVAL'))
  const lengthBytes = Math.min(args.number(3), Math.max(0, from.bytes - offset))
  return lengthBytes === 0 ? done(returned(0)) : writeCall(layer, args, into, { lengthBytes, flags: 0 })
}
