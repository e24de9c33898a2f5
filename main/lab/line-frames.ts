import { readU32 } from '../../src/base/bytes.ts'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { buildFrame, isFault } from '../../src/craft/build.ts'
import { buildDatagram, datagramFromOneLine } from '../../src/craft/datagram.ts'
import { defaultDraft, ipv4Draft } from '../../src/craft/draft.ts'
import type { EthernetDraft, Ipv4Draft, Ipv6Draft, PacketDraft } from '../../src/craft/draft.ts'
import { publicAddress } from '../../src/craft/inject-guard.ts'
import { draftFromOneLine } from '../../src/craft/one-line.ts'
import { formatAddress } from '../../src/stack/ip-address.ts'
import type { IpAddress } from '../../src/stack/ip-address.ts'
import { writeMulticastMac } from '../../src/stack/ipv6-address.ts'
import { broadcastMac, formatIp, ipv4Bytes, isBroadcastIpv4, isLinkLocalIpv6, isMulticastIpv6, isSameIpv4Network, isSamePrefix } from '../../src/wire/addresses.ts'
import { isOneLineError } from '../../src/wire/one-line-cursor.ts'
import type { OneLineError } from '../../src/wire/one-line-cursor.ts'
import { isDatagramLine } from '../../src/wire/one-line-datagram.ts'

/** What a line leaves out. */
export interface LineSurroundings {
  /** Sender of the frames. */
  readonly mac: Uint8Array
  /** Source and destination of lines that name none; null where there is nobody to name. */
  readonly source: number | null
  readonly destination: number | null
  /** Who is on the same network as `source`. */
  readonly prefixLength: number
  readonly gateway: number | null
  /** The IPv6 networks that we are on, beside the link-local one. */
  readonly networks6: readonly { readonly address: Uint8Array, readonly prefixLength: number }[]
  readonly gateway6: Uint8Array | null
  /** Public addresses that the user agreed to. */
  readonly consent: ReadonlySet<string>
  /** The MAC of a neighbour, or null where nobody answers for the address. */
  macOf(address: IpAddress): Promise<Uint8Array | null>
}

/**
 * Packets in one-line form as Ethernet frames.
 * @throws FaultError `packetSyntax`, `targetNeedsConsent`, `badArgument`, `frameTooLong`, `hostUnreachable`
 */
export async function framesOfLines(lines: readonly string[], surroundings: LineSurroundings): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  for (const line of lines) frames.push(await frameOfLine(line, surroundings))
  return frames
}

/** A packet of a line that lacks only who gets its frame. */
interface ReadLine { readonly ip: Ipv4Draft | Ipv6Draft, readonly namesSource: boolean, build(destination: Uint8Array): Uint8Array | Fault }

async function frameOfLine(line: string, surroundings: LineSurroundings): Promise<Uint8Array> {
  const isDatagram = isDatagramLine(line)
  const read = isDatagram ? readDatagram(line, surroundings) : readSegment(line, surroundings)
  if (isOneLineError(read)) throw new FaultError(fault('packetSyntax', { line, column: read.column, expected: read.expected, got: read.got }))
  const { ip } = read
  if (ip.version === 4 && (isZero(ip.destination) || (isZero(ip.source) && !read.namesSource))) {
    throw new FaultError(fault('packetSyntax', { line, column: 1, expected: isDatagram ? 'ADDRESS > ADDRESS' : 'ADDRESS:PORT > ADDRESS:PORT', got: line.slice(0, 20) }))
  }
  // Before anybody is asked for a MAC: nothing at all is sent towards a target without consent.
  const target = publicAddress(ip.destination)
  if (target !== null && !surroundings.consent.has(target)) throw new FaultError(fault('targetNeedsConsent', { target }))
  const frame = read.build(await destinationMac(ip.destination, surroundings))
  if (isFault(frame)) throw new FaultError(frame)
  return frame
}

function readSegment(line: string, surroundings: LineSurroundings): ReadLine | OneLineError {
  const { ethernet, ip } = defaultsOf(surroundings)
  const defaults: PacketDraft = { ...defaultDraft, ethernet, ip, payload: new Uint8Array(0), tcp: { ...defaultDraft.tcp, options: [] } }
  const draft = draftFromOneLine(line, defaults)
  return isOneLineError(draft) ? draft : { ip: draft.ip, namesSource: false, build: (destination) => buildFrame({ ...draft, ethernet: { ...draft.ethernet, destination } }) }
}

function readDatagram(line: string, surroundings: LineSurroundings): ReadLine | OneLineError {
  const { sourcePort, destinationPort } = defaultDraft.tcp
  const draft = datagramFromOneLine(line, { ...defaultsOf(surroundings), sourcePort, destinationPort })
  if (isOneLineError(draft)) return draft
  // Of 0.0.0.0 too, as a DHCP client speaks.
  const namesSource = draft.line.source !== null && draft.line.source.address !== null
  return { ip: draft.ip, namesSource, build: (destination) => buildDatagram({ ...draft, ethernet: { ...draft.ethernet, destination } }) }
}

function defaultsOf({ mac, source, destination }: LineSurroundings): { ethernet: EthernetDraft, ip: Ipv4Draft } {
  return { ethernet: { ...defaultDraft.ethernet, source: mac }, ip: ipv4Draft(ipv4Bytes(source ?? 0), ipv4Bytes(destination ?? 0)) }
}

async function destinationMac(destination: Uint8Array, surroundings: LineSurroundings): Promise<Uint8Array> {
  const group = groupMac(destination, surroundings)
  if (group !== null) return group
  const hop = destination.length === 4 ? nextHop4(readU32(destination, 0), surroundings) : nextHop6(destination, surroundings)
  const mac = hop === null ? null : await surroundings.macOf(hop)
  if (mac === null) throw new FaultError(fault('hostUnreachable', { address: hop === null ? formatIp(destination) : formatAddress(hop) }))
  return mac
}

/** Of groups and broadcasts (RFC 1112 §6.4, RFC 2464 §7); null for all others. */
function groupMac(destination: Uint8Array, { source, prefixLength }: LineSurroundings): Uint8Array | null {
  const mac = new Uint8Array(6)
  if (destination.length === 16) {
    if (!isMulticastIpv6(destination)) return null
    writeMulticastMac(destination, mac, 0)
    return mac
  }
  if (destination[0] >>> 4 === 0xe) return Uint8Array.of(1, 0, 0x5e, destination[1] & 0x7f, destination[2], destination[3])
  const address = readU32(destination, 0)
  const isOurs = source !== null && prefixLength > 0 && isSameIpv4Network(source, address, prefixLength)
  return isBroadcastIpv4(address) || (isOurs && isBroadcastIpv4(address, prefixLength)) ? broadcastMac.slice() : null
}

/** Null where there is no way. */
function nextHop4(target: number, { source, prefixLength, gateway }: LineSurroundings): number | null {
  const isNear = source === null || prefixLength === 0
    ? gateway === null || publicAddress(ipv4Bytes(target)) === null
    : isSameIpv4Network(source, target, prefixLength)
  return isNear ? target : gateway
}

/** Without a network or a router that we know of, whoever is meant may be on the link. */
function nextHop6(target: Uint8Array, { networks6, gateway6 }: LineSurroundings): Uint8Array | null {
  const isNear = isLinkLocalIpv6(target) || networks6.some(({ address, prefixLength }) => isSamePrefix(address, target, prefixLength))
  if (isNear || (networks6.length === 0 && gateway6 === null && publicAddress(target) === null)) return target
  return gateway6
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}
