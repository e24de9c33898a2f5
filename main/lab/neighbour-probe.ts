import { readU16, readU32, writeU16, writeU32 } from '../../src/base/bytes.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { isSameAddress } from '../../src/stack/ip-address.ts'
import type { IpAddress } from '../../src/stack/ip-address.ts'
import { solicitedNode, unspecifiedIpv6, writeMulticastMac } from '../../src/stack/ipv6-address.ts'
import { ipv6PayloadAt, writeIpv6Frame } from '../../src/stack/ipv6-output.ts'
import { ArpOperation, arpBytes } from '../../src/wire/arp.ts'
import { pseudoHeaderSum6Of } from '../../src/wire/checksum.ts'
import { EtherType, ethernetHeaderBytes } from '../../src/wire/ethernet.ts'
import { decodeNeighbor, encodeIcmpv6, encodeNeighbor, fillIcmpv6Checksum, Icmpv6Header, Icmpv6Type, NeighborMessage, neighborMessageBytes } from '../../src/wire/icmpv6.ts'
import { IpProtocol } from '../../src/wire/ipv4.ts'

const answerWithinMs = 1000
const askAgainMs = 250

interface Question { address: IpAddress, answer: (mac: Uint8Array | null) => void }

/**
 * Asks who has an address, for frames that are made by hand. The question is an ARP probe (RFC 5227 §1.1: no sender address), over IPv6 a
 * solicitation from nobody, as duplicate address detection sends it (RFC 4862 §5.4.2), so that it changes nobody's table.
 */
export class NeighbourProbe {
  private readonly mac: Uint8Array
  private readonly send: (frame: Uint8Array) => void
  private readonly questions = new Set<Question>()
  private readonly message = new NeighborMessage()

  constructor(mac: Uint8Array, send: (frame: Uint8Array) => void) {
    this.mac = mac
    this.send = send
  }

  /** @returns the MAC, or null where nobody answers within a second */
  ask(address: IpAddress): Promise<Uint8Array | null> {
    const frame = typeof address === 'number' ? arpProbe(this.mac, address) : solicitation(this.mac, address)
    return new Promise((resolve) => {
      const again = setInterval(() => this.send(frame), askAgainMs)
      const question: Question = {
        address,
        answer: (mac) => {
          clearInterval(again)
          clearTimeout(end)
          this.questions.delete(question)
          resolve(mac)
        },
      }
      const end = setTimeout(() => question.answer(null), answerWithinMs)
      this.questions.add(question)
      this.send(frame)
    })
  }

  /** Looks for answers among frames that came. */
  see({ count, bytes, offset, capturedLength }: FrameBatch): void {
    if (this.questions.size === 0) return
    for (let i = 0; i < count; i++) {
      const etherType = capturedLength[i] < ethernetHeaderBytes ? -1 : readU16(bytes, offset[i] + 12)
      if (etherType === EtherType.arp) this.seeArp(bytes, offset[i], capturedLength[i])
      else if (etherType === EtherType.ipv6) this.seeAdvertisement(bytes, offset[i], capturedLength[i])
    }
  }

  private seeArp(bytes: Uint8Array, at: number, length: number): void {
    const arp = at + ethernetHeaderBytes
    if (length < ethernetHeaderBytes + arpBytes || readU16(bytes, arp + 6) !== ArpOperation.reply) return
    this.settle(readU32(bytes, arp + 14), bytes.subarray(arp + 8, arp + 14))
  }

  private seeAdvertisement(bytes: Uint8Array, at: number, length: number): void {
    const icmpAt = at + ipv6PayloadAt
    if (length < ipv6PayloadAt + neighborMessageBytes || bytes[at + 20] !== IpProtocol.icmpv6 || bytes[icmpAt] !== Icmpv6Type.neighborAdvertisement) return
    const messageBytes = Math.min(readU16(bytes, at + 18), length - ipv6PayloadAt)
    if (decodeNeighbor(bytes, icmpAt, messageBytes, this.message) !== null || !this.message.hasLinkLayerAddress) return
    this.settle(this.message.target, this.message.linkLayerAddress)
  }

  private settle(address: IpAddress, mac: Uint8Array): void {
    for (const question of this.questions) if (isSameAddress(question.address, address)) question.answer(mac.slice())
  }
}

function arpProbe(mac: Uint8Array, address: number): Uint8Array {
  const frame = new Uint8Array(ethernetHeaderBytes + arpBytes)
  frame.fill(0xff, 0, 6)
  frame.set(mac, 6)
  writeU16(frame, 12, EtherType.arp)
  frame.set([0, 1, 8, 0, 6, 4, 0, ArpOperation.request], ethernetHeaderBytes)
  frame.set(mac, ethernetHeaderBytes + 8)
  writeU32(frame, ethernetHeaderBytes + 24, address)
  return frame
}

function solicitation(mac: Uint8Array, address: Uint8Array): Uint8Array {
  const frame = new Uint8Array(ipv6PayloadAt + neighborMessageBytes)
  const group = solicitedNode(address)
  const header = Object.assign(new Icmpv6Header(), { type: Icmpv6Type.neighborSolicitation })
  const message = new NeighborMessage()
  message.target.set(address)
  writeIpv6Frame(frame, mac, unspecifiedIpv6, group, IpProtocol.icmpv6, 255)
  writeMulticastMac(group, frame, 0)
  writeU16(frame, ethernetHeaderBytes + 4, neighborMessageBytes)
  encodeIcmpv6(header, frame, ipv6PayloadAt)
  encodeNeighbor(header.type, message, frame, ipv6PayloadAt)
  fillIcmpv6Checksum(frame, ipv6PayloadAt, neighborMessageBytes, pseudoHeaderSum6Of(unspecifiedIpv6 as Uint8Array, group, IpProtocol.icmpv6, neighborMessageBytes))
  return frame
}
