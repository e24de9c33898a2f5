/** What the console does on a key. */
export type EditAction =
  | 'submit' | 'cancel' | 'clearScreen' | 'complete' | 'completeBack' | 'search' | 'escape'
  | 'left' | 'right' | 'wordLeft' | 'wordRight' | 'home' | 'end' | 'up' | 'down'
  | 'deleteBack' | 'deleteForward' | 'deleteWordBack' | 'deleteWordForward' | 'killToEnd' | 'killToStart' | 'yank'

export type EditInput = { action: EditAction } | { text: string } | { paste: string }

/** Key sequences as a terminal sends them. */
const sequences: Record<string, EditAction> = {
  '\r': 'submit', '\n': 'submit', '\x03': 'cancel', '\x07': 'escape', '\x0c': 'clearScreen', '\t': 'complete', '\x1b[Z': 'completeBack', '\x12': 'search', '\x1b': 'escape',
  '\x1b[D': 'left', '\x1bOD': 'left', '\x02': 'left', '\x1b[C': 'right', '\x1bOC': 'right', '\x06': 'right',
  '\x1b[1;5D': 'wordLeft', '\x1b[1;3D': 'wordLeft', '\x1bb': 'wordLeft', '\x1b[1;5C': 'wordRight', '\x1b[1;3C': 'wordRight', '\x1bf': 'wordRight',
  '\x1b[H': 'home', '\x1bOH': 'home', '\x1b[1~': 'home', '\x01': 'home', '\x1b[F': 'end', '\x1bOF': 'end', '\x1b[4~': 'end', '\x05': 'end',
  '\x1b[A': 'up', '\x1bOA': 'up', '\x10': 'up', '\x1b[B': 'down', '\x1bOB': 'down', '\x0e': 'down',
  '\x7f': 'deleteBack', '\b': 'deleteBack', '\x1b[3~': 'deleteForward', '\x04': 'deleteForward', '\x17': 'deleteWordBack', '\x1b\x7f': 'deleteWordBack', '\x1bd': 'deleteWordForward',
  '\x1b[3;5~': 'deleteWordForward', '\x0b': 'killToEnd', '\x15': 'killToStart', '\x19': 'yank',
}

const pasteStart = '\x1b[200~'
const pasteEnd = '\x1b[201~'
const longest = Math.max(...Object.keys(sequences).map((sequence) => sequence.length))

/** Cuts what the terminal sent into keys, text and pastes; sequences that mean nothing here are dropped. */
export function readInput(data: string): EditInput[] {
  const inputs: EditInput[] = []
  for (let at = 0; at < data.length;) {
    if (data.startsWith(pasteStart, at)) {
      const end = data.indexOf(pasteEnd, at)
      inputs.push({ paste: data.slice(at + pasteStart.length, end < 0 ? undefined : end) })
      at = end < 0 ? data.length : end + pasteEnd.length
      continue
    }
    const sequence = longestSequence(data, at)
    if (sequence !== null) {
      inputs.push({ action: sequences[sequence] })
      at += sequence.length
      continue
    }
    const text = /^[^\x00-\x1f\x7f]+/.exec(data.slice(at))?.[0]
    if (text) inputs.push({ text })
    at += text ? text.length : unknownLength(data, at)
  }
  return inputs
}

function longestSequence(data: string, at: number): string | null {
  for (let length = Math.min(longest, data.length - at); length > 0; length--) {
    const candidate = data.slice(at, at + length)
    // A lone escape only counts when nothing follows that it could introduce.
    if (candidate === '\x1b' && data.length > at + 1) return null
    if (candidate in sequences) return candidate
  }
  return null
}

function unknownLength(data: string, at: number): number {
  return /^\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?|^./s.exec(data.slice(at))?.[0].length ?? 1
}
