import type { InsightName } from '../trace/insight/insight.ts'
import type { Decision } from './host-contract.ts'

/**
 * `rules`: display filters, at most 32; the page says which is the first that each row passes.
 * `from` is the position of the first row, starting at 0; negative counts from the end (-20: the latest 20).
 * With a display filter, positions are those among the packets that pass. @throws badDisplayFilter
 */
export interface PacketRowRequest { from: number, count: number, flow?: number, filter?: string, rules?: string[] }

/**
 * At most 500 rows a call. `scanned`: with a display filter, packets looked at so far; ask again while there are more.
 * `matches`: with rules, the first that each row passes, -1 for none.
 */
export interface PacketRowPage { total: number, from: number, rows: PacketRow[], scanned?: number, matches?: number[] }

/** One captured packet as lists show it. Numbers start at 1. */
export interface PacketRow {
  number: number
  /** Seconds since the first packet of the capture. */
  time: number
  direction: 0 | 1 | 2
  source: string
  destination: string
  protocol: 'TCP' | 'UDP' | 'ICMP' | 'ICMPv6' | 'ARP' | 'IPv4' | 'IPv6' | 'Ethernet'
  capturedLength: number
  originalLength: number
  /** Flow number, or -1. */
  flow: number
  /** The rest is for TCP; null otherwise. */
  tcp: TcpRow | null
  /** One line in the protocol's own words (for TCP: options or application text). */
  info: string
  /** The decoder's complaint, or null. */
  malformed: string | null
  /** The beginning of its comments; '' for none. */
  comment: string
}

export interface TcpRow {
  sourcePort: number
  destinationPort: number
  flags: number
  seq: number
  ack: number
  window: number
  /** Window after scaling, or -1 where the scale was not seen. */
  scaledWindow: number
  length: number
  /** Which end of the flow sent it: 0 client, 1 server. */
  from: 0 | 1
  /** State of the sender after this packet, an index of TcpState; -1 unknown. */
  state: number
  stateChanged: boolean
  /** State of the receiver after it has taken this packet; -1 unknown. */
  receiverState: number
  /** First byte had been sent before. */
  retransmission: boolean
  /** Bits of `Finding` (src/trace/finding.ts). */
  findings: number
}

export interface PacketBytes {
  number: number
  timeSec: number
  timeNsec: number
  direction: 0 | 1 | 2
  linkType: number
  originalLength: number
  bytes: Uint8Array
  flow: number
  row: PacketRow
  /** Sequence numbers of the flow's first SYN each way, so that relative numbers can be shown; -1 unknown. */
  clientIsn: number
  serverIsn: number
  /** What proves the findings of the row. */
  proofs: FindingProof[]
  insights: PacketInsight[]
  /** Why a host of the lab sent this segment, or dropped it on arrival; null where it was none of its, or where that is forgotten. */
  decision: Decision | null
  comments: string[]
}

/** `text`: what the packet's comment is to be, in place of all that it has; '' deletes them, absent only reads them. */
export interface CommentRequest { packet: number, text?: string }

/** Why a packet has a finding: what the operands are follows from the rule (src/trace/segment-analysis.ts). */
export interface FindingProof {
  /** Bits of `Finding` that it proves. */
  finding: number
  /** Signed words where they are sequence numbers. */
  first: number
  second: number
  /** The packets that set the operands; 0 none. */
  firstPacket: number
  secondPacket: number
}

/** What a packet shows beyond the findings of Wireshark (src/trace/insight/insight.ts). */
export interface PacketInsight {
  name: InsightName
  severity: 'error' | 'warn' | 'note'
  /** What the rule is read from: RFC and section. */
  source: string
  /** Operands by name; numbers of sequence space are relative to the first one of whose they are. */
  operands: Record<string, number>
  /** The packets that prove it. */
  packets: number[]
}
