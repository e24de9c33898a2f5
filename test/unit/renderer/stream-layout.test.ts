import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layOutStream, type StreamLayout, type StreamLine } from '../../../renderer/capture/stream-layout.ts'
import type { StreamPage, StreamStretch } from '../../../src/rpc/stream-contract.ts'

const end = { length: 0, captured: 0, repeated: 0, conflicts: 0, outside: 0 }
const utf8 = (text: string) => new TextEncoder().encode(text)

/** A page of what the ends have said, each piece of it in a packet of its own. */
function pageOf(said: readonly [end: 0 | 1, text: string | Uint8Array][], parts: Partial<StreamPage> = {}): StreamPage {
  const data = said.map(([, text]) => typeof text === 'string' ? utf8(text) : text)
  const offsets = [0, 0]
  let position = 0
  const pieces = said.map(([from], i): StreamStretch => {
    const piece = { kind: 'data' as const, end: from, position, offset: offsets[from], length: data[i].length, packet: i + 1 }
    offsets[from] += data[i].length
    position += data[i].length
    return piece
  })
  return {
    total: position, from: 0, data: Uint8Array.from(data.flatMap((bytes) => [...bytes])), pieces, holes: [], marks: [], hasMoreMarks: false, runFrom: 0, ends: [end, end], version: '',
    packets: 1, totalPackets: 1, ...parts,
  }
}

const layout: StreamLayout = { view: 'utf8', columns: 20, match: null }
const texts = (lines: readonly StreamLine[]) => lines.map(({ spans, hole, end: from }) => hole ? `hole ${hole.length}` : `${'CS'[from]}${spans.map(({ text }) => text).join('|')}`)
const whole = (page: StreamPage, how: Partial<StreamLayout> = {}) => layOutStream(page, 0, page.total, { ...layout, ...how })

describe('lines of a stream', () => {
  it('end at line breaks, at the width, and where the other end speaks', () => {
    const page = pageOf([[0, 'GET / HTTP/1.1\r\n\r\n'], [1, 'OK\nthis line is longer than twenty']])
    expect(texts(whole(page))).toEqual(['CGET / HTTP/1.1', 'C', 'SOK', 'Sthis line is longer ', 'Sthan twenty'])
  })

  it('count characters that take two cells as two, and show what cannot be seen as a dot', () => {
    expect(texts(whole(pageOf([[0, '가나다라마바사아자차카타']])))).toEqual(['C가나다라마바사아자차', 'C카타'])
    expect(texts(whole(pageOf([[0, 'a\u202Eb\u0007\u0000']])))).toEqual(['Ca|·|b|··'])
    expect(texts(whole(pageOf([[0, Uint8Array.of(0x61, 0xff, 0xc3)]])))).toEqual(['Ca|··'])
  })

  it('reads bytes as Latin-1 where that is chosen', () => {
    expect(texts(whole(pageOf([[0, Uint8Array.of(0xe9, 0x74, 0xe9)]]), { view: 'latin1' }))).toEqual(['Cété'])
  })

  it('have a span for each packet, and marks for what came again', () => {
    const marks: StreamStretch[] = [{ kind: 'overlap', end: 0, position: -1, offset: 1, length: 3, packet: 9 }, { kind: 'conflict', end: 0, position: -1, offset: 3, length: 2, packet: 9 }]
    const [line] = whole(pageOf([[0, 'abc'], [0, 'def']], { marks }))
    expect(line.spans.map(({ text, packet, marks: bits }) => [text, packet, bits])).toEqual([['a', 1, 0], ['bc', 1, 1], ['d', 2, 3], ['e', 2, 2], ['f', 2, 0]])
  })

  it('show a hole where it is, and one behind the end', () => {
    const hole = (position: number, offset: number): StreamStretch => ({ kind: 'hole', end: 0, position, offset, length: 7, packet: 0 })
    const page = pageOf([[0, 'ab'], [0, 'cd']], { holes: [hole(2, 2), hole(4, 11)] })
    page.pieces[1].offset = 9
    expect(texts(whole(page))).toEqual(['Cab', 'hole 7', 'Ccd', 'hole 7'])
  })

  it('have sixteen bytes in hex, counted from where the end began to speak, with their characters', () => {
    const page = pageOf([[0, 'abc'], [1, '0123456789abcdefXY']])
    const lines = whole(page, { view: 'hex', columns: 16 })
    expect(lines.map(({ offset, spans }) => `${offset} ${spans.map(({ text }) => text).join(' ')} ${spans.map(({ chars }) => chars).join('')}`)).toEqual([
      '0 61 62 63 abc', '0 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 0123456789abcdef', '16 58 59 XY',
    ])
  })

  it('of two pages are those of the whole, in hex; in text no byte is shown twice or not at all', () => {
    const said = fc.array(fc.tuple(fc.constantFrom<0 | 1>(0, 1), fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.constantFrom('a\r\nb\n', '한글과 문자', '\r\n\r\n')).map((text) => text || '?')), { minLength: 1, maxLength: 8 })
    fc.assert(fc.property(said, fc.nat(), fc.constantFrom('hex', 'utf8', 'latin1' as const), (all, cut, view) => {
      const page = pageOf(all)
      const middle = cut % page.total
      const how: StreamLayout = { view: view as StreamLayout['view'], columns: view === 'hex' ? 8 : 30, match: null }
      const halves = [...layOutStream(page, 0, middle, how), ...layOutStream(page, middle, page.total, how)]
      if (view === 'hex') expect(halves).toEqual(layOutStream(page, 0, page.total, how))
      let at = 0
      for (const { spans } of halves) {
        for (const span of spans) {
          expect(span.position).toBe(at)
          at += span.length
        }
      }
      expect(at).toBe(page.total)
    }), { seed: 21, numRuns: 150 })
  })
})
