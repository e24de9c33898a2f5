import { callConstant } from '../constants.ts'
import { unsupported } from '../problem.ts'
import { done, failed, returned } from './arguments.ts'
import type { CallArguments, Pending, Returned } from './arguments.ts'
import { collect } from './datagrams.ts'
import type { SocketLayer } from './layer.ts'
import type { OpenFile } from './socket.ts'

/** F_GETFL, F_SETFL, F_GETFD, F_SETFD. */
export function fcntlCall(layer: SocketLayer, args: CallArguments, file: OpenFile): Pending {
  const { system } = layer.profile.sockets
  const nonBlocking = callConstant('O_NONBLOCK', system)!
  switch (args.word(1) ?? String(args.number(1))) {
    case 'F_GETFL': case '3': return done(returned(2 | (file.isNonBlocking ? nonBlocking : 0)))
    case 'F_SETFL': case '4':
      file.isNonBlocking = (args.number(2) & nonBlocking) !== 0
      return done(returned(0))
    case 'F_GETFD': case '1': case 'F_SETFD': case '2': return done(returned(0))
    default: throw unsupported(args.at(1).where, 'argument', `fcntl ${args.word(1) ?? ''}`)
  }
}

/** What waits to be read or to be sent, and FIONBIO. */
export function ioctlCall(layer: SocketLayer, args: CallArguments, file: OpenFile): Pending {
  const name = args.word(1) ?? ''
  if (name === 'FIONBIO') {
    file.isNonBlocking = args.number(2) !== 0
    return done(returned(0))
  }
  if (file.kind === 'datagram' && (name === 'SIOCINQ' || name === 'FIONREAD')) {
    collect(layer, file)
    return done(valueReturned(args, 2, name, file.inbox.at(0)?.bytes.length ?? 0))
  }
  if (file.kind === 'pipe' && name === 'FIONREAD') return done(valueReturned(args, 2, name, file.pipe.bytes))
  if (file.kind !== 'socket') return done(failed(file.kind === 'datagram' ? 'EINVAL' : 'ENOTTY'))
  switch (name) {
    case 'SIOCINQ': case 'FIONREAD': return done(valueReturned(args, 2, name, layer.host.connection(file.connection)?.receivableBytes ?? 0))
    case 'SIOCOUTQ': case 'FIONWRITE': case 'TIOCOUTQ': {
      const view = layer.view(file)
      return done(valueReturned(args, 2, name, view === null ? 0 : view.sendQueuedBytes + view.sendUnackedBytes))
    }
    case 'SIOCOUTQNSD': return done(valueReturned(args, 2, name, layer.view(file)?.sendQueuedBytes ?? 0))
    default: throw unsupported(args.at(1).where, 'argument', `ioctl ${name}`)
  }
}

/** 0, where the value is what the script says in that argument. */
export function valueReturned(args: CallArguments, index: number, what: string, actual: number): Returned {
  const given = args.call.args[index]
  if (given === undefined || given.kind === 'ellipsis' || (given.kind === 'list' && given.items[0]?.kind === 'ellipsis')) return returned(0)
  const expected = args.maybeNumber(given)
  if (expected === null) throw unsupported(given.where, 'argument', `${args.call.name} ${what}`)
  return expected === actual ? returned(0) : { ...returned(0), wrong: { what, expected: String(expected), actual: String(actual) } }
}
