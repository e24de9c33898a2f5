import { decodeTcpOptions } from '../../wire/tcp-options.ts'
import type { TcpOption } from '../../wire/tcp-options.ts'
import { checkTransportChecksum } from '../../wire/packet-checksum.ts'
import { Layer } from '../../wire/packet.ts'
import type { Packet } from '../../wire/packet.ts'

/** A connection as one of its ends had it, in the order in which things happened. That end is the stack under test of a script. */
export interface Recording {
  readonly ipVersion: 4 | 6
  readonly events: readonly RecordedEvent[]
}

export type RecordedEvent = RecordedSegment | RecordedCall

export interface RecordedSegment {
  readonly kind: 'segment'
  /** Integer µs of any clock, the same for all. */
  readonly timeUs: number
  /** As scripts say it: `in` to the stack under test, `out` from it. */
  readonly direction: 'in' | 'out'
  readonly flags: number
  readonly seq: number
  readonly ack: number
  readonly window: number
  readonly urgentPointer: number
  /** Bytes of payload on the wire, whether they were captured or not. */
  readonly length: number
  readonly options: readonly TcpOption[]
  readonly ecn: number
  /** Its checksum does not hold: who received it has dropped it. */
  readonly isDamaged: boolean
  /** Segments that came in with the same number were taken together; 0: nobody knows. */
  readonly turn: number
}

/** A system call on the connection; `bytes` of a write or read are those that were taken. */
export interface RecordedCall {
  readonly kind: 'connect' | 'write' | 'read' | 'shutdown' | 'close' | 'abort'
  readonly timeUs: number
  readonly bytes: number
  /** What is written waits for what follows. */
  readonly isHeld?: boolean
}

/** The TCP segment of a decoded packet; null where it is none, or only a fragment of one. `bytes` are what it was decoded from. */
export function recordSegment(packet: Packet, bytes: Uint8Array, direction: 'in' | 'out', timeUs: number, turn = 0): RecordedSegment | null {
  if ((packet.layers & Layer.tcp) === 0 || packet.isFragment) return null
  const { tcp } = packet
  return {
    kind: 'segment', timeUs, direction, turn, flags: tcp.flags, seq: tcp.seq, ack: tcp.ack, window: tcp.window, urgentPointer: tcp.urgentPointer,
    length: packet.payloadLengthOnWire, options: decodeTcpOptions(bytes, tcp.optionsOffset, tcp.optionsLength),
    ecn: (packet.ipVersion === 6 ? packet.ipv6.trafficClass : packet.ipv4.tos) & 3, isDamaged: checkTransportChecksum(packet, bytes) === 'bad',
  }
}
