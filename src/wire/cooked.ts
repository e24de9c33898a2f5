import { copyBytes, readU16, readU32, writeU16, writeU32 } from '../base/bytes.ts'
import { EtherType } from './ethernet.ts'
import { wireError } from './error.ts'
import type { LayerName, WireError } from './error.ts'

/*
 * The headers libpcap writes where there is no Ethernet header.
 *
 *   LINKTYPE_LINUX_SLL (113)                LINKTYPE_LINUX_SLL2 (276)            LINKTYPE_NULL (0), LOOP (108)
 *    0  packet type        2                 0  protocol type       2             0  address family, the sender's byte order  4
 *    2  ARPHRD type        2                 2  reserved            2
 *    4  address length     2                 4  interface index     4
 *    6  address            8                 8  ARPHRD type         2
 *   14  protocol type      2                10  packet type         1
 *                                           11  address length      1
 *                                           12  address             8
 */

/** LINKTYPE_ numbers; raw IP has been written with three. */
export const LinkType = {
  bsdNull: 0, ethernet: 1, tokenRing: 6, arcnetOfBsd: 7, ppp: 9, fddi: 10, atmOfBsd: 11, rawIpOfBsd: 12, rawIpOfOpenBsd: 14, pppHdlc: 50, pppoe: 51, atm: 100, rawIp: 101,
  symantecFirewall: 99, ciscoHdlc: 104, wlan: 105, frameRelay: 107, bsdLoop: 108, encapsulation: 109, linuxSll: 113, packetFilterLog: 117, prism: 119, fibreChannel: 122,
  sunAtm: 123, radiotap: 127, arcnetOfLinux: 129,
  firewire: 138, avs: 163, ppi: 192, pppWithDirection: 204, ipv4: 228, ipv6: 229, netfilterLog: 239, infiniband: 242, linuxSll2: 276,
} as const

export type CookedLayer = Extract<LayerName, 'linuxSll' | 'linuxSll2' | 'bsdNull'>

export class CookedHeader {
  layer: CookedLayer = 'linuxSll'
  packetType = 0
  arpHardwareType = 0
  addressLength = 0
  readonly address = new Uint8Array(8)
  /** The EtherType of what follows; 0 where the header's value means none we know. */
  etherType = 0
  /** SLL2 only. */
  reserved = 0
  interfaceIndex = 0
  /** BSD null only: the field as it stands, big endian. */
  family = 0
  headerLength = 0
}

const headerBytes: Record<CookedLayer, number> = { linuxSll: 16, linuxSll2: 20, bsdNull: 4 }

export function decodeCooked(layer: CookedLayer, bytes: Uint8Array, at: number, length: number, into: CookedHeader): WireError | null {
  into.layer = layer
  into.headerLength = headerBytes[layer]
  if (length < into.headerLength) return wireError(layer, at, 'truncated')
  if (layer === 'bsdNull') {
    into.family = readU32(bytes, at)
    into.etherType = etherTypeOfFamily(into.family)
  } else if (layer === 'linuxSll') {
    into.packetType = readU16(bytes, at)
    into.arpHardwareType = readU16(bytes, at + 2)
    into.addressLength = readU16(bytes, at + 4)
    copyBytes(bytes, at + 6, into.address, 0, 8)
    into.etherType = readU16(bytes, at + 14)
  } else {
    into.etherType = readU16(bytes, at)
    into.reserved = readU16(bytes, at + 2)
    into.interfaceIndex = readU32(bytes, at + 4)
    into.arpHardwareType = readU16(bytes, at + 8)
    into.packetType = bytes[at + 10]
    into.addressLength = bytes[at + 11]
    copyBytes(bytes, at + 12, into.address, 0, 8)
  }
  return null
}

/** @returns bytes written: 16, 20 or 4 */
export function encodeCooked(header: CookedHeader, into: Uint8Array, at: number): number {
  if (header.layer === 'bsdNull') {
    writeU32(into, at, header.family)
  } else if (header.layer === 'linuxSll') {
    writeU16(into, at, header.packetType)
    writeU16(into, at + 2, header.arpHardwareType)
    writeU16(into, at + 4, header.addressLength)
    copyBytes(header.address, 0, into, at + 6, 8)
    writeU16(into, at + 14, header.etherType)
  } else {
    writeU16(into, at, header.etherType)
    writeU16(into, at + 2, header.reserved)
    writeU32(into, at + 4, header.interfaceIndex)
    writeU16(into, at + 8, header.arpHardwareType)
    into[at + 10] = header.packetType
    into[at + 11] = header.addressLength
    copyBytes(header.address, 0, into, at + 12, 8)
  }
  return headerBytes[header.layer]
}

/** AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24, 28 or 30 on BSDs and macOS. The field is in the byte order of whoever captured. */
export function etherTypeOfFamily(field: number): number {
  const family = field > 0xffff ? ((field >>> 24) | ((field >>> 8) & 0xff00)) : field
  if (family === 2) return EtherType.ipv4
  return family === 10 || family === 24 || family === 28 || family === 30 ? EtherType.ipv6 : 0
}
