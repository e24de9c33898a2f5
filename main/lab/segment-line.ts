import { printTcp } from '../../src/wire/one-line.ts'
import { decodeTcpOptions } from '../../src/wire/tcp-options.ts'
import { TcpHeader } from '../../src/wire/tcp.ts'

export interface SegmentFields {
  /** 9 bits. */
  flags: number
  seq: number
  ack: number
  window: number
  payloadBytes: number
  /** As on the wire, without more or less. */
  options: Uint8Array
  seqBase: number
  ackBase: number
}

const header = new TcpHeader()

/** A segment as one line without addresses, its numbers relative to the bases: `S 0:0(0) win 65535 <mss 1460>`. */
export function segmentLine({ flags, seq, ack, window, payloadBytes, options, seqBase, ackBase }: SegmentFields): string {
  header.flags = flags
  header.seq = seq
  header.ack = ack
  header.window = window
  header.urgentPointer = 0
  header.reserved = 0
  return printTcp(header, decodeTcpOptions(options, 0, options.length), payloadBytes, { seqBase, ackBase })
}
