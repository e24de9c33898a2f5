import { buildFrame, isFault } from '../../src/craft/build.ts'
import { defaultDraft } from '../../src/craft/draft.ts'
import { draftFromOneLine } from '../../src/craft/one-line.ts'

/** Ethernet frames of packets in one-line form, lengths and checksums filled in. */
export function framesOfLines(...lines: readonly string[]): Uint8Array[] {
  return lines.map((line) => {
    const draft = draftFromOneLine(line, defaultDraft)
    if ('column' in draft) throw new Error(`${line}: ${draft.expected} at column ${draft.column}, not ${draft.got}`)
    const frame = buildFrame(draft)
    if (isFault(frame)) throw new Error(`${line}: ${frame.code}`)
    return frame
  })
}
