import { fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import type { Application, Ending, Socket } from '../../src/stack/applications/application.ts'

export type How = Ending | 'aborted'

/** An application of somebody else's whose end is heard. */
export class EndingApplication implements Application {
  onEnded: (ending: Ending) => void = () => {}
  private readonly inner: Application

  constructor(inner: Application) { this.inner = inner }
  opened(socket: Socket, nowUs: number): void { this.inner.opened?.(socket, nowUs) }
  readable(socket: Socket, nowUs: number): void { this.inner.readable?.(socket, nowUs) }
  writable(socket: Socket, nowUs: number): void { this.inner.writable?.(socket, nowUs) }
  remoteClosed(socket: Socket, nowUs: number): void { this.inner.remoteClosed?.(socket, nowUs) }
  ended(socket: Socket, ending: Ending, nowUs: number): void {
    this.inner.ended?.(socket, ending, nowUs)
    this.onEnded(ending)
  }
}

/** Why a connection that ended like this is a failure; null where it is none, or where the user wanted it so. */
export function failureOf(how: How | Fault, address: string, port: number): Fault | null {
  if (typeof how === 'object') return how
  switch (how) {
    case 'refused': return fault('connectionRefused', { address, port })
    case 'reset': return fault('connectionReset', { address, port })
    case 'timedOut': return fault('connectionTimedOut', { address, port })
    case 'unreachable': return fault('hostUnreachable', { address })
    default: return null
  }
}
