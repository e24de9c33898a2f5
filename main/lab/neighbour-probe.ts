import { readU16, readU32, writeU16, writeU32 } from '../../src/base/bytes.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { ArpOperation, arpBytes } from '../../src/wire/arp.ts'
import { EtherType, ethernetHeaderBytes } from '../../src/wire/ethernet.ts'

const answerWithinMs = 1000
const askAgainMs = 250

interface Question { address: number, answer: (mac: Uint8Array | null) => void }

/**
 * Asks who has an IPv4 address, for frames that are made by hand. The question is an ARP probe (RFC 5227 §1.1: no sender address),
 * so that it changes nobody's table.
 */
export class NeighbourProbe {
  private readonly mac: Uint8Array
  private readonly send: (frame: Uint8Array) => void
  private readonly questions = new Set<Question>()

  constructor(mac: Uint8Array, send: (frame: Uint8Array) => void) {
    this.mac = mac
    this.send = send
  }

  /** @returns the MAC, or null where nobody answers within a second */
  ask(address: number): Promise<Uint8Array | null> {
    const frame = probeFrame(this.mac, address)
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
      const arp = offset[i] + ethernetHeaderBytes
      if (capturedLength[i] < ethernetHeaderBytes + arpBytes || readU16(bytes, offset[i] + 12) !== EtherType.arp || readU16(bytes, arp + 6) !== ArpOperation.reply) continue
      const sender = readU32(bytes, arp + 14)
      for (const question of this.questions) if (question.address === sender) question.answer(bytes.slice(arp + 8, arp + 14))
    }
  }
}

function probeFrame(mac: Uint8Array, address: number): Uint8Array {
  const frame = new Uint8Array(ethernetHeaderBytes + arpBytes)
  frame.fill(0xff, 0, 6)
  frame.set(mac, 6)
  writeU16(frame, 12, EtherType.arp)
  frame.set([0, 1, 8, 0, 6, 4, 0, ArpOperation.request], ethernetHeaderBytes)
  frame.set(mac, ethernetHeaderBytes + 8)
  writeU32(frame, ethernetHeaderBytes + 24, address)
  return frame
}
