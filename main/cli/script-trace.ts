import { secondsText } from '../../src/script/failure-words.ts'
import { printPacket } from '../../src/wire/one-line.ts'
import { decodePacket, LinkType, Packet } from '../../src/wire/packet.ts'
import type { ScriptFrame } from './script-job.ts'

/** Every packet of a script as a line: time from its begin, `<` to the stack and `>` from it. */
export function traceLines(frames: readonly ScriptFrame[]): string[] {
  const packet = new Packet()
  return frames.map(({ frame, direction, nowUs }) => {
    decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
    return `  ${secondsText(nowUs)} ${direction === 'sent' ? '>' : '<'} ${printPacket(packet, frame)}`
  })
}
