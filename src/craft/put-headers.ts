import { copyBytes } from '../base/bytes.ts'
import { pseudoHeaderSum4, pseudoHeaderSum6 } from '../wire/checksum.ts'
import { EtherType, EthernetHeader, encodeEthernet } from '../wire/ethernet.ts'
import { Ipv4Header, encodeIpv4, fillIpv4Checksum, ipv4HeaderBytes } from '../wire/ipv4.ts'
import { Ipv6Extensions, Ipv6Header, encodeIpv6, ipv6HeaderBytes, walkIpv6Extensions } from '../wire/ipv6.ts'
import type { EthernetDraft, Ipv4Draft, Ipv6Draft } from './draft.ts'

/** At the start of the frame. */
export function putEthernet(draft: EthernetDraft, ipVersion: 4 | 6, frame: Uint8Array): void {
  const header = new EthernetHeader()
  header.destination.set(draft.destination)
  header.source.set(draft.source)
  header.tagCount = draft.tags.length
  draft.tags.forEach((tag, i) => {
    header.tagProtocols[i] = tag.protocol
    header.tagControls[i] = tag.control
  })
  header.etherType = draft.etherType ?? (ipVersion === 4 ? EtherType.ipv4 : EtherType.ipv6)
  encodeEthernet(header, frame, 0)
}

/** @param protocol where the draft forces none; `end` is where the packet ends */
export function putIpv4(ip: Ipv4Draft, options: Uint8Array, protocol: number, frame: Uint8Array, at: number, end: number): void {
  const header = Object.assign(new Ipv4Header(), {
    headerWords: ip.headerWords ?? (ipv4HeaderBytes + options.length) / 4, tos: ip.tos, totalLength: ip.totalLength ?? end - at, identification: ip.identification,
    flags: ip.flags, fragmentOffset: ip.fragmentOffset, ttl: ip.ttl, protocol: ip.protocol ?? protocol, checksum: ip.checksum ?? 0,
  })
  encodeIpv4(header, options, 0, options.length, frame, at)
  copyBytes(ip.source, 0, frame, at + 12, 4)
  copyBytes(ip.destination, 0, frame, at + 16, 4)
  if (ip.checksum === null) fillIpv4Checksum(frame, at)
}

export function putIpv6(ip: Ipv6Draft, protocol: number, frame: Uint8Array, at: number, end: number): void {
  const header = Object.assign(new Ipv6Header(), {
    trafficClass: ip.trafficClass, flowLabel: ip.flowLabel, payloadLength: ip.payloadLength ?? end - at - ipv6HeaderBytes,
    nextHeader: ip.nextHeader ?? protocol, hopLimit: ip.hopLimit,
  })
  header.source.set(ip.source)
  header.destination.set(ip.destination)
  encodeIpv6(header, frame, at)
  frame.set(ip.extensions, at + ipv6HeaderBytes)
}

/** Of the packet as it is, whatever lengths are forced; the final destination counts behind a routing header (RFC 8200 §8.1). */
export function transportPseudoSum(ip: Ipv4Draft | Ipv6Draft, protocol: number, frame: Uint8Array, ipAt: number, at: number, ipEnd: number): number {
  if (ip.version === 4) return pseudoHeaderSum4(frame, ipAt + 12, ipAt + 16, protocol, ipEnd - at)
  const extensions = new Ipv6Extensions()
  walkIpv6Extensions(frame, ipAt + ipv6HeaderBytes, ip.extensions.length, frame[ipAt + 6], ipAt + 6, extensions)
  const destinationAt = extensions.finalDestinationAt < 0 ? ipAt + 24 : extensions.finalDestinationAt
  return pseudoHeaderSum6(frame, ipAt + 8, destinationAt, protocol, ipEnd - at)
}
