import type { Flow } from '../../trace/flow.ts'
import { PacketMark, Protocol } from '../../trace/packet-store.ts'
import type { PacketChunk } from '../../trace/packet-store.ts'
import { Presence } from '../field.ts'
import type { ColumnLoader } from '../field.ts'

type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array

/** A column that every packet has. */
export function column(of: (columns: PacketChunk) => Column): ColumnLoader {
  return (block, values, presence) => {
    const { from, count } = block
    const found = of(block.columns)
    for (let i = 0; i < count; i++) values[i] = found[from + i]
    presence.fill(Presence.present, 0, count)
  }
}

/** A column of TCP segments. */
export function tcpColumn(of: (columns: PacketChunk) => Column, mask = 0xffff_ffff): ColumnLoader {
  return (block, values, presence) => {
    const { from, count, columns } = block
    block.presenceOf(Protocol.tcp, presence)
    const found = of(columns)
    if (mask === 0xffff_ffff) for (let i = 0; i < count; i++) values[i] = found[from + i]
    else for (let i = 0; i < count; i++) values[i] = (found[from + i] & mask) === 0 ? 0 : 1
  }
}

/** That a packet has the header at all: the value means nothing. */
export function protocolColumn(protocol: number): ColumnLoader {
  return (block, _values, presence) => { block.presenceOf(protocol, presence) }
}

/** Ports of TCP or UDP: the flow has them, the mark says which end sent. */
export function portColumn(protocol: number, isSource: boolean): ColumnLoader {
  const flip = isSource ? 0 : PacketMark.fromServer
  return (block, values, presence) => {
    const { columns: { flow, marks }, from, count, flows: { ports } } = block
    block.presenceOf(protocol, presence)
    for (let i = 0; i < count; i++) {
      const found = flow[from + i]
      if (found >= 0) values[i] = ports[2 * found + ((marks[from + i] & PacketMark.fromServer) === flip ? 0 : 1)]
      else if (presence[i] === Presence.present) presence[i] = Presence.inBytes
    }
  }
}

/** A value of the packet at `at` in its chunk; `packet` is its number, 0 where flows are taken as they are at the end (two passes). */
export type SegmentValue = (columns: PacketChunk, at: number, flow: Flow, packet: number) => number

/** What the tracker gives of TCP segments, where it gives a number for each that is in a flow. Quoted ones have to be looked at. */
export function segmentColumn(of: SegmentValue): ColumnLoader {
  return ({ columns, from, count, first, source, isOnePass }, values, presence) => {
    const { flow, marks, protocol } = columns
    const { flows } = source.tracker
    for (let i = 0; i < count; i++) {
      const at = from + i
      const isSegment = protocol[at] === Protocol.tcp && flow[at] >= 0
      presence[i] = (marks[at] & PacketMark.quoting) !== 0 || (!isSegment && isIcmp(protocol[at])) ? Presence.inBytes : +isSegment
      if (isSegment) values[i] = of(columns, at, flows[flow[at]], isOnePass ? first + i + 1 : 0)
    }
  }
}

function isIcmp(protocol: number): boolean {
  return protocol === Protocol.icmp || protocol === Protocol.icmpv6
}

/** The number of a packet's flow among those of its protocol. */
export function streamColumn(protocol: number): ColumnLoader {
  return ({ columns: { flow, marks, protocol: protocols }, from, count, flows: { streams } }, values, presence) => {
    for (let i = 0; i < count; i++) {
      const found = flow[from + i]
      const isOpen = (marks[from + i] & (PacketMark.tunnelled | PacketMark.quoting)) !== 0
      presence[i] = isOpen ? Presence.inBytes : protocols[from + i] === protocol && found >= 0 ? Presence.present : Presence.absent
      if (found >= 0) values[i] = streams[found]
    }
  }
}

/** IPv4 addresses of packets that belong to a flow of TCP or UDP; others have to be looked at. */
export function ipv4Column(isSource: boolean): ColumnLoader {
  const flip = isSource ? 0 : PacketMark.fromServer
  return (block, values, presence) => {
    const { columns: { flow, marks, protocol }, from, count, flows: { addresses } } = block
    for (let i = 0; i < count; i++) {
      const at = from + i
      const found = flow[at]
      if (found < 0 || protocol[at] < Protocol.udp || (marks[at] & (PacketMark.malformed | PacketMark.tunnelled)) !== 0) {
        presence[i] = protocol[at] === Protocol.arp && (marks[at] & PacketMark.malformed) === 0 ? Presence.absent : Presence.inBytes
        continue
      }
      values[i] = addresses[2 * found + ((marks[at] & PacketMark.fromServer) === flip ? 0 : 1)]
      presence[i] = values[i] < 0 ? Presence.absent : Presence.present
    }
  }
}
