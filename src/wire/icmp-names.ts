import { IcmpType, IcmpUnreachableCode } from './icmp.ts'
import { Icmpv6Type, Icmpv6UnreachableCode } from './icmpv6.ts'

/** The words of ICMP types and codes, as packetdrill scripts write them; numbers that have none are `type_N` and `code_N`. */

const types4: Readonly<Record<number, string>> = {
  [IcmpType.echoReply]: 'echo_reply', [IcmpType.unreachable]: 'unreachable', [IcmpType.sourceQuench]: 'source_quench', [IcmpType.redirect]: 'redirect',
  [IcmpType.echoRequest]: 'echo_request', [IcmpType.routerAdvertisement]: 'router_advertisement', [IcmpType.routerSolicitation]: 'router_solicitation',
  [IcmpType.timeExceeded]: 'time_exceeded', [IcmpType.parameterProblem]: 'parameter_problem', [IcmpType.timestampRequest]: 'timestamp_request',
  [IcmpType.timestampReply]: 'timestamp_reply',
}

const types6: Readonly<Record<number, string>> = {
  [Icmpv6Type.unreachable]: 'unreachable', [Icmpv6Type.packetTooBig]: 'packet_too_big', [Icmpv6Type.timeExceeded]: 'time_exceeded',
  [Icmpv6Type.parameterProblem]: 'parameter_problem', [Icmpv6Type.echoRequest]: 'echo_request', [Icmpv6Type.echoReply]: 'echo_reply',
  [Icmpv6Type.listenerQuery]: 'listener_query', [Icmpv6Type.listenerReport]: 'listener_report', [Icmpv6Type.listenerDone]: 'listener_done',
  [Icmpv6Type.routerSolicitation]: 'router_solicitation', [Icmpv6Type.routerAdvertisement]: 'router_advertisement',
  [Icmpv6Type.neighborSolicitation]: 'neighbor_solicitation', [Icmpv6Type.neighborAdvertisement]: 'neighbor_advertisement', [Icmpv6Type.redirect]: 'redirect',
  [Icmpv6Type.listenerReport2]: 'listener_report_v2',
}

const timeExceededCodes: Readonly<Record<number, string>> = { 0: 'ttl_exceeded', 1: 'reassembly_timeout' }

const codes4: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  [IcmpType.unreachable]: {
    [IcmpUnreachableCode.net]: 'net_unreachable', [IcmpUnreachableCode.host]: 'host_unreachable', [IcmpUnreachableCode.protocol]: 'protocol_unreachable',
    [IcmpUnreachableCode.port]: 'port_unreachable', [IcmpUnreachableCode.fragmentationNeeded]: 'frag_needed', [IcmpUnreachableCode.sourceRouteFailed]: 'source_route_failed',
    [IcmpUnreachableCode.netUnknown]: 'net_unreachable_unknown', [IcmpUnreachableCode.hostUnknown]: 'host_unreachable_unknown',
    [IcmpUnreachableCode.hostIsolated]: 'source_host_isolated', [IcmpUnreachableCode.netProhibited]: 'net_prohibited', [IcmpUnreachableCode.hostProhibited]: 'host_prohibited',
    [IcmpUnreachableCode.netTos]: 'net_unreachable_for_tos', [IcmpUnreachableCode.hostTos]: 'host_unreachable_for_tos', [IcmpUnreachableCode.filtered]: 'packet_filtered',
    [IcmpUnreachableCode.precedenceViolation]: 'precedence_violation', [IcmpUnreachableCode.precedenceCutoff]: 'precedence_cutoff',
  },
  [IcmpType.timeExceeded]: timeExceededCodes,
  [IcmpType.redirect]: { 0: 'net_redirect', 1: 'host_redirect', 2: 'net_redirect_for_tos', 3: 'host_redirect_for_tos' },
}

const codes6: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  [Icmpv6Type.unreachable]: {
    [Icmpv6UnreachableCode.noRoute]: 'no_route', [Icmpv6UnreachableCode.prohibited]: 'admin_prohibited', [Icmpv6UnreachableCode.beyondScope]: 'not_neighbour',
    [Icmpv6UnreachableCode.address]: 'address_unreachable', [Icmpv6UnreachableCode.port]: 'port_unreachable', [Icmpv6UnreachableCode.policy]: 'failed_policy',
    [Icmpv6UnreachableCode.reject]: 'reject_route',
  },
  [Icmpv6Type.timeExceeded]: timeExceededCodes,
  [Icmpv6Type.parameterProblem]: { 0: 'erroneous_header', 1: 'unknown_next_header', 2: 'unknown_option' },
}

export function icmpTypeName(version: number, type: number): string {
  return (version === 6 ? types6 : types4)[type] ?? `type_${type}`
}

/** Empty for code 0 of a type whose codes have no names. */
export function icmpCodeName(version: number, type: number, code: number): string {
  const named = (version === 6 ? codes6 : codes4)[type]?.[code]
  return named ?? (code === 0 ? '' : `code_${code}`)
}

/** The name of what an error reports, as the catalogue words it: of its code, of its type where the code has none, `other` where neither has. */
export function icmpErrorName(version: number, type: number, code: number): string {
  return (version === 6 ? codes6 : codes4)[type]?.[code] ?? (version === 6 ? types6 : types4)[type] ?? 'other'
}

/** The number of a name, `type_N` included; -1 where there is none. */
export function icmpTypeOf(version: number, name: string): number {
  return numberOf(version === 6 ? types6 : types4, name, 'type_')
}

export function icmpCodeOf(version: number, type: number, name: string): number {
  return numberOf((version === 6 ? codes6 : codes4)[type] ?? {}, name, 'code_')
}

function numberOf(names: Readonly<Record<number, string>>, name: string, prefix: string): number {
  const found = Object.keys(names).find((number) => names[Number(number)] === name)
  if (found !== undefined) return Number(found)
  const match = new RegExp(`^${prefix}(\\d{1,3})$`).exec(name)
  return match !== null && Number(match[1]) <= 255 ? Number(match[1]) : -1
}
