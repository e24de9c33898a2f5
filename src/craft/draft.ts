import { TcpFlag } from '../wire/tcp.ts'
import type { TcpOption } from '../wire/tcp-options.ts'

/**
 * A TCP packet that is being made: every field by name. A value is plain data (structured clone keeps it) and is never changed in place.
 * A field of type {@link Forced} is computed when the frame is built, unless it holds a number: so illegal packets are made on purpose.
 */
export interface PacketDraft {
  readonly ethernet: EthernetDraft
  readonly ip: Ipv4Draft | Ipv6Draft
  readonly tcp: TcpDraft
  readonly payload: Uint8Array
  /** Bytes behind the IP packet: Ethernet padding. */
  readonly trailer: Uint8Array
}

/** null: computed. */
export type Forced = number | null

export interface EthernetDraft {
  /** 6 bytes. */
  readonly destination: Uint8Array
  readonly source: Uint8Array
  readonly tags: readonly VlanTagDraft[]
  readonly etherType: Forced
}

export interface VlanTagDraft {
  /** 0x8100 or 0x88a8. */
  readonly protocol: number
  /** Priority 3 bits, drop eligible 1, VLAN id 12. */
  readonly control: number
}

export interface Ipv4Draft {
  readonly version: 4
  /** 4 bytes. */
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly tos: number
  readonly identification: number
  /** See `Ipv4Flag`. */
  readonly flags: number
  /** In units of 8 bytes. */
  readonly fragmentOffset: number
  readonly ttl: number
  /** Padded to a multiple of 4 where the header length is computed. */
  readonly options: Uint8Array
  readonly headerWords: Forced
  readonly totalLength: Forced
  readonly protocol: Forced
  readonly checksum: Forced
}

export interface Ipv6Draft {
  readonly version: 6
  /** 16 bytes. */
  readonly source: Uint8Array
  readonly destination: Uint8Array
  readonly trafficClass: number
  readonly flowLabel: number
  readonly hopLimit: number
  /** Extension headers as bytes; `nextHeader` then has to name the first. */
  readonly extensions: Uint8Array
  readonly payloadLength: Forced
  readonly nextHeader: Forced
}

export interface TcpDraft {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly seq: number
  readonly ack: number
  /** 3 bits. */
  readonly reserved: number
  /** 9 bits, see `TcpFlag`. */
  readonly flags: number
  readonly window: number
  readonly urgentPointer: number
  /** Padded with End of Option List to a multiple of 4, and at most 40 bytes, where the data offset is computed; as they stand where it is forced. */
  readonly options: readonly TcpOption[]
  readonly dataOffsetWords: Forced
  readonly checksum: Forced
}

const nothing = new Uint8Array(0)

/** A SYN between two documentation addresses: a start for editing. */
export const defaultDraft: PacketDraft = {
  ethernet: { destination: Uint8Array.of(2, 0, 0, 0, 0, 2), source: Uint8Array.of(2, 0, 0, 0, 0, 1), tags: [], etherType: null },
  ip: ipv4Draft(Uint8Array.of(192, 0, 2, 1), Uint8Array.of(192, 0, 2, 2)),
  tcp: {
    sourcePort: 40000, destinationPort: 80, seq: 0, ack: 0, reserved: 0, flags: TcpFlag.syn, window: 65535, urgentPointer: 0,
    options: [{ name: 'mss', mss: 1460 }], dataOffsetWords: null, checksum: null,
  },
  payload: nothing,
  trailer: nothing,
}

export function ipv4Draft(source: Uint8Array, destination: Uint8Array): Ipv4Draft {
  return {
    version: 4, source, destination, tos: 0, identification: 0, flags: 2, fragmentOffset: 0, ttl: 64, options: nothing,
    headerWords: null, totalLength: null, protocol: null, checksum: null,
  }
}

export function ipv6Draft(source: Uint8Array, destination: Uint8Array): Ipv6Draft {
  return { version: 6, source, destination, trafficClass: 0, flowLabel: 0, hopLimit: 64, extensions: nothing, payloadLength: null, nextHeader: null }
}
