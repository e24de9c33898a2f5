import { printPacket } from '../../src/wire/one-line.ts'
import { decodePacket, LinkType, Packet } from '../../src/wire/packet.ts'
import { secondsText } from './script-report.ts'

const packet = new Packet()

/** Every packet of a script as a line: time from its begin, `<` to the stack and `>` from it. */
export class ScriptTrace {
  readonly lines: string[] = []

  take(frame: Uint8Array, direction: 'sent' | 'received', nowUs: number): void {
    decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
    this.lines.push(`  ${secondsText(nowUs)} ${direction === 'sent' ? '>' : '<'} ${printPacket(packet, frame)}`)
  }
}
