import { copyBytes, readU16, readU32, writeU16, writeU32 } from '../base/bytes.ts'
import { wireError } from './error.ts'
import type { WireError } from './error.ts'

/*
 * ARP (RFC 826); the addresses as Ethernet and IPv4 have them.
 *
 *   0  hardware type      2        8  sender hardware address   6
 *   2  protocol type      2       14  sender protocol address   4
 *   4  hardware length    1       18  target hardware address   6
 *   5  protocol length    1       24  target protocol address   4
 *   6  operation          2
 */

export const ArpOperation = { request: 1, reply: 2 } as const

export const arpBytes = 28

export class ArpHeader {
  hardwareType = 1
  protocolType = 0x0800
  hardwareLength = 6
  protocolLength = 4
  operation: number = ArpOperation.request
  readonly senderMac = new Uint8Array(6)
  senderIp = 0
  readonly targetMac = new Uint8Array(6)
  targetIp = 0
  /** The four addresses as they stand, where their lengths are not 6 and 4 and the fields above say nothing. */
  readonly otherAddresses = new Uint8Array(2 * (255 + 255))
  headerLength = arpBytes
}

/** Whether the four address fields hold: lengths 6 and 4. */
export function hasMacAndIpv4(header: ArpHeader): boolean {
  return header.hardwareLength === 6 && header.protocolLength === 4
}

export function decodeArp(bytes: Uint8Array, at: number, length: number, into: ArpHeader): WireError | null {
  if (length < 8) return wireError('arp', at, 'truncated')
  into.hardwareType = readU16(bytes, at)
  into.protocolType = readU16(bytes, at + 2)
  into.hardwareLength = bytes[at + 4]
  into.protocolLength = bytes[at + 5]
  into.operation = readU16(bytes, at + 6)
  into.headerLength = 8 + 2 * (into.hardwareLength + into.protocolLength)
  if (length < into.headerLength) return wireError('arp', at + 4, 'headerTooLong')
  if (hasMacAndIpv4(into)) {
    copyBytes(bytes, at + 8, into.senderMac, 0, 6)
    into.senderIp = readU32(bytes, at + 14)
    copyBytes(bytes, at + 18, into.targetMac, 0, 6)
    into.targetIp = readU32(bytes, at + 24)
  } else {
    copyBytes(bytes, at + 8, into.otherAddresses, 0, into.headerLength - 8)
  }
  return null
}

/** @returns bytes written: 28 for Ethernet and IPv4 */
export function encodeArp(header: ArpHeader, into: Uint8Array, at: number): number {
  writeU16(into, at, header.hardwareType)
  writeU16(into, at + 2, header.protocolType)
  into[at + 4] = header.hardwareLength
  into[at + 5] = header.protocolLength
  writeU16(into, at + 6, header.operation)
  if (!hasMacAndIpv4(header)) {
    const addressBytes = 2 * (header.hardwareLength + header.protocolLength)
    copyBytes(header.otherAddresses, 0, into, at + 8, addressBytes)
    return 8 + addressBytes
  }
  copyBytes(header.senderMac, 0, into, at + 8, 6)
  writeU32(into, at + 14, header.senderIp)
  copyBytes(header.targetMac, 0, into, at + 18, 6)
  writeU32(into, at + 24, header.targetIp)
  return arpBytes
}
