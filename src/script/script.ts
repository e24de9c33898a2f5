import type { Encapsulation } from './encapsulation.ts'
import type { TunnelPorts } from './udp-tunnel.ts'

/** Where something stands in the script: both from 1. */
export interface Where { readonly line: number, readonly column: number }

/** A packetdrill script as it was read. Times are integer µs. */
export interface Script {
  readonly options: readonly ScriptOption[]
  /** Runs before the first event. */
  readonly init: Command | null
  readonly events: readonly ScriptEvent[]
  /** Runs after the last event, whatever came of them. */
  readonly cleanup: Command | null
  /** The text, for reports. */
  readonly lines: readonly string[]
}

export interface ScriptOption { readonly where: Where, readonly name: string, readonly value: string | null }

export interface ScriptEvent {
  readonly where: Where
  readonly time: EventTime
  /** Where the call has to return: only system calls that block have it. In the same base as `time`. */
  readonly endUs: number | null
  readonly action: Action
}

/** `any` waits without limit; ranges and `any` stand before expected packets only. `relative` counts from the event before. */
export interface EventTime {
  readonly kind: 'absolute' | 'relative' | 'any'
  readonly fromUs: number
  readonly toUs: number
}

export type Action = PacketAction | Call | Command | Code

export interface PacketAction {
  readonly kind: 'packet'
  /** `in` is injected into the stack, `out` is expected from it. */
  readonly direction: 'in' | 'out'
  /** Headers in front of its IP packet, the outermost first. */
  readonly outer: readonly Encapsulation[]
  readonly ip: IpInfo
  readonly ports: { readonly source: number, readonly destination: number } | null
  readonly body: TcpBody | UdpBody | IcmpBody
  /** `/udp(source > destination)`: the segment goes within a datagram of those ports. */
  readonly tunnel?: { readonly where: Where } & TunnelPorts
}

/** What is null is not checked, and on injected packets the default. */
export interface IpInfo {
  readonly ecn: number | 'ect01' | null
  readonly tos: number | null
  readonly ttl: number | null
  readonly flowLabel: number | null
}

export interface TcpBody {
  readonly kind: 'tcp'
  /** Bits of `TcpFlag`. */
  readonly flags: number
  /** The three bits of the ACE field (RFC 9768), where a digit behind the dot gives them. */
  readonly ace: number | null
  /** Null: not checked. */
  readonly seq: number | null
  readonly length: number
  /** A `!` behind the length: sequence numbers are those of the wire. */
  readonly isAbsolute: boolean
  readonly ack: number | null
  readonly window: number | null
  readonly urgentPointer: number
  /** Null: `<...>`, not checked. */
  readonly options: readonly OptionSpec[] | null
}

/** A TCP option as written; sequence numbers of `sack` are still the script's. */
export type OptionSpec =
  | { readonly kind: 'nop' | 'eol' | 'sackOK' }
  | { readonly kind: 'mss' | 'wscale', readonly value: number }
  | { readonly kind: 'sack', readonly edges: readonly number[] }
  | { readonly kind: 'ts', readonly val: number, readonly ecr: number }
  | { readonly kind: 'bytes', readonly option: 19 | 34 | 254, readonly bytes: Uint8Array }
  | { readonly kind: 'accecn', readonly order: 0 | 1, readonly counters: readonly number[] }

export interface UdpBody { readonly kind: 'udp', readonly length: number }

export interface IcmpBody {
  readonly kind: 'icmp'
  readonly where: Where
  readonly type: string
  readonly code: string | null
  readonly mtu: number | null
  readonly id: number | null
  readonly quoted: QuotedPacket | null
}

/** What an ICMP error quotes: a packet of the connection, seen from its sender. */
export type QuotedPacket =
  | { readonly kind: 'tcp', readonly seq: number, readonly length: number }
  | { readonly kind: 'udp' | 'raw', readonly length: number }

export interface Call {
  readonly kind: 'call'
  readonly name: string
  readonly args: readonly Expression[]
  readonly result: Expression
  /** The name of the error, where -1 is expected. */
  readonly errno: string | null
}

export type Expression = { readonly where: Where } & (
  | { readonly kind: 'ellipsis' }
  | { readonly kind: 'number', readonly value: number }
  | { readonly kind: 'word', readonly name: string }
  | { readonly kind: 'string', readonly text: string }
  | { readonly kind: 'or', readonly parts: readonly Expression[] }
  | { readonly kind: 'list', readonly items: readonly Expression[] }
  | { readonly kind: 'struct', readonly fields: readonly StructField[] }
  | { readonly kind: 'apply', readonly name: string, readonly args: readonly Expression[] }
)

/** `name(argument)=value`; name and argument may be missing. */
export interface StructField { readonly name: string | null, readonly argument: Expression | null, readonly value: Expression }

export interface Command { readonly kind: 'command', readonly where: Where, readonly text: string }

export interface Code { readonly kind: 'code', readonly where: Where, readonly text: string }
