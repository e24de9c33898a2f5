import { formatAddress, isSameAddress } from '../../stack/ip-address.ts'
import type { IpAddress } from '../../stack/ip-address.ts'
import { callConstant } from '../constants.ts'
import { done, failed, returned } from './arguments.ts'
import type { CallArguments, Pending, Returned } from './arguments.ts'
import { valueReturned } from './control.ts'
import type { SocketLayer } from './layer.ts'
import type { Socket } from './socket.ts'

/** Bytes of a sockaddr_in and a sockaddr_in6. */
const sockaddrBytes = { 4: 16, 6: 28 } as const

/** `getsockname(4, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("192.168.0.1")}, [16]) = 0`; what is written is compared. */
export function getSockNameCall(layer: SocketLayer, args: CallArguments, socket: Socket): Pending {
  const record = layer.host.record(socket.connection)
  return done(compareName(layer, args, socket, record?.localAddress ?? null, socket.boundPort))
}

export function getPeerNameCall(layer: SocketLayer, args: CallArguments, socket: Socket): Pending {
  const record = layer.host.record(socket.connection)
  if (record === undefined || socket.phase !== 'connected') return done(failed('ENOTCONN'))
  return done(compareName(layer, args, socket, record.remoteAddress, record.remotePort))
}

/** A socket of IPv6 names IPv4 addresses as mapped ones, with the length of its own kind. */
function compareName(layer: SocketLayer, args: CallArguments, socket: Socket, address: IpAddress | null, port: number): Returned {
  const length = valueReturned(args, 2, 'sockaddr', sockaddrBytes[socket.family])
  const given = args.socketAddress(1)
  if (given === null || length.wrong !== undefined) return length
  const family = socket.family === 4 ? 2 : callConstant('AF_INET6', layer.profile.sockets.system)!
  const differs = (what: string, expected: string, actual: string): Returned => ({ ...returned(0), wrong: { what, expected, actual } })
  if (given.family !== null && given.family !== family) return differs('sa_family', String(given.family), String(family))
  if (given.port !== 0 && given.port !== port) return differs('port', String(given.port), String(port))
  const shown = address ?? 0
  if (given.address !== null && !isSameAddress(given.address, shown)) return differs('address', formatAddress(given.address), formatAddress(shown))
  return length
}
