import { IcmpType, IcmpUnreachableCode } from '../wire/icmp.ts'
import { Icmpv6Type, Icmpv6UnreachableCode } from '../wire/icmpv6.ts'
import type { IpAddress } from './ip-address.ts'

/**
 * - `hard`: there is nobody to talk to (RFC 9293 §3.9.2.2)
 * - `soft`: trouble on the way that may pass
 * - `tooBig`: the path takes smaller packets only
 * - `ignored`: not for those who talk
 */
export type NetworkErrorKind = 'hard' | 'soft' | 'tooBig' | 'ignored'

/** What ICMP says of a packet that we have sent. One object, valid during the call. */
export class NetworkError {
  kind: NetworkErrorKind = 'ignored'
  type = 0
  code = 0
  /** Of the quoted packet: its source is ours. IPv6 addresses are used again with the next message. */
  local: IpAddress = 0
  remote: IpAddress = 0
  protocol = 0
  localPort = 0
  remotePort = 0
  /** Bytes 4 to 7 of the transport header: of TCP the sequence number. */
  seq = 0
  /** Of `tooBig`; 0 where the router does not say. */
  mtu = 0
}

/** The last trouble that the network reported, as who talks may ask for it (RFC 9293 §3.9.1.8). */
export interface ReportedError { readonly kind: NetworkErrorKind, readonly ipVersion: 4 | 6, readonly type: number, readonly code: number }

export function reportedError({ kind, type, code, local }: NetworkError): ReportedError {
  return { kind, ipVersion: typeof local === 'number' ? 4 : 6, type, code }
}

/** RFC 1122 §4.2.3.9 and RFC 9293 §3.9.2.2; redirects and source quench (RFC 6633) say nothing to transports. */
export function errorKind4(type: number, code: number): NetworkErrorKind {
  if (type === IcmpType.timeExceeded || type === IcmpType.parameterProblem) return 'soft'
  if (type !== IcmpType.unreachable) return 'ignored'
  if (code === IcmpUnreachableCode.fragmentationNeeded) return 'tooBig'
  return code === IcmpUnreachableCode.protocol || code === IcmpUnreachableCode.port ? 'hard' : 'soft'
}

/** The same for ICMPv6; an error that is not known goes to the transport too (RFC 4443 §2.4 (a)). */
export function errorKind6(type: number, code: number): NetworkErrorKind {
  if (type === Icmpv6Type.packetTooBig) return 'tooBig'
  if (type === Icmpv6Type.unreachable) return code === Icmpv6UnreachableCode.prohibited || code === Icmpv6UnreachableCode.port ? 'hard' : 'soft'
  // Parameter problem 1: the protocol behind the headers is not spoken there.
  return type === Icmpv6Type.parameterProblem && code === 1 ? 'hard' : 'soft'
}
