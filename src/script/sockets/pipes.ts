import { unsupported } from '../problem.ts'
import { done, failed, returned } from './arguments.ts'
import type { CallArguments, Pending, Returned } from './arguments.ts'
import { callConstant } from '../constants.ts'
import type { SocketLayer } from './layer.ts'
import { readCall, writeCall } from './transfer.ts'

/** What a pipe holds before its writer waits (pipe(7)). */
const capacityBytes = 65_536

/** Bytes between two ends, only counted. */
interface Pipe { bytes: number, readers: number, writers: number }

/** An end of a pipe. */
export class PipeEnd {
  readonly kind = 'pipe'
  isNonBlocking = false

  constructor(readonly pipe: Pipe, readonly side: 'read' | 'write') {}

  get room(): number {
    return capacityBytes - this.pipe.bytes
  }

  close(): void {
    if (this.side === 'read') this.pipe.readers--
    else this.pipe.writers--
  }

  /** Null: it would block. Where nobody writes any more, 0 is the end. */
  read(lengthBytes: number): Returned | null {
    if (this.side === 'write') return failed('EBADF')
    const { pipe } = this
    const taken = Math.min(lengthBytes, pipe.bytes)
    pipe.bytes -= taken
    return taken > 0 || lengthBytes === 0 || pipe.writers === 0 ? returned(taken) : null
  }

  /** Takes what there is room for. Null: it would block. */
  write(lengthBytes: number): Returned | null {
    if (this.side === 'read') return failed('EBADF')
    if (this.pipe.readers === 0) return failed('EPIPE')
    const taken = Math.min(lengthBytes, this.room)
    this.pipe.bytes += taken
    return taken > 0 || lengthBytes === 0 ? returned(taken) : null
  }
}

/** `pipe([5, 6])`: the end that is read, and the end that is written. */
export function pipeCall(layer: SocketLayer, args: CallArguments): Pending {
  const ends = args.at(0)
  if (ends.kind !== 'list' || ends.items.length !== 2) throw unsupported(ends.where, 'argument', 'pipe')
  const pipe: Pipe = { bytes: 0, readers: 1, writers: 1 }
  layer.files.set(args.numberOf(ends.items[0]), new PipeEnd(pipe, 'read'))
  layer.files.set(args.numberOf(ends.items[1]), new PipeEnd(pipe, 'write'))
  return done(returned(0))
}

export function readPipe(end: PipeEnd, lengthBytes: number, isHurried: boolean): Pending {
  return { deadlineUs: Infinity, attempt: () => end.read(lengthBytes) ?? (isHurried || end.isNonBlocking ? failed('EAGAIN') : null) }
}

/** Waits until all of it is taken. */
export function writePipe(end: PipeEnd, lengthBytes: number, isHurried: boolean): Pending {
  let written = 0
  return {
    deadlineUs: Infinity,
    attempt: () => {
      const outcome = end.write(lengthBytes - written)
      if (outcome !== null && outcome.result < 0) return outcome
      written += outcome?.result ?? 0
      if (written === lengthBytes) return returned(written)
      return isHurried || end.isNonBlocking ? written > 0 ? returned(written) : failed('EAGAIN') : null
    },
  }
}

/** `splice(in, off, out, off, length, flags)`, one of the two a pipe (splice(2)). */
export function spliceCall(layer: SocketLayer, args: CallArguments): Pending {
  const from = layer.files.get(args.number(0))
  const into = layer.files.get(args.number(2))
  if (from === undefined || into === undefined) return done(failed('EBADF'))
  const lengthBytes = args.number(4)
  const isHurried = args.count > 5 && (args.number(5) & callConstant('SPLICE_F_NONBLOCK', 'linux')!) !== 0
  if (into.kind === 'pipe') {
    if (into.side !== 'write') return done(failed('EBADF'))
    if (into.room === 0) return done(failed('EAGAIN'))
    const flags = isHurried ? callConstant('MSG_DONTWAIT', layer.profile.sockets.system)! : 0
    const read = readCall(layer, args, from, { lengthBytes: Math.min(lengthBytes, into.room), flags })
    return {
      deadlineUs: read.deadlineUs,
      attempt: () => {
        const outcome = read.attempt()
        if (outcome !== null && outcome.result > 0) into.write(outcome.result)
        return outcome
      },
    }
  }
  if (from.kind !== 'pipe') return done(failed('EINVAL'))
  if (from.side !== 'read') return done(failed('EBADF'))
  if (from.pipe.bytes === 0) return done(from.pipe.writers === 0 ? returned(0) : failed('EAGAIN'))
  const length = Math.min(lengthBytes, from.pipe.bytes)
  const write = writeCall(layer, args, into, { lengthBytes: length, flags: 0 })
  return {
    deadlineUs: write.deadlineUs,
    attempt: () => {
      const outcome = write.attempt()
      if (outcome !== null && outcome.result > 0) from.read(outcome.result)
      return outcome
    },
  }
}
