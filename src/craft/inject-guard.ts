import { readU32 } from '../base/bytes.ts'
import { fault } from '../base/fault.ts'
import type { Fault } from '../base/fault.ts'
import {
  formatIp, formatIpv4, isBroadcastIpv4, isDocumentationIpv4, isDocumentationIpv6, isLinkLocalIpv4, isLinkLocalIpv6, isLoopbackIpv4, isLoopbackIpv6,
  isMulticastIpv4, isMulticastIpv6, isPrivateIpv4, isPrivateIpv6, isUnspecifiedIpv6,
} from '../wire/addresses.ts'
import { Packet, decodePacket } from '../wire/packet.ts'

/** What injection is held to until a user raises it. */
export const injectLimits = {
  /** Frames a second where the user says no rate. */
  defaultPps: 1000,
  highestPps: 1_000_000,
  /** Frames of one order, repetitions included. */
  frames: 100_000_000,
} as const

export interface InjectOrder {
  readonly frames: readonly Uint8Array[]
  readonly count: number
  /** 0: as fast as the limits allow. */
  readonly ratePps: number
  /** Public addresses that the user agreed to. */
  readonly consent: ReadonlySet<string>
}

export interface InjectSurroundings {
  readonly linkType: number
  /** Largest IP packet in bytes. */
  readonly mtu: number
}

export interface InjectPlan { readonly ratePps: number, readonly totalFrames: number, readonly durationUs: number }

const ethernetBytes = 14
/** Room for two VLAN tags beside the Ethernet header. */
const longestHeaderBytes = ethernetBytes + 8

/** Whether an order may be carried out, and how fast. @returns `badArgument`, `frameTooShort`, `frameTooLong`, `targetNeedsConsent` or the plan */
export function planInjection(order: InjectOrder, surroundings: InjectSurroundings): InjectPlan | Fault {
  const { frames, count, ratePps } = order
  if (!Number.isInteger(count) || count < 1 || count * frames.length > injectLimits.frames) return fault('badArgument', { name: 'count', value: count, expected: `1 .. ${injectLimits.frames}` })
  if (!(ratePps >= 0 && ratePps <= injectLimits.highestPps)) return fault('badArgument', { name: 'rate', value: ratePps, expected: `1 .. ${injectLimits.highestPps}` })
  for (const frame of frames) {
    const wrong = checkLength(frame.length, surroundings) ?? checkTarget(frame, surroundings.linkType, order.consent)
    if (wrong !== null) return wrong
  }
  const rate = ratePps === 0 ? injectLimits.defaultPps : ratePps
  const totalFrames = count * frames.length
  return { ratePps: rate, totalFrames, durationUs: Math.max(0, totalFrames - 1) * 1e6 / rate }
}

/** The address that a frame is for where it lies in the public network, as text; null for all others and for what is no IP. */
export function publicTarget(frame: Uint8Array, linkType: number): string | null {
  decodePacket(frame, 0, frame.length, linkType, packet)
  if (packet.ipVersion === 4) return isPublicIpv4(packet.ipv4.destination) ? formatIpv4(packet.ipv4.destination) : null
  return packet.ipVersion === 6 ? publicAddress(frame.subarray(packet.ipOffset + 24, packet.ipOffset + 40)) : null
}

/** An address of 4 or 16 bytes as text where it lies in the public network; null for all others. */
export function publicAddress(address: Uint8Array): string | null {
  const isPublic = address.length === 16 ? isPublicIpv6(address, 0) : isPublicIpv4(readU32(address, 0))
  return isPublic ? formatIp(address) : null
}

const packet = new Packet()

function checkLength(length: number, { linkType, mtu }: InjectSurroundings): Fault | null {
  const isEthernet = linkType === 1
  const shortest = isEthernet ? ethernetBytes : 1
  const longest = mtu + (isEthernet ? longestHeaderBytes : 0)
  if (length < shortest) return fault('frameTooShort', { length, limit: shortest })
  return length > longest ? fault('frameTooLong', { length, limit: longest }) : null
}

function checkTarget(frame: Uint8Array, linkType: number, consent: ReadonlySet<string>): Fault | null {
  const target = publicTarget(frame, linkType)
  return target === null || consent.has(target) ? null : fault('targetNeedsConsent', { target })
}

function isPublicIpv4(address: number): boolean {
  const first = address >>> 24
  if (first === 0 || isMulticastIpv4(address) || isBroadcastIpv4(address)) return false
  return !(isPrivateIpv4(address) || isLinkLocalIpv4(address) || isLoopbackIpv4(address) || isDocumentationIpv4(address))
}

function isPublicIpv6(bytes: Uint8Array, at: number): boolean {
  if (isMulticastIpv6(bytes, at) || isUnspecifiedIpv6(bytes, at)) return false
  return !(isPrivateIpv6(bytes, at) || isLinkLocalIpv6(bytes, at) || isLoopbackIpv6(bytes, at) || isDocumentationIpv6(bytes, at))
}
