import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { printPacket } from '../../src/wire/one-line.ts'
import { Packet, decodePacket } from '../../src/wire/packet.ts'

const packet = new Packet()
let clockSec = -1
let clockText = ''

/** `HH:MM:SS.uuuuuu` in local time, as tcpdump prints it. */
export function timeOfDay(sec: number, nsec: number): string {
  if (sec !== clockSec) {
    const at = new Date(sec * 1000)
    clockText = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
    clockSec = sec
  }
  return `${clockText}.${String(Math.floor(nsec / 1000)).padStart(6, '0')}`
}

/** One frame as one line: time, then the packet in one-line form; what cannot be decoded is said behind it. */
export function frameLine(batch: FrameBatch, i: number, linkType: number): string {
  return `${timeOfDay(batch.timeSec[i], batch.timeNsec[i])} ${packetText(batch, i, linkType)}`
}

/** One frame as a JSON object. */
export function frameJson(batch: FrameBatch, i: number, linkType: number): string {
  return JSON.stringify({
    event: 'packet', timeSec: batch.timeSec[i], timeNsec: batch.timeNsec[i], direction: directions[batch.direction[i]] ?? 'unknown',
    capturedLength: batch.capturedLength[i], originalLength: batch.originalLength[i], line: packetText(batch, i, linkType),
  })
}

const directions = ['unknown', 'received', 'sent'] as const

function packetText(batch: FrameBatch, i: number, linkType: number): string {
  decodePacket(batch.bytes, batch.offset[i], batch.capturedLength[i], linkType, packet, batch.originalLength[i])
  const line = printPacket(packet, batch.bytes)
  return packet.error === null ? line : `${line} [${packet.error.layer}: ${packet.error.reason} @ ${packet.error.offset}]`
}
