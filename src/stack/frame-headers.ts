import { sumBytes } from '../wire/checksum.ts'
import { ethernetHeaderBytes } from '../wire/ethernet.ts'
import { ipv4HeaderBytes, IpProtocol } from '../wire/ipv4.ts'
import { isSameAddress } from './ip-address.ts'
import type { IpAddress } from './ip-address.ts'
import { ipv4PayloadAt, writeIpv4Frame } from './ipv4-output.ts'
import { ipv6PayloadAt, writeIpv6Frame } from './ipv6-output.ts'

const unspecified6 = new Uint8Array(16)

/** Ethernet and IP headers of TCP frames from one address, but for destinations, length, identification and checksum. Never changed: connections share them. */
export class FrameHeaders {
  readonly bytes: Uint8Array
  /** Of the IPv4 header; 0 for IPv6. */
  readonly sum: number
  readonly mac: Uint8Array
  readonly source: IpAddress
  readonly ttl: number
  readonly dscp: number

  constructor(mac: Uint8Array, source: IpAddress, ttl: number, dscp: number) {
    this.mac = mac
    this.source = source
    this.ttl = ttl
    this.dscp = dscp
    if (typeof source === 'number') {
      this.bytes = new Uint8Array(ipv4PayloadAt)
      writeIpv4Frame(this.bytes, mac, source, 0, IpProtocol.tcp, ttl)
      this.bytes[ethernetHeaderBytes + 1] = dscp << 2
      this.sum = sumBytes(this.bytes, ethernetHeaderBytes, ipv4HeaderBytes)
    } else {
      this.bytes = new Uint8Array(ipv6PayloadAt)
      writeIpv6Frame(this.bytes, mac, source, unspecified6, IpProtocol.tcp, ttl)
      this.bytes[ethernetHeaderBytes] = 0x60 | (dscp >>> 2)
      this.bytes[ethernetHeaderBytes + 1] = (dscp & 3) << 6
      this.sum = 0
    }
  }

  /** These, or others where something differs. */
  with(source: IpAddress, ttl: number, dscp: number): FrameHeaders {
    return ttl === this.ttl && dscp === this.dscp && isSameAddress(source, this.source) ? this : new FrameHeaders(this.mac, source, ttl, dscp)
  }
}
