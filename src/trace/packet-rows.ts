import type { PacketBytes, PacketRow, TcpRow } from '../rpc/packets-contract.ts'
import { formatIpv4, formatIpv6, formatMac } from '../wire/addresses.ts'
import { hasMacAndIpv4 } from '../wire/arp.ts'
import { decodePacket, Layer, Packet } from '../wire/packet.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { noWindowScale, unseenWindowScale } from './flow.ts'
import type { Flow, FlowEnd } from './flow.ts'
import type { FlowTracker } from './flow-tracker.ts'
import { packetInfo } from './packet-info.ts'
import type { PacketComments } from './packet-comments.ts'
import { PacketMark, PacketRecord, Protocol, protocolNames, receiverStateOf, senderStateOf } from './packet-store.ts'
import type { PacketStore } from './packet-store.ts'

/** Reads raw bytes of a frame back from where they were recorded; null where they are not there (any more). */
export type ByteReader = (fileOffset: number, lengthBytes: number) => Uint8Array | null

/** Letters of a comment that a row shows: a page of rows stays small whatever the file holds. */
const rowCommentLetters = 200

/** Makes rows of stored packets. What the store does not hold (options, text, addresses outside of flows) is read from the raw bytes. */
export class PacketRows {
  private readonly record = new PacketRecord()
  private readonly first = new PacketRecord()
  private readonly packet = new Packet()

  constructor(private readonly store: PacketStore, private readonly tracker: FlowTracker) {}

  /** `number` counts from 1 and must exist. */
  row(number: number, bytesOf: ByteReader, comments: PacketComments | null = null): PacketRow {
    const { record } = this
    this.store.read(number - 1, record)
    return this.build(number, this.bytesOf(record, bytesOf), comments?.of(number, record) ?? [])
  }

  packetBytes(number: number, bytesOf: ByteReader, comments: PacketComments | null = null): PacketBytes {
    const { record } = this
    this.store.read(number - 1, record)
    const bytes = this.bytesOf(record, bytesOf)
    const texts = comments?.of(number, record) ?? []
    const row = this.build(number, bytes, texts)
    const flow = this.flowOf(record)
    return {
      number, timeSec: record.timeSec, timeNsec: record.timeNsec, direction: record.direction as 0 | 1 | 2, linkType: record.linkType, originalLength: record.originalLength,
      bytes: bytes ? bytes.slice() : new Uint8Array(0), flow: record.flow, row, clientIsn: flow?.client.isn ?? -1, serverIsn: flow?.server.isn ?? -1,
      proofs: record.findings === 0 ? [] : this.tracker.proofs.of(number),
      insights: [], decision: null, comments: [...texts],
    }
  }

  private build(number: number, bytes: Uint8Array | null, comments: readonly string[]): PacketRow {
    const { record, packet } = this
    if (bytes) decodePacket(bytes, 0, bytes.length, record.linkType, packet, record.originalLength)
    const flow = (record.marks & PacketMark.quoting) === 0 ? this.flowOf(record) : null
    this.store.read(0, this.first)
    return {
      number,
      time: record.timeSec - this.first.timeSec + (record.timeNsec - this.first.timeNsec) / 1e9,
      direction: record.direction as 0 | 1 | 2,
      source: flow ? this.addressOf(flow, true) : bytes ? sourceOf(packet) : '',
      destination: flow ? this.addressOf(flow, false) : bytes ? destinationOf(packet) : '',
      protocol: protocolNames[record.protocol],
      capturedLength: record.capturedLength,
      originalLength: record.originalLength,
      flow: record.flow,
      tcp: record.protocol === Protocol.tcp && flow ? tcpRow(record, flow) : null,
      info: bytes ? packetInfo(packet, bytes) : '',
      malformed: (record.marks & PacketMark.malformed) === 0 ? null : bytes && packet.error ? `${packet.error.layer}: ${packet.error.reason} at byte ${packet.error.offset}` : 'malformed',
      comment: comments.join(' / ').slice(0, rowCommentLetters),
    }
  }

  private bytesOf(record: PacketRecord, bytesOf: ByteReader): Uint8Array | null {
    return record.fileOffset < 0 ? null : bytesOf(record.fileOffset, record.capturedLength)
  }

  private flowOf(record: PacketRecord): Flow | null {
    return record.flow < 0 ? null : this.tracker.flows[record.flow]
  }

  private addressOf(flow: Flow, isSource: boolean): string {
    const isFromClient = (this.record.marks & PacketMark.fromServer) === 0
    return this.tracker.addresses.text((isSource === isFromClient ? flow.client : flow.server).address)
  }
}

function tcpRow(record: PacketRecord, flow: Flow): TcpRow {
  const from = (record.marks & PacketMark.fromServer) === 0 ? 0 : 1
  const sender = from === 0 ? flow.client : flow.server
  const receiver = from === 0 ? flow.server : flow.client
  return {
    sourcePort: sender.port,
    destinationPort: receiver.port,
    flags: record.flags & 0x1ff,
    seq: record.seq,
    ack: record.ack,
    window: record.window,
    scaledWindow: scaledWindow(record, sender, receiver),
    length: record.payloadLength,
    from,
    state: senderStateOf(record.marks),
    stateChanged: (record.marks & PacketMark.stateChanged) !== 0,
    receiverState: receiverStateOf(record.marks),
    retransmission: (record.marks & PacketMark.retransmission) !== 0,
    findings: record.findings,
  }
}

/** RFC 7323 §2.2: never scaled on a SYN, and only where both have offered it. */
function scaledWindow(record: PacketRecord, sender: FlowEnd, receiver: FlowEnd): number {
  if (record.window === 0 || (record.flags & TcpFlag.syn) !== 0 || sender.windowScale === noWindowScale || receiver.windowScale === noWindowScale) return record.window
  if (sender.windowScale === unseenWindowScale || receiver.windowScale === unseenWindowScale) return -1
  return record.window * 2 ** Math.min(sender.windowScale, 14)
}

function sourceOf(packet: Packet): string {
  const { layers } = packet
  if ((layers & Layer.ipv4) !== 0) return formatIpv4(packet.ipv4.source)
  if ((layers & Layer.ipv6) !== 0) return formatIpv6(packet.ipv6.source)
  if ((layers & Layer.arp) !== 0 && hasMacAndIpv4(packet.arp)) return formatIpv4(packet.arp.senderIp)
  return (layers & Layer.ethernet) !== 0 ? formatMac(packet.ethernet.source) : ''
}

function destinationOf(packet: Packet): string {
  const { layers } = packet
  if ((layers & Layer.ipv4) !== 0) return formatIpv4(packet.ipv4.destination)
  if ((layers & Layer.ipv6) !== 0) return formatIpv6(packet.ipv6.destination)
  if ((layers & Layer.arp) !== 0 && hasMacAndIpv4(packet.arp)) return formatIpv4(packet.arp.targetIp)
  return (layers & Layer.ethernet) !== 0 ? formatMac(packet.ethernet.destination) : ''
}
