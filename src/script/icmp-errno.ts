import { IcmpType, IcmpUnreachableCode as Code } from '../wire/icmp.ts'
import { Icmpv6Type, Icmpv6UnreachableCode as Code6 } from '../wire/icmpv6.ts'
import type { Errno, System } from './constants.ts'

const linux4: Readonly<Record<number, Errno>> = {
  [Code.net]: 'ENETUNREACH', [Code.host]: 'EHOSTUNREACH', [Code.protocol]: 'ENOPROTOOPT', [Code.port]: 'ECONNREFUSED', [Code.fragmentationNeeded]: 'EMSGSIZE', [Code.sourceRouteFailed]: 'EOPNOTSUPP',
  [Code.netUnknown]: 'ENETUNREACH', [Code.netProhibited]: 'ENETUNREACH', [Code.netTos]: 'ENETUNREACH',
}
const freebsd4: Readonly<Record<number, Errno>> = {
  [Code.protocol]: 'ECONNREFUSED', [Code.port]: 'ECONNREFUSED', [Code.fragmentationNeeded]: 'EMSGSIZE', [Code.netProhibited]: 'ECONNREFUSED', [Code.hostProhibited]: 'ECONNREFUSED', [Code.filtered]: 'ECONNREFUSED',
}

/** The error that a program hears when an ICMP message ends its attempt to connect. */
export function icmpErrno(version: 4 | 6, type: number, code: number, system: System): Errno {
  if (version === 4) {
    if (type === IcmpType.parameterProblem) return system === 'linux' ? 'EPIPE' : 'ENOPROTOOPT' as Errno
    if (type !== IcmpType.unreachable) return 'EHOSTUNREACH'
    return (system === 'linux' ? linux4 : freebsd4)[code] ?? 'EHOSTUNREACH'
  }
  if (type !== Icmpv6Type.unreachable) return type === Icmpv6Type.parameterProblem && system === 'linux' ? 'EPIPE' : 'EHOSTUNREACH'
  if (code === Code6.port) return 'ECONNREFUSED'
  if (code === Code6.noRoute) return system === 'linux' ? 'ENETUNREACH' : 'EHOSTUNREACH'
  if (code === Code6.prohibited) return system === 'linux' ? 'EACCES' : 'ECONNREFUSED'
  return 'EHOSTUNREACH'
}
