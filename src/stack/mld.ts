import { hex, writeU16 } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import { isLinkLocalIpv6, isUnspecifiedIpv6 } from '../wire/addresses.ts'
import { pseudoHeaderSum6Of } from '../wire/checksum.ts'
import { ethernetHeaderBytes } from '../wire/ethernet.ts'
import { icmpHeaderBytes } from '../wire/icmp.ts'
import { encodeIcmpv6, fillIcmpv6Checksum, Icmpv6Header, Icmpv6Type } from '../wire/icmpv6.ts'
import { IpProtocol } from '../wire/ipv4.ts'
import { allListenerRouters, decodeListenerQuery, encodeListenerRecord, hasRouterAlert, ListenerRecord, listenerMessageBytes, listenerRecordBytes, routerAlertHeader } from '../wire/mld.ts'
import type { FrameQueue } from './frame-queue.ts'
import type { HostConfig } from './host-config.ts'
import { hostDefaults } from './host-config.ts'
import { allRouters, unspecifiedIpv6, writeMulticastMac } from './ipv6-address.ts'
import type { Ipv6Packet } from './ipv6-input.ts'
import { ipv6Limits } from './ipv6-interface.ts'
import type { Ipv6Interface } from './ipv6-interface.ts'
import { ipv6PayloadAt, writeIpv6Frame } from './ipv6-output.ts'
import type { HostStatistics } from './statistics.ts'

/** How often a change is told, how far apart at most, and how long a router of version 1 is remembered (RFC 3810 §9.1, §9.11, §9.12). */
export const mldTimes = { robustness: 2, unsolicitedUs: 1e6, olderQuerierUs: 260e6 } as const

const messageAt = ipv6PayloadAt + routerAlertHeader.length
const recordsAtMost = 2 * ipv6Limits.addresses

interface Change { readonly group: Uint8Array, readonly isJoin: boolean, left: number }

/**
 * The listener's side of MLDv2 (RFC 3810) for the solicited-node groups of our addresses, so that switches and routers that forward groups
 * only to who asked let neighbour discovery through; and of MLDv1 (RFC 2710) where the router speaks that.
 */
export class Mld {
  private readonly config: HostConfig
  private readonly link: Ipv6Interface
  private readonly frames: FrameQueue
  private readonly statistics: HostStatistics
  private readonly random: Random
  private readonly made = new Icmpv6Header()
  private readonly frame = new Uint8Array(messageAt + icmpHeaderBytes + recordsAtMost * listenerRecordBytes)
  private readonly joined = new Map<string, Uint8Array>()
  private readonly changes = new Map<string, Change>()
  private changesDueUs = Infinity
  private readonly asked = new Map<string, Uint8Array>()
  private answerDueUs = Infinity
  private olderUntilUs = -Infinity
  private hadAddress = false

  constructor(config: HostConfig, link: Ipv6Interface, frames: FrameQueue, statistics: HostStatistics, random: Random) {
    this.config = config
    this.link = link
    this.frames = frames
    this.statistics = statistics
    this.random = random
  }

  stop(): void {
    this.joined.clear()
    this.changes.clear()
    this.asked.clear()
    this.changesDueUs = this.answerDueUs = Infinity
    this.olderUntilUs = -Infinity
    this.hadAddress = false
  }

  /** Our addresses may have changed: groups that are new are joined before anybody asks for them (RFC 4862 §5.4.2), others left. */
  sync(nowUs: number): void {
    if (!(this.config.multicastReports ?? hostDefaults.multicastReports)) return
    const wanted = new Set<string>()
    for (const { solicitedNode, state } of this.link.addresses) {
      if (state === 'duplicate') continue
      const key = hex(solicitedNode)
      wanted.add(key)
      if (!this.joined.has(key)) this.change(key, solicitedNode, true, nowUs)
    }
    for (const [key, group] of this.joined) if (!wanted.has(key)) this.change(key, group, false, nowUs)
    // Routers hear reports from a link-local address alone: those from `::` are told again (RFC 3590 §4).
    const hasAddress = this.source() !== unspecifiedIpv6
    if (hasAddress && !this.hadAddress) for (const [key, group] of this.joined) this.change(key, group, true, nowUs)
    this.hadAddress = hasAddress
  }

  /** @param packet an ICMPv6 message of type 130 whose checksum is good */
  handleQuery(packet: Ipv6Packet, nowUs: number): void {
    const { bytes, at, header } = packet
    const counts = this.statistics.mld
    const query = decodeListenerQuery(bytes, packet.payloadAt, packet.payloadLength)
    const isSent = header.hopLimit === 1 && isLinkLocalIpv6(header.source) && bytes[at + 6] === IpProtocol.hopByHop && hasRouterAlert(bytes, at + 40)
    if (query === null || !isSent || !(this.config.multicastReports ?? hostDefaults.multicastReports)) { counts.ignored++; return }
    counts.queriesIn++
    if (query.version === 1) this.olderUntilUs = nowUs + mldTimes.olderQuerierUs
    const isGeneral = isUnspecifiedIpv6(query.group)
    for (const [key, group] of this.joined) if (isGeneral || key === hex(query.group)) this.asked.set(key, group)
    if (this.asked.size > 0) this.answerDueUs = Math.min(this.answerDueUs, nowUs + Math.floor(this.random.nextFloat() * query.maxDelayUs))
  }

  nextDeadlineUs(): number {
    return Math.min(this.changesDueUs, this.answerDueUs)
  }

  handleTimeout(nowUs: number): void {
    if (this.changesDueUs <= nowUs) this.tellChanges(nowUs)
    if (this.answerDueUs > nowUs) return
    this.answerDueUs = Infinity
    this.report([...this.asked.values()].map((group) => ({ group, type: ListenerRecord.isExclude })), nowUs)
    this.asked.clear()
  }

  private change(key: string, group: Uint8Array, isJoin: boolean, nowUs: number): void {
    if (isJoin) this.joined.set(key, group)
    else this.joined.delete(key)
    this.asked.delete(key)
    this.changes.set(key, { group, isJoin, left: mldTimes.robustness })
    this.changesDueUs = nowUs
  }

  /** §6.1: each change so often, the times between drawn by lot. */
  private tellChanges(nowUs: number): void {
    this.report([...this.changes.values()].map(({ group, isJoin }) => ({ group, type: isJoin ? ListenerRecord.toExclude : ListenerRecord.toInclude })), nowUs)
    for (const [key, change] of this.changes) if (--change.left === 0) this.changes.delete(key)
    this.changesDueUs = this.changes.size === 0 ? Infinity : nowUs + 1 + this.random.nextBelow(mldTimes.unsolicitedUs)
  }

  private report(records: { group: Uint8Array, type: number }[], nowUs: number): void {
    if (nowUs < this.olderUntilUs) {
      for (const { group, type } of records) this.sendOlder(group, type === ListenerRecord.toInclude)
      return
    }
    const at = messageAt + icmpHeaderBytes
    let length = icmpHeaderBytes
    for (const { group, type } of records.slice(0, recordsAtMost)) length += encodeListenerRecord(type, group, this.frame, at + length - icmpHeaderBytes)
    this.send(Icmpv6Type.listenerReport2, (length - icmpHeaderBytes) / listenerRecordBytes, length, allListenerRouters)
  }

  private sendOlder(group: Uint8Array, isLeaving: boolean): void {
    this.frame.set(group, messageAt + icmpHeaderBytes)
    this.send(isLeaving ? Icmpv6Type.listenerDone : Icmpv6Type.listenerReport, 0, listenerMessageBytes, isLeaving ? allRouters : group)
  }

  private send(type: number, rest: number, length: number, destination: Uint8Array): void {
    const { frame, made } = this
    const source = this.source()
    writeIpv6Frame(frame, this.config.mac, source, destination, IpProtocol.hopByHop, 1)
    writeMulticastMac(destination, frame, 0)
    writeU16(frame, ethernetHeaderBytes + 4, routerAlertHeader.length + length)
    frame.set(routerAlertHeader, ipv6PayloadAt)
    made.type = type
    made.rest = rest
    encodeIcmpv6(made, frame, messageAt)
    fillIcmpv6Checksum(frame, messageAt, length, pseudoHeaderSum6Of(source as Uint8Array, destination, IpProtocol.icmpv6, length))
    this.statistics.ipv6.out++
    this.statistics.mld.reportsOut++
    if (!this.frames.add(frame.subarray(0, messageAt + length))) this.statistics.ethernet.queueFull++
  }

  private source(): Readonly<Uint8Array> {
    const own = this.link.addresses.find(({ address, state }) => state === 'assigned' && isLinkLocalIpv6(address))
    return own === undefined ? unspecifiedIpv6 : own.address
  }
}
