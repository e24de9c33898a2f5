import type { StreamChoice, StreamPage } from '../../src/rpc/stream-contract.ts'
import type { Lab } from '../lab/store.ts'
import { layOutStream, type StreamLine, type StreamView } from './stream-layout.ts'

const pageBytes = 65_536
/** More belongs into a file. */
export const copiedAtMost = 1_048_576

/** The beginning of a stream as it is shown, for the clipboard: with both directions, each line says who has sent it. */
export async function streamText(
  lab: Lab, choice: StreamChoice, view: StreamView, holeWords: (line: StreamLine) => string,
): Promise<{ text: string, bytes: number, total: number }> {
  const lines: string[] = []
  let page: StreamPage
  let bytes = 0
  do {
    page = await lab.client.getStream({ ...choice, from: bytes, count: pageBytes })
    const columns = view === 'hex' ? 16 : Number.MAX_SAFE_INTEGER
    const laidOut = layOutStream(page, bytes, bytes + Math.max(1, page.data.length), { view, columns, match: null })
    for (const line of laidOut) lines.push(lineText(line, view, choice.end === undefined, holeWords))
    bytes += page.data.length
  } while (bytes < Math.min(page.total, copiedAtMost) && page.data.length > 0)
  return { text: `${lines.join('\n')}\n`, bytes, total: page.total }
}

function lineText(line: StreamLine, view: StreamView, isBoth: boolean, holeWords: (line: StreamLine) => string): string {
  const lead = isBoth ? `${'CS'[line.end]}${line.hole === null ? '>' : '!'} ` : line.hole === null ? '' : '! '
  if (line.hole !== null) return lead + holeWords(line)
  if (view !== 'hex') return lead + line.spans.map(({ text }) => text).join('')
  const digits = line.spans.map(({ text }) => text).join(' ')
  return `${lead}${line.offset.toString(16).padStart(8, '0')}  ${digits.padEnd(47)}  ${line.spans.map(({ chars }) => chars).join('')}`
}
