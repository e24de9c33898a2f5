import { utf8Text } from '../../src/base/bytes.ts'
import type { StreamPage, StreamStretch } from '../../src/rpc/stream-contract.ts'
import { stretchWords } from '../capture/stream-words.ts'
import { formatCount } from '../format.ts'
import { harmless, toned } from './ansi.ts'

/** A page of a stream for the console: `C> ` and `S> ` before what an end has sent, a sign before what is missing. */
export function printStream(page: StreamPage, t: (key: string, params?: Record<string, unknown>) => string): string[] {
  const lines: string[] = []
  const holes = [...page.holes]
  for (const { end, from, to } of turnsOf(page)) {
    while (holes.length > 0 && holes[0].position <= from) lines.push(noteLine(holes.shift()!, t))
    const text = harmless(utf8Text(page.data.subarray(from - page.from, to - page.from)).replaceAll('\r\n', '\n'))
    for (const line of text.replace(/\n$/, '').split('\n')) lines.push(`${toned('dim', `${'CS'[end]}>`)} ${line}`)
  }
  for (const hole of holes) lines.push(noteLine(hole, t))
  for (const mark of page.marks.filter(({ kind }) => kind === 'conflict')) lines.push(noteLine(mark, t))
  if (page.total > page.data.length) {
    lines.push(toned('dim', t('window.stream.shownBytes', { from: formatCount(page.from), to: formatCount(page.from + page.data.length), total: formatCount(page.total) })))
  }
  if (page.packets < page.totalPackets) lines.push(toned('dim', t('window.stream.working', { done: formatCount(page.packets), total: formatCount(page.totalPackets) })))
  if (lines.length === 0) lines.push(t('window.stream.noBytes'))
  return lines
}

/** Pieces of one direction that follow one another, up to the next hole. */
function turnsOf({ pieces, holes }: StreamPage): { end: 0 | 1, from: number, to: number }[] {
  const turns: { end: 0 | 1, from: number, to: number }[] = []
  const breaks = new Set(holes.map(({ position }) => position))
  for (const { end, position, length } of pieces) {
    const last = turns.at(-1)
    if (last?.end === end && !breaks.has(position)) last.to = position + length
    else turns.push({ end, from: position, to: position + length })
  }
  return turns
}

function noteLine(stretch: StreamStretch, t: (key: string, params?: Record<string, unknown>) => string): string {
  return toned(stretch.kind === 'conflict' ? 'error' : 'dim', `${'CS'[stretch.end]}! ${stretchWords(stretch, t)}`)
}
