import { copyBytes, readU16, readU32, writeU16, writeU32 } from '../base/bytes.ts'
import type { Random } from '../base/random.ts'
import type { FrameBatch, FrameWriter } from '../link/frame-batch.ts'
import { Direction } from '../link/frame-batch.ts'
import { broadcastMac, isBroadcastIpv4, isLoopbackIpv4, isMulticastIpv4 } from '../wire/addresses.ts'
import { pseudoHeaderSum4, pseudoHeaderSum4Of } from '../wire/checksum.ts'
import { decodeDhcp, DhcpMessage, DhcpMessageType, dhcpCookie, DhcpOption, DhcpPort, encodeDhcp, findDhcpOption } from '../wire/dhcp.ts'
import { ethernetHeaderBytes, EtherType } from '../wire/ethernet.ts'
import { decodeIpv4, fillIpv4, Ipv4Header, ipv4HeaderBytes, IpProtocol, isIpv4ChecksumGood } from '../wire/ipv4.ts'
import { decodeUdp, encodeUdp, fillUdp, isUdpChecksumGood, UdpHeader, udpHeaderBytes } from '../wire/udp.ts'
import { ipv4PayloadAt, writeIpv4Frame } from './ipv4-output.ts'
import { isUnfinishedChecksum } from './unfinished-checksum.ts'

/** What a server has lent. */
export interface DhcpLease {
  readonly address: number
  readonly prefixLength: number
  /** 0 where the server names no router. */
  readonly gateway: number
  readonly server: number
  readonly untilUs: number
}

/** The states of RFC 2131 figure 5 that are told apart here; `off` before start and after release. */
export type DhcpState = 'off' | 'selecting' | 'requesting' | 'bound' | 'renewing' | 'rebinding' | 'declined'

export interface DhcpActions {
  /** An address may be claimed (RFC 5227), or its time has been prolonged. */
  bound(lease: DhcpLease, nowUs: number): void
  /** The address may not be used any more: its time is up, or the server has taken it back. The client asks anew by itself. */
  lost(lease: DhcpLease, nowUs: number): void
}

const everyone = 0xffff_ffff
const messageAt = ipv4PayloadAt + udpHeaderBytes
const firstRetryUs = 4e6
const lastRetryUs = 64e6
const jitterUs = 1e6
/** Of a renewal, RFC 2131 §4.4.5. */
const leastRetryUs = 60e6
/** Until the next attempt with an address that somebody else has, RFC 2131 §3.1. */
const declinedUs = 10e6
/** After so many requests without an answer the offer is forgotten. */
const requests = 4
const longestLeaseUs = 0xffff_ffff * 1e6

/**
 * DHCPv4 client (RFC 2131) beside a host: frames and times go in, frames come out, and it says which address may be used. It speaks before there is an
 * address, so it makes its own frames.
 */
export class DhcpClient {
  state: DhcpState = 'off'
  lease: DhcpLease | null = null
  private readonly mac: Uint8Array
  private readonly random: Random
  private readonly actions: DhcpActions
  private readonly acceptUnfinished: boolean
  private readonly waiting: Uint8Array[] = []
  private readonly ip = new Ipv4Header()
  private readonly udp = new UdpHeader()
  private readonly message = new DhcpMessage()
  private transactionId = 0
  private startedUs = 0
  private deadlineUs = Infinity
  private retryUs = firstRetryUs
  private tries = 0
  private offered = 0
  private server = 0
  private readonly serverMac = new Uint8Array(6)
  private renewAtUs = Infinity
  private rebindAtUs = Infinity

  constructor(mac: Uint8Array, acceptUnfinishedChecksums: boolean, random: Random, actions: DhcpActions) {
    this.mac = mac
    this.acceptUnfinished = acceptUnfinishedChecksums
    this.random = random
    this.actions = actions
  }

  start(nowUs: number): void {
    this.state = 'selecting'
    this.lease = null
    this.startedUs = nowUs
    this.transactionId = this.random.nextU32()
    this.retryUs = firstRetryUs
    this.tries = 0
    this.deadlineUs = nowUs
  }

  handleBatch(batch: FrameBatch, nowUs: number): void {
    for (let i = 0; i < batch.count; i++) if (batch.direction[i] !== Direction.sent) this.handleFrame(batch.bytes, batch.offset[i], batch.capturedLength[i], nowUs)
  }

  handleFrame(bytes: Uint8Array, at: number, length: number, nowUs: number): void {
    const dataLength = this.datagramLength(bytes, at, length)
    const dataAt = at + ethernetHeaderBytes + this.ip.headerWords * 4 + udpHeaderBytes
    const { message } = this
    if (dataLength < 0 || decodeDhcp(bytes, dataAt, dataLength, message) !== null || !this.isForUs()) return
    const type = findDhcpOption(bytes, message, DhcpOption.messageType)?.[0] ?? 0
    const server = addressOf(findDhcpOption(bytes, message, DhcpOption.serverId))
    if (type === DhcpMessageType.offer && this.state === 'selecting' && isHost(message.yourAddress) && server !== 0) {
      this.offered = message.yourAddress
      this.server = server
      this.request(nowUs)
      return
    }
    const isAsked = this.state === 'requesting' || this.state === 'renewing' || this.state === 'rebinding'
    if (!isAsked || (this.state === 'requesting' && server !== this.server)) return
    if (type === DhcpMessageType.nak) this.startAgain(nowUs)
    else if (type === DhcpMessageType.ack && isHost(message.yourAddress)) this.bind(bytes, at, server, nowUs)
  }

  pollTimeout(): number {
    return this.waiting.length > 0 ? -Infinity : this.deadlineUs
  }

  handleTimeout(nowUs: number): void {
    if (nowUs < this.deadlineUs) return
    switch (this.state) {
      case 'off': this.deadlineUs = Infinity; return
      case 'selecting': this.discover(nowUs); return
      case 'requesting':
        if (this.tries < requests) this.askAgain(nowUs)
        else this.start(nowUs)
        return
      case 'declined': this.start(nowUs); return
      default: this.keepLease(nowUs)
    }
  }

  /** @returns frames written */
  pollTransmit(writer: FrameWriter): number {
    let written = 0
    while (this.waiting.length > 0 && writer.write(this.waiting[0])) {
      this.waiting.shift()
      written++
    }
    return written
  }

  /** Somebody else has the address that was lent (RFC 2131 §3.1 5). */
  decline(nowUs: number): void {
    const { lease } = this
    if (lease === null) return
    this.send(DhcpMessageType.decline, 0, everyone, [...option4(DhcpOption.requestedAddress, lease.address), ...option4(DhcpOption.serverId, lease.server)], nowUs)
    this.lease = null
    this.state = 'declined'
    this.deadlineUs = nowUs + declinedUs
  }

  /** Gives the address back and falls silent; the frame still has to leave. */
  release(nowUs: number): void {
    const { lease } = this
    if (lease !== null) this.send(DhcpMessageType.release, lease.address, lease.server, option4(DhcpOption.serverId, lease.server), nowUs)
    this.lease = null
    this.state = 'off'
    this.deadlineUs = Infinity
  }

  private discover(nowUs: number): void {
    this.send(DhcpMessageType.discover, 0, everyone, wanted, nowUs)
    this.backOff(nowUs)
  }

  private request(nowUs: number): void {
    this.state = 'requesting'
    this.retryUs = firstRetryUs
    this.tries = 0
    this.askAgain(nowUs)
  }

  private askAgain(nowUs: number): void {
    this.tries++
    this.send(DhcpMessageType.request, 0, everyone, [...option4(DhcpOption.requestedAddress, this.offered), ...option4(DhcpOption.serverId, this.server), ...wanted], nowUs)
    this.backOff(nowUs)
  }

  /** Renewing asks the server that lent, rebinding anyone, each at half the time that is left (RFC 2131 §4.4.5). */
  private keepLease(nowUs: number): void {
    const lease = this.lease!
    if (nowUs >= lease.untilUs) { this.startAgain(nowUs); return }
    if (this.state === 'bound') this.transactionId = this.random.nextU32()
    const isRebinding = nowUs >= this.rebindAtUs
    this.state = isRebinding ? 'rebinding' : 'renewing'
    this.send(DhcpMessageType.request, lease.address, isRebinding ? everyone : lease.server, wanted, nowUs)
    const endUs = isRebinding ? lease.untilUs : this.rebindAtUs
    this.deadlineUs = Math.min(endUs, nowUs + Math.max(leastRetryUs, (endUs - nowUs) / 2))
  }

  private bind(bytes: Uint8Array, at: number, server: number, nowUs: number): void {
    const { message } = this
    const seconds = (code: number) => { const data = findDhcpOption(bytes, message, code); return data?.length === 4 ? readU32(data, 0) : -1 }
    const leaseSeconds = seconds(DhcpOption.leaseTime)
    if (leaseSeconds <= 0) return
    const leaseUs = leaseSeconds === 0xffff_ffff ? longestLeaseUs : leaseSeconds * 1e6
    const [renewal, rebinding] = [seconds(DhcpOption.renewalTime) * 1e6, seconds(DhcpOption.rebindingTime) * 1e6]
    const isSane = renewal > 0 && rebinding > renewal && rebinding < leaseUs
    this.renewAtUs = nowUs + (isSane ? renewal : leaseUs / 2)
    this.rebindAtUs = nowUs + (isSane ? rebinding : leaseUs * 0.875)
    const mask = addressOf(findDhcpOption(bytes, message, DhcpOption.subnetMask))
    copyBytes(bytes, at + 6, this.serverMac, 0, 6)
    const before = this.lease
    const lease: DhcpLease = {
      address: message.yourAddress, prefixLength: prefixOf(mask), gateway: addressOf(findDhcpOption(bytes, message, DhcpOption.router)), server: server || this.server,
      untilUs: nowUs + leaseUs,
    }
    if (before !== null && before.address !== lease.address) this.actions.lost(before, nowUs)
    this.lease = lease
    this.state = 'bound'
    this.deadlineUs = this.renewAtUs
    this.actions.bound(lease, nowUs)
  }

  private startAgain(nowUs: number): void {
    const { lease } = this
    this.start(nowUs)
    if (lease !== null) this.actions.lost(lease, nowUs)
  }

  /** Twice as long each time, a second more or less, so that clients that begin together do not stay together (RFC 2131 §4.1). */
  private backOff(nowUs: number): void {
    this.deadlineUs = nowUs + this.retryUs + this.random.nextBelow(2 * jitterUs + 1) - jitterUs
    this.retryUs = Math.min(lastRetryUs, this.retryUs * 2)
  }

  private send(type: number, source: number, destination: number, options: readonly number[], nowUs: number): void {
    const all = Uint8Array.from([DhcpOption.messageType, 1, type, DhcpOption.clientId, 7, 1, ...this.mac, ...options, DhcpOption.end])
    const message = new DhcpMessage()
    message.transactionId = this.transactionId
    message.seconds = Math.min(0xffff, Math.floor((nowUs - this.startedUs) / 1e6))
    message.clientAddress = source
    message.clientHardware.set(this.mac)
    const length = udpHeaderBytes + 240 + Math.max(60, all.length)
    const frame = new Uint8Array(ipv4PayloadAt + length)
    writeIpv4Frame(frame, this.mac, source, destination, IpProtocol.udp, 64)
    writeU16(frame, 20, 0)
    frame.set(destination === everyone ? broadcastMac : this.serverMac, 0)
    encodeDhcp(message, all, 0, all.length, frame, messageAt)
    const header = new UdpHeader()
    header.sourcePort = DhcpPort.client
    header.destinationPort = DhcpPort.server
    encodeUdp(header, frame, ipv4PayloadAt)
    fillUdp(frame, ipv4PayloadAt, length, pseudoHeaderSum4Of(source, destination, IpProtocol.udp, length))
    fillIpv4(frame, ethernetHeaderBytes, ipv4HeaderBytes + length)
    this.waiting.push(frame)
  }

  /** Bytes of DHCP in a frame; -1 where it is none. */
  private datagramLength(bytes: Uint8Array, at: number, length: number): number {
    const { ip, udp } = this
    const ipAt = at + ethernetHeaderBytes
    if (length < ethernetHeaderBytes || readU16(bytes, at + 12) !== EtherType.ipv4 || decodeIpv4(bytes, ipAt, length - ethernetHeaderBytes, ip) !== null) return -1
    const headerBytes = ip.headerWords * 4
    const room = ip.totalLength - headerBytes
    if (ip.protocol !== IpProtocol.udp || ip.totalLength > length - ethernetHeaderBytes || ip.fragmentOffset !== 0 || !isIpv4ChecksumGood(bytes, ipAt)) return -1
    const udpAt = ipAt + headerBytes
    if (decodeUdp(bytes, udpAt, room, udp) !== null || udp.destinationPort !== DhcpPort.client || udp.length < udpHeaderBytes || udp.length > room) return -1
    const pseudoSum = pseudoHeaderSum4(bytes, ipAt + 12, ipAt + 16, IpProtocol.udp, udp.length)
    if (!isUdpChecksumGood(bytes, udpAt, udp.length, pseudoSum) && !(this.acceptUnfinished && isUnfinishedChecksum(udp.checksum, pseudoSum))) return -1
    return udp.length - udpHeaderBytes
  }

  private isForUs(): boolean {
    const { message, mac } = this
    if (message.op !== 2 || message.cookie !== dhcpCookie || message.transactionId !== this.transactionId || this.state === 'off') return false
    for (let i = 0; i < 6; i++) if (message.clientHardware[i] !== mac[i]) return false
    return true
  }
}

const wanted: readonly number[] = [DhcpOption.parameterList, 4, DhcpOption.subnetMask, DhcpOption.router, DhcpOption.renewalTime, DhcpOption.rebindingTime]

function option4(code: number, value: number): number[] {
  const data = new Uint8Array(4)
  writeU32(data, 0, value)
  return [code, 4, ...data]
}

function addressOf(data: Uint8Array | null): number {
  return data === null || data.length < 4 ? 0 : readU32(data, 0)
}

function isHost(address: number): boolean {
  return address >>> 24 !== 0 && !isMulticastIpv4(address) && !isLoopbackIpv4(address) && !isBroadcastIpv4(address)
}

/** Without a mask, or with one that has holes, a network of 254 hosts. */
function prefixOf(mask: number): number {
  const bits = Math.clz32(~mask)
  return mask !== 0 && (mask << bits) === 0 && bits > 0 && bits <= 30 ? bits : 24
}
