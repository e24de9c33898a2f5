import { fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import type { ConnectionRecord } from '../../src/stack/connection-record.ts'
import type { HostEventKind } from '../../src/stack/host-event.ts'
import { formatAddress } from '../../src/stack/ip-address.ts'
import { TcpState } from '../../src/tcp/state.ts'

const codes = { refused: 'connectionRefused', reset: 'connectionReset', timedOut: 'connectionTimedOut', unreachable: 'hostUnreachable' } as const

/** Why a connection that we opened failed; null where it goes on, ended in good order, or was opened by the other side. */
export function endingFault(kind: HostEventKind, record: ConnectionRecord | undefined): Fault | null {
  if (record === undefined || record.listenerPort >= 0 || !isFailure(kind)) return null
  // Trouble on the way is told by the network and survived by a connection that was established.
  if (kind === 'unreachable' && record.connection.state !== TcpState.closed) return null
  return fault(codes[kind], { address: formatAddress(record.remoteAddress), port: record.remotePort })
}

function isFailure(kind: HostEventKind): kind is keyof typeof codes {
  return Object.hasOwn(codes, kind)
}
