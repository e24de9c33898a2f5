import type { StreamPage, StreamStretch } from '../../src/rpc/stream-contract.ts'
import { codePointWidth } from '../console/text-width.ts'

export const streamViews = ['utf8', 'latin1', 'hex'] as const
export type StreamView = typeof streamViews[number]

export interface StreamLayout {
  readonly view: StreamView
  /** Cells of a line of text, or bytes of one in hex. */
  readonly columns: number
  /** Found bytes: positions `[from, to)`. */
  readonly match: readonly [from: number, to: number] | null
}

/** What a byte is besides itself. */
export const ByteMark = { overlap: 1, conflict: 2, match: 4, replaced: 8 } as const

/** Bytes of one packet that are marked alike. `text` is what is shown; in hex, `chars` beside it. */
export interface StreamSpan { position: number, length: number, packet: number, marks: number, text: string, chars: string }

/** A line: bytes of one direction, or a hole before `position`. */
export interface StreamLine {
  position: number
  end: 0 | 1
  hole: StreamStretch | null
  /** In its direction. */
  offset: number
  /** The first line of what this end says, until the other one does or bytes are missing. */
  isFirst: boolean
  spans: StreamSpan[]
}

/** The lines that begin at positions `[from, to)`; the page holds a few bytes more on either side, as far as there are any. */
export function layOutStream(page: StreamPage, from: number, to: number, layout: StreamLayout): StreamLine[] {
  const lines: StreamLine[] = []
  const bytes = new PageBytes(page, layout.match)
  const isLast = to >= page.total
  let holesDone = 0
  const takeHoles = (until: number): void => {
    for (; holesDone < page.holes.length && page.holes[holesDone].position <= until; holesDone++) {
      const hole = page.holes[holesDone]
      if (hole.position >= from && (hole.position < to || isLast)) lines.push({ position: hole.position, end: hole.end, hole, offset: hole.offset, isFirst: true, spans: [] })
    }
  }
  for (const run of runsOf(page)) {
    takeHoles(run.from)
    if (layout.view === 'hex') layOutHex(bytes, run, from, to, layout.columns, lines)
    else layOutText(bytes, run, from, to, layout, lines)
  }
  takeHoles(Infinity)
  return lines
}

/** `from` may lie before the page. */
interface Run { end: 0 | 1, from: number, to: number, offset: number }

function runsOf({ pieces, runFrom, from }: StreamPage): Run[] {
  const runs: Run[] = []
  for (const { end, position, offset, length } of pieces) {
    const last = runs.at(-1)
    if (last?.end === end && last.offset + position - last.from === offset) last.to = position + length
    else if (last) runs.push({ end, from: position, to: position + length, offset })
    else runs.push({ end, from: runFrom, to: position + length, offset: offset - (from - runFrom) })
  }
  return runs
}

/** The bytes of a page, and of each who holds it and how it is marked. */
class PageBytes {
  readonly from: number
  readonly end: number
  readonly data: Uint8Array
  readonly packets: Uint32Array
  readonly marks: Uint8Array

  constructor(page: StreamPage, match: StreamLayout['match']) {
    const { data, from, pieces, marks } = page
    this.from = from
    this.end = from + data.length
    this.data = data
    this.packets = new Uint32Array(data.length)
    this.marks = new Uint8Array(data.length)
    for (const piece of pieces) {
      const at = piece.position - from
      this.packets.fill(piece.packet, at, at + piece.length)
      for (const mark of marks) {
        if (mark.end !== piece.end || mark.offset >= piece.offset + piece.length || mark.offset + mark.length <= piece.offset) continue
        const first = Math.max(0, mark.offset - piece.offset)
        const last = Math.min(piece.length, mark.offset + mark.length - piece.offset)
        for (let i = at + first; i < at + last; i++) this.marks[i] |= mark.kind === 'conflict' ? ByteMark.conflict : ByteMark.overlap
      }
    }
    if (match !== null) for (let i = Math.max(0, match[0] - from); i < Math.min(data.length, match[1] - from); i++) this.marks[i] |= ByteMark.match
  }
}

function layOutHex({ from: pageFrom, end, data, packets, marks }: PageBytes, run: Run, from: number, to: number, columns: number, into: StreamLine[]): void {
  const first = run.from + Math.max(0, Math.ceil((from - run.from) / columns)) * columns
  for (let position = first; position < Math.min(run.to, to); position += columns) {
    const line: StreamLine = { position, end: run.end, hole: null, offset: run.offset + position - run.from, isFirst: position === run.from, spans: [] }
    for (let at = position; at < Math.min(position + columns, run.to, end); at++) {
      const i = at - pageFrom
      const char = data[i] >= 0x20 && data[i] < 0x7f ? String.fromCharCode(data[i]) : '·'
      extend(line.spans, at, 1, packets[i], marks[i], data[i].toString(16).padStart(2, '0'), char)
    }
    into.push(line)
  }
}

function layOutText({ from: pageFrom, end, data, packets, marks }: PageBytes, run: Run, from: number, to: number, { view, columns }: StreamLayout, into: StreamLine[]): void {
  const stop = Math.min(run.to, end) - pageFrom
  let i = Math.max(run.from, from) - pageFrom
  // What began on the page before, a character or a line break, is shown there.
  if (run.from < from) i = skipStarted(data, Math.max(0, run.from - pageFrom), i, stop, view)
  let line: StreamLine | null = null
  let cells = 0
  while (i < stop && pageFrom + i < to) {
    const isCrLf = data[i] === cr && i + 1 < stop && data[i + 1] === lf
    if (data[i] === lf || isCrLf) {
      const bytes = isCrLf ? 2 : 1
      line ??= begin(i)
      extend(line.spans, pageFrom + i, bytes, packets[i], marks[i], '', '')
      line = null
      i += bytes
      continue
    }
    const { text, length, isReplaced } = characterAt(data, i, stop, view, cells)
    const width = isReplaced ? 1 : widthOf(text)
    if (line === null || cells + width > columns) line = begin(i)
    extend(line.spans, pageFrom + i, length, packets[i], isReplaced ? marks[i] | ByteMark.replaced : marks[i], text, '')
    cells += width
    i += length
  }

  function begin(at: number): StreamLine {
    const position = pageFrom + at
    cells = 0
    const begun: StreamLine = { position, end: run.end, hole: null, offset: run.offset + position - run.from, isFirst: position === run.from, spans: [] }
    into.push(begun)
    return begun
  }
}

function extend(spans: StreamSpan[], position: number, length: number, packet: number, marks: number, text: string, chars: string): void {
  const last = spans.at(-1)
  if (last?.packet === packet && last.marks === marks) {
    last.length += length
    last.text += chars === '' || last.text === '' ? text : ` ${text}`
    last.chars += chars
  } else {
    spans.push({ position, length, packet, marks, text, chars })
  }
}

const cr = 0x0d
const lf = 0x0a
const tabStop = 8

/** @param cells before it in its line */
function characterAt(data: Uint8Array, i: number, stop: number, view: StreamView, cells: number): { text: string, length: number, isReplaced: boolean } {
  const byte = data[i]
  if (byte === 0x09) return { text: ' '.repeat(tabStop - cells % tabStop), length: 1, isReplaced: false }
  if (byte < 0x80) return byte >= 0x20 && byte < 0x7f ? { text: String.fromCharCode(byte), length: 1, isReplaced: false } : unshown(1)
  if (view === 'latin1') return byte >= 0xa0 && byte !== 0xad ? { text: String.fromCharCode(byte), length: 1, isReplaced: false } : unshown(1)
  const length = utf8Length(data, i, stop)
  if (length === 0) return unshown(1)
  const text = decoder.decode(data.subarray(i, i + length))
  // Nothing that turns the text round, breaks the line or cannot be seen.
  return text === '\uFFFD' || /[\p{C}\p{Zl}\p{Zp}]/u.test(text) ? unshown(length) : { text, length, isReplaced: false }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const unshown = (length: number) => ({ text: '·', length, isReplaced: true })

/** Bytes of the character that begins here; 0 where none does (RFC 3629 §3). */
function utf8Length(data: Uint8Array, i: number, stop: number): number {
  const byte = data[i]
  const length = byte >= 0xc2 && byte < 0xe0 ? 2 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xf0 && byte < 0xf5 ? 4 : 0
  if (length === 0 || i + length > stop) return 0
  for (let k = 1; k < length; k++) if ((data[i + k] & 0xc0) !== 0x80) return 0
  return length
}

function skipStarted(data: Uint8Array, least: number, at: number, stop: number, view: StreamView): number {
  for (let back = 1; view === 'utf8' && back <= 3 && at - back >= least; back++) {
    const length = utf8Length(data, at - back, stop)
    if (length > back) return at - back + length
    if ((data[at - back] & 0xc0) !== 0x80) break
  }
  return data[at] === lf && at > least && data[at - 1] === cr ? at + 1 : at
}

function widthOf(text: string): number {
  return text.length > 1 && text[0] === ' ' ? text.length : codePointWidth(text.codePointAt(0)!)
}
