import type { ShallowRef } from 'vue'
import { computed, ref, shallowRef } from 'vue'
import type { Fault } from '../../src/base/fault.ts'
import { hex, parseHex } from '../../src/base/bytes.ts'
import { buildFrame, isFault } from '../../src/craft/build.ts'
import type { PacketDraft } from '../../src/craft/draft.ts'
import { draftFromOneLine, draftToOneLine } from '../../src/craft/one-line.ts'
import { readFrame } from '../../src/craft/read.ts'
import { isOneLineError } from '../../src/wire/one-line-cursor.ts'
import type { OneLineError } from '../../src/wire/one-line-cursor.ts'

export type DraftView = 'form' | 'hex' | 'line'

const ethernetHeaderBytes = 14

/**
 * One packet in three views. Whoever is edited leads: its text stays as it was typed, the other two follow. Text that says no
 * packet leaves the packet as it was, and says why.
 */
export function useDraft(initial: PacketDraft) {
  const draft: ShallowRef<PacketDraft> = shallowRef(initial)
  /** Bytes that are a frame but carry no TCP: they can be sent, and have no form. */
  const raw: ShallowRef<Uint8Array | null> = shallowRef(null)
  const hexText = ref('')
  const lineText = ref('')
  const hexFault = shallowRef<Fault | null>(null)
  const lineError = shallowRef<OneLineError | null>(null)

  const built = computed(() => raw.value ?? buildFrame(draft.value))
  const frame = computed(() => isFault(built.value) ? null : built.value)
  const formFault = computed(() => isFault(built.value) ? built.value : null)

  function follow(except: DraftView): void {
    if (except !== 'hex' && frame.value) {
      hexText.value = hexLines(frame.value)
      hexFault.value = null
    }
    if (except !== 'line') {
      lineText.value = draftToOneLine(draft.value)
      lineError.value = null
    }
  }

  function set(next: PacketDraft, from: DraftView = 'form'): void {
    draft.value = next
    raw.value = null
    follow(from)
  }

  function editHex(text: string): void {
    hexText.value = text
    const bytes = parseHex(text)
    if (bytes === null) {
      hexFault.value = { code: 'hexSyntax', params: firstBad(text) }
      return
    }
    const read = readFrame(bytes)
    hexFault.value = isFault(read) ? read : null
    if (!isFault(read)) set(read, 'hex')
    else raw.value = bytes.length >= ethernetHeaderBytes ? bytes : null
  }

  function editLine(text: string): void {
    lineText.value = text
    const read = draftFromOneLine(text, draft.value)
    lineError.value = isOneLineError(read) ? read : null
    if (!isOneLineError(read)) set(read, 'line')
  }

  follow('form')
  return { draft, raw, frame, formFault, hexText, hexFault, lineText, lineError, set, editHex, editLine }
}

function hexLines(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) lines.push(hex(bytes.subarray(at, at + 16), ' '))
  return lines.join('\n')
}

/** Where the text stops being pairs of hexadecimal digits. */
function firstBad(text: string): { got: string, column: number } {
  const at = text.search(/[^\s0-9a-fA-F:x]/)
  const column = at < 0 ? text.trimEnd().length : at + 1
  return { got: text.slice(column - 1).split(/\s/, 1)[0].slice(0, 8), column }
}
