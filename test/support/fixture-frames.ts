import { concatBytes, hex, parseHex, writeU16, writeU32 } from '../../src/base/bytes.ts'
import { parseIpv4 } from '../../src/wire/addresses.ts'
import { pseudoHeaderSum4 } from '../../src/wire/checksum.ts'
import { fillIpv4 } from '../../src/wire/ipv4.ts'
import { fillTcpChecksum } from '../../src/wire/tcp.ts'

/** Frames for a core that plays a conversation: whole Ethernet frames with right lengths and checksums. */
export interface SegmentFields {
  source: string
  sourcePort: number
  destination: string
  destinationPort: number
  seq: number
  ack: number
  flags: number
  window: number
  /** Options in hex, a multiple of four bytes. */
  options?: string
  payload?: Uint8Array
}

export const macOf = (address: string): string => `0200${hex(addressBytes(address))}`

function addressBytes(address: string): Uint8Array {
  const bytes = new Uint8Array(4)
  writeU32(bytes, 0, parseIpv4(address)!)
  return bytes
}

export function arpFrame(operation: 1 | 2, source: string, destination: string): Uint8Array {
  const target = operation === 1 ? 'ffffffffffff' : macOf(destination)
  const known = operation === 1 ? '000000000000' : macOf(destination)
  return parseHex(`${target}${macOf(source)}0806 0001 0800 06 04 000${operation} ${macOf(source)}${hex(addressBytes(source))} ${known}${hex(addressBytes(destination))}`)!
}

export function tcpFrame(fields: SegmentFields, identification: number): Uint8Array {
  const options = parseHex(fields.options ?? '')!
  const payload = fields.payload ?? new Uint8Array(0)
  const transportLength = 20 + options.length + payload.length
  const head = parseHex(`${macOf(fields.destination)}${macOf(fields.source)}0800 4500 0000 0000 4000 4006 0000`)!
  const tcp = new Uint8Array(20)
  writeU16(tcp, 0, fields.sourcePort)
  writeU16(tcp, 2, fields.destinationPort)
  writeU32(tcp, 4, fields.seq)
  writeU32(tcp, 8, fields.ack)
  tcp[12] = (5 + options.length / 4) << 4
  tcp[13] = fields.flags
  writeU16(tcp, 14, fields.window)
  const frame = concatBytes([head, addressBytes(fields.source), addressBytes(fields.destination), tcp, options, payload])
  writeU16(frame, 18, identification)
  fillIpv4(frame, 14, 20 + transportLength)
  fillTcpChecksum(frame, 34, transportLength, pseudoHeaderSum4(frame, 26, 30, 6, transportLength))
  return frame
}
