import { TcpOptionKind } from '../wire/tcp-options.ts'

/*
 * An option that is too short for what it says it holds: Wireshark gives up the header there, knows the flow as far as it had got, and shows no findings.
 */

const sackBytes = 10
const dataSequenceSignal = { ack: 0x01, longAck: 0x02, mapping: 0x04, longMapping: 0x08 } as const
/** Least lengths of Multipath TCP options by subtype (RFC 8684 §3); others need only the subtype. */
const multipathBytes: Readonly<Record<number, number | undefined>> = { 0: 4, 3: 4, 6: 12, 7: 12, 8: 4 }
const dataSequenceSubtype = 2

/** @returns where the first such option begins, otherwise `at + length` */
export function findUnreadableOption(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length
  for (let i = at; i < end;) {
    const kind = bytes[i]
    if (kind === TcpOptionKind.eol) return end
    if (kind === TcpOptionKind.nop) {
      i++
      continue
    }
    const optionLength = i + 1 < end ? bytes[i + 1] : 0
    if (optionLength < 2 || i + optionLength > end) return end
    if (optionLength < bytesNeeded(bytes, i, kind, optionLength)) return i
    i += optionLength
  }
  return end
}

function bytesNeeded(bytes: Uint8Array, at: number, kind: number, optionLength: number): number {
  if (kind === TcpOptionKind.sack) return sackBytes
  if (kind !== TcpOptionKind.mptcp) return 2
  if (optionLength < 3) return 3
  const subtype = bytes[at + 2] >>> 4
  return subtype === dataSequenceSubtype ? signalBytes(bytes, at, optionLength) : multipathBytes[subtype] ?? 3
}

/** RFC 8684 §3.3, without the checksum, which may be left out. */
function signalBytes(bytes: Uint8Array, at: number, optionLength: number): number {
  if (optionLength < 4) return 4
  const flags = bytes[at + 3]
  const ack = (flags & dataSequenceSignal.ack) === 0 ? 0 : (flags & dataSequenceSignal.longAck) === 0 ? 4 : 8
  const mapping = (flags & dataSequenceSignal.mapping) === 0 ? 0 : (flags & dataSequenceSignal.longMapping) === 0 ? 10 : 14
  return 4 + ack + mapping
}
