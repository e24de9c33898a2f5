import { callConstant } from '../constants.ts'
import { syntax, unsupported } from '../problem.ts'
import type { Expression } from '../script.ts'
import type { CallArguments, Pending, Returned } from './arguments.ts'
import type { SocketLayer } from './layer.ts'
import type { OpenFile } from './socket.ts'

/** Bytes of an iovec list: `[{..., 100}, {..., 200}], 2`. @throws ScriptProblem where `count` is not that of the list */
export function vectorBytes(args: CallArguments, list: Expression, count: Expression | null): number {
  if (list.kind !== 'list') throw unsupported(list.where, 'argument', list.kind)
  if (count !== null) requireCount(args, count, list.items.length)
  return list.items.reduce((sum, item) => sum + args.numberOf([...args.struct(item).values()].at(-1)!.value), 0)
}

/** Bytes of a msghdr by its `msg_iov(count)`. */
export function messageBytes(args: CallArguments, message: Expression): number {
  const vector = args.struct(message).get('msg_iov')
  if (vector === undefined) throw unsupported(message.where, 'argument', 'msghdr')
  return vectorBytes(args, vector.value, vector.argument)
}

/** What a script writes as the number of a list's items. @throws ScriptProblem where it is another */
export function requireCount(args: CallArguments, count: Expression, length: number): void {
  if (count.kind === 'ellipsis') return
  const written = args.numberOf(count)
  if (written !== length) throw syntax(count.where, 'countDiffers', { count: written, length })
}

/**
 * What recvmsg tells beside the bytes: `msg_flags`, and what is still to be read of a socket with TCP_INQ
 * (`msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=N}]`).
 */
export function checkingMessage(layer: SocketLayer, args: CallArguments, file: OpenFile, pending: Pending): Pending {
  const message = args.struct(args.at(1))
  const control = message.get('msg_control')?.value
  const inq = control === undefined ? null : inqOf(args, control)
  const flags = message.get('msg_flags')?.value
  return {
    deadlineUs: pending.deadlineUs,
    attempt: () => {
      const outcome = pending.attempt()
      if (outcome === null || outcome.result < 0) return outcome
      const tellsInq = file.kind === 'socket' && (file.options.get('TCP_INQ') ?? 0) !== 0
      const differs = (what: string, expected: string, actual: string): Returned => ({ ...outcome, wrong: { what, expected, actual } })
      if (inq !== null) {
        const expected = String(args.numberOf(inq))
        const actual = tellsInq ? String(layer.host.connection(file.connection)?.receivableBytes ?? 0) : 'nothing'
        if (expected !== actual) return differs('TCP_CM_INQ', expected, actual)
      }
      if (flags === undefined || flags.kind === 'ellipsis') return outcome
      const flag = (name: string) => callConstant(name, layer.profile.sockets.system)!
      // What there is no room for is left out, and that is told.
      const actual = (outcome.isCut === true ? flag('MSG_TRUNC') : 0) | (tellsInq && inq === null ? flag('MSG_CTRUNC') : 0)
      const expected = args.numberOf(flags)
      return expected === actual ? outcome : differs('msg_flags', `0x${expected.toString(16)}`, `0x${actual.toString(16)}`)
    },
  }
}

function inqOf(args: CallArguments, control: Expression): Expression | null {
  if (control.kind !== 'list' || control.items.length === 0) return null
  const fields = args.struct(control.items[0])
  const data = fields.get('cmsg_data')
  const type = fields.get('cmsg_type')
  if (control.items.length > 1 || data === undefined || type === undefined || args.numberOf(type.value) !== callConstant('TCP_CM_INQ', 'linux')) {
    throw unsupported(control.where, 'argument', 'msg_control')
  }
  return data.value
}
