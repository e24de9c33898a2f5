import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Finding } from '../../../src/trace/finding.ts'
import { PacketRecord } from '../../../src/trace/packet-store.ts'
import { segmentPayload } from '../../../src/trace/segment-payload.ts'
import { TcpStream } from '../../../src/trace/stream.ts'
import { packetOffset } from '../../../src/trace/stream-packet.ts'
import { partBytes, streamParts } from '../../../src/trace/stream-parts.ts'
import type { StreamPart } from '../../../src/trace/stream-parts.ts'
import { StreamRuns } from '../../../src/trace/stream-runs.ts'
import { findInStream, streamBytes } from '../../../src/trace/stream-search.ts'
import { nowhere, StretchIndex } from '../../../src/trace/stretch-index.ts'
import { StretchKind, stretchKindNames } from '../../../src/trace/stretch-kind.ts'
import { segment, TraceUnderTest } from './segments.ts'

const record = new PacketRecord()

function payloadIn({ trace, bytesOf }: TraceUnderTest) {
  return (packet: number): Uint8Array => {
    trace.store.read(packet - 1, record)
    const { fileOffset, capturedLength, linkType, originalLength } = record
    return segmentPayload(bytesOf(fileOffset, capturedLength)!, 0, capturedLength, linkType, originalLength)
  }
}

interface Stream { parts: StreamPart[], length: number, outside: number }

function streamOf(test: TraceUnderTest, end: 0 | 1 = 0): Stream {
  const stream = new TcpStream(test.trace.store, test.trace.tracker.flows[0], payloadIn(test))
  expect(stream.advance(() => false)).toBe(true)
  return directionOf(stream, end)
}

function directionOf(stream: TcpStream, end: 0 | 1): Stream {
  const direction = stream.directions[end]
  return { parts: partsOf(stream, end), length: direction.end - direction.begin, outside: direction.outside }
}

function partsOf(stream: TcpStream, only: 0 | 1 | null): StreamPart[] {
  const runs = new StreamRuns(stream, only)
  expect(runs.advance(() => false)).toBe(true)
  return [...streamParts(stream, runs, only)]
}

/** `offset+length kind packet@at` of each part. */
function shown({ parts }: { parts: readonly StreamPart[] }): string[] {
  return parts.map(({ offset, length, kind, packet, at }) => `${offset}+${length} ${stretchKindNames[kind]} ${packet}@${at}`)
}

function opened(clientIsn = 100, serverIsn = 500): TraceUnderTest {
  const test = new TraceUnderTest()
  test.send(`c> S ${clientIsn}:${clientIsn}(0)`)
  test.send(`s> S. ${serverIsn}:${serverIsn}(0) ack ${wrap(clientIsn + 1)}`)
  test.send(`c> . ${wrap(clientIsn + 1)}:0(0) ack ${wrap(serverIsn + 1)}`)
  return test
}

const wrap = (seq: number): number => seq % 2 ** 32

function say(test: TraceUnderTest, seq: number, text: string): void {
  test.send(`c> P. ${wrap(seq)}:0(${text.length}) ack 501`, undefined, text)
}

describe('stream reassembly', () => {
  it('puts segments in order, whatever the order of their coming', () => {
    const test = opened()
    for (const [seq, text] of [[104, 'def'], [101, 'abc'], [107, 'ghi']] as const) say(test, seq, text)
    expect(shown(streamOf(test))).toEqual(['0+3 data 5@0', '3+3 data 4@0', '6+3 data 6@0'])
  })

  it('marks a hole, and the one that only an ACK tells of', () => {
    const test = opened()
    say(test, 101, 'abc')
    say(test, 110, 'xyz')
    test.send('s> . 501:501(0) ack 120')
    expect(shown(streamOf(test))).toEqual(['0+3 data 4@0', '3+6 hole 0@0', '9+3 data 5@0', '12+7 hole 0@0'])
    expect(streamOf(test).length).toBe(19)
  })

  it('takes the number of a FIN for no byte', () => {
    const test = opened()
    say(test, 101, 'abc')
    test.send('c> F. 104:104(0) ack 501')
    test.send('s> . 501:501(0) ack 105')
    expect(shown(streamOf(test))).toEqual(['0+3 data 4@0'])
  })

  it('tells a repetition from one with other content, and where that differs', () => {
    const test = opened()
    say(test, 101, 'abcdef')
    say(test, 101, 'abcdef')
    say(test, 103, 'cXeYghi')
    expect(shown(streamOf(test))).toEqual(['0+6 data 4@0', '0+6 overlap 5@0', '2+1 overlap 6@0', '3+3 conflict 6@1', '6+3 data 6@4'])
  })

  it('crosses the end of the sequence space', () => {
    const test = opened(2 ** 32 - 3)
    say(test, 2 ** 32 + 1, 'def')
    say(test, 2 ** 32 - 2, 'abc')
    expect(shown(streamOf(test))).toEqual(['0+3 data 5@0', '3+3 data 4@0'])
  })

  it('begins with the earliest byte where the SYN was not seen', () => {
    const test = new TraceUnderTest()
    for (const [seq, text] of [[2, 'def'], [2 ** 32 - 1, 'abc']] as const) say(test, seq, text)
    expect(shown(streamOf(test))).toEqual(['0+3 data 2@0', '3+3 data 1@0'])
  })

  it('leaves out what a keep-alive carries, and what fits no window', () => {
    const test = opened()
    say(test, 101, 'abc')
    say(test, 103, '-')
    say(test, 103 + 2 ** 31, 'forged')
    const stream = streamOf(test)
    expect(shown(stream)).toEqual(['0+3 data 4@0'])
    expect(stream.outside).toBe(1)
  })

  it('says which packet was captured without its bytes, and takes them from another that has them', () => {
    const test = opened()
    const { frame } = segment('c> P. 101:0(6) ack 501', undefined, 'abcdef')
    test.add(frame.subarray(0, frame.length - 4), null, 1, frame.length)
    say(test, 105, 'ef')
    expect(shown(streamOf(test))).toEqual(['0+2 data 4@0', '2+2 hole 4@0', '4+2 data 5@0'])
  })

  it('agrees with a model that keeps byte by byte', () => {
    const segments = fc.array(fc.record({ at: fc.integer({ min: 0, max: 60 }), length: fc.integer({ min: 1, max: 24 }), mark: fc.constantFrom('', '', 'x', 'y') }), { maxLength: 20 })
    fc.assert(fc.property(segments, fc.integer({ min: -80, max: 1 }), (all, shift) => {
      const isn = wrap(2 ** 32 + shift)
      const test = opened(isn)
      const texts = new Map<number, { at: number, text: string }>()
      for (const { at, length, mark } of all) {
        const text = [...Array(length).keys()].map((i) => mark !== '' && (at + i) % 3 === 0 ? mark : String.fromCharCode(97 + (at + i) % 26)).join('')
        say(test, isn + 1 + at, text)
        const packet = test.trace.packetCount
        if ((test.trace.store.findingsOf(packet - 1) & Finding.keepAlive) === 0) texts.set(packet, { at, text })
      }
      expectModel(streamOf(test), texts)
    }), { seed: 7, numRuns: 80 })
  })
})

function expectModel(stream: Stream, texts: ReadonlyMap<number, { at: number, text: string }>): void {
  const owners = new Map<number, { packet: number, character: string }>()
  const repeated = new Map<number, Map<number, boolean>>()
  for (const [packet, { at, text }] of texts) {
    for (let i = 0; i < text.length; i++) {
      const owner = owners.get(at + i)
      if (owner === undefined) owners.set(at + i, { packet, character: text[i] })
      else repeated.set(packet, (repeated.get(packet) ?? new Map<number, boolean>()).set(at + i, owner.character !== text[i]))
    }
  }
  let end = 0
  for (const part of stream.parts) {
    const { offset, length, packet, at } = part
    const kind = stretchKindNames[part.kind]
    if (kind === 'data' || kind === 'hole') {
      expect(offset).toBe(end)
      end += length
    }
    if (kind !== 'hole') expect(texts.get(packet)!.at + at).toBe(offset)
    const again = repeated.get(packet)
    if (kind === 'conflict') expect([again!.get(offset), again!.get(offset + length - 1)]).toEqual([true, true])
    for (let i = offset; i < offset + length; i++) {
      if (kind === 'data') expect(owners.get(i)?.packet).toBe(packet)
      else if (kind === 'hole') expect(owners.has(i)).toBe(false)
      else {
        if (kind === 'overlap') expect(again?.get(i)).toBe(false)
        expect(again?.delete(i)).toBe(true)
      }
    }
  }
  expect(end).toBe(Math.max(0, ...[...owners.keys()].map((offset) => offset + 1)))
  expect(stream.length).toBe(end)
  expect([...repeated.values()].every((left) => left.size === 0)).toBe(true)
}

describe('a stream put together piece by piece', () => {
  const segments = fc.array(fc.record({
    at: fc.integer({ min: 0, max: 300 }), length: fc.integer({ min: 1, max: 120 }), mark: fc.constantFrom('', '', '', 'x'), isServer: fc.boolean(), isCut: fc.boolean(),
  }), { minLength: 1, maxLength: 60 })

  function talk(test: TraceUnderTest, { at, length, mark, isServer, isCut }: { at: number, length: number, mark: string, isServer: boolean, isCut: boolean }): void {
    const text = [...Array(length).keys()].map((i) => mark !== '' && (at + i) % 5 === 0 ? mark : String.fromCharCode(97 + (at + i) % 26)).join('')
    const { frame } = segment(isServer ? `s> P. ${501 + at}:0(${length}) ack 101` : `c> P. ${101 + at}:0(${length}) ack 501`, undefined, text)
    test.add(isCut ? frame.subarray(0, frame.length - Math.ceil(length / 2)) : frame, null, 1, frame.length)
  }

  it('comes to the same as at once, however little it does in a turn and whenever packets come', () => {
    fc.assert(fc.property(segments, fc.integer({ min: 0, max: 5 }), fc.boolean(), (all, turns, hasOpening) => {
      const test = hasOpening ? opened() : new TraceUnderTest()
      talk(test, all[0])
      const stream = new TcpStream(test.trace.store, test.trace.tracker.flows[0], payloadIn(test))
      const both = new StreamRuns(stream, null)
      const rest = all.slice(1)
      for (const each of rest) {
        talk(test, each)
        for (let turn = 0; turn < turns; turn++) stream.advance(() => true)
        both.advance(() => true)
      }
      while (!stream.advance(() => true)) both.advance(() => false)
      expect(both.advance(() => false)).toBe(true)
      const whole = new TcpStream(test.trace.store, test.trace.tracker.flows[0], payloadIn(test))
      whole.advance(() => false)
      for (const end of [0, 1] as const) expect(directionOf(stream, end)).toEqual(directionOf(whole, end))
      expect([...streamParts(stream, both, null)]).toEqual(partsOf(whole, null))
    }), { seed: 11, numRuns: 60 })
  })

  it('makes any page of it from the same parts', () => {
    fc.assert(fc.property(segments, fc.integer({ min: 1, max: 90 }), (all, step) => {
      const test = opened()
      for (const each of all) talk(test, each)
      const stream = new TcpStream(test.trace.store, test.trace.tracker.flows[0], payloadIn(test))
      stream.advance(() => false)
      const runs = new StreamRuns(stream, null)
      runs.advance(() => false)
      const text = (from: number, to: number) => [...streamBytes(stream, runs, null, from, to)].map((bytes) => Buffer.from(bytes).toString()).join('')
      const whole = text(0, Infinity)
      expect(whole.length).toBe(runs.total)
      let pages = ''
      let holes = 0
      for (let from = 0; from < runs.total; from += step) {
        pages += text(from, from + step)
        holes += [...streamParts(stream, runs, null, from, Math.min(runs.total, from + step))].filter(({ kind }) => kind === StretchKind.hole).length
      }
      expect(pages).toBe(whole)
      expect(holes).toBe(partsOf(stream, null).filter(({ kind }) => kind === StretchKind.hole).length)
    }), { seed: 12, numRuns: 60 })
  })

  it('finds what is looked for where a plain search finds it, on and back, over turns of the other side but not over holes', () => {
    fc.assert(fc.property(segments, fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 6 }), fc.boolean(), (all, from, length, backwards) => {
      const test = opened()
      for (const each of all) talk(test, each)
      const stream = new TcpStream(test.trace.store, test.trace.tracker.flows[0], payloadIn(test))
      stream.advance(() => false)
      const runs = new StreamRuns(stream, 1)
      runs.advance(() => false)
      const stretches: [position: number, text: string][] = []
      for (const part of streamParts(stream, runs, 1)) {
        if (part.kind === StretchKind.hole) stretches.push([part.position, ''])
        else if (part.kind === StretchKind.data) {
          if (stretches.length === 0) stretches.push([0, ''])
          stretches.at(-1)![1] += Buffer.from(partBytes(stream, part)).toString()
        }
      }
      const needle = 'abcdefghijklmnopqrstuvwxyz'.slice(from % 20, from % 20 + length)
      const places = stretches.flatMap(([position, text]) => [...Array(text.length).keys()].filter((i) => text.startsWith(needle, i)).map((i) => position + i))
      const expected = backwards ? places.findLast((place) => place <= from) : places.find((place) => place >= from)
      let found = { position: -1, next: from }
      while (found.position < 0 && found.next >= 0) {
        found = findInStream(stream, runs, { pattern: Buffer.from(needle.toUpperCase()), from: found.next, backwards, ignoreCase: true }, () => true)
      }
      expect(found.position).toBe(expected ?? -1)
    }), { seed: 13, numRuns: 80 })
  })

  it('has each stretch when an application would have had it', () => {
    const test = opened()
    test.send('c> P. 101:0(3) ack 501', undefined, 'ask')
    test.send('s> P. 504:0(3) ack 104', undefined, 'wer')
    test.send('c> P. 104:0(4) ack 501', undefined, 'more')
    test.send('s> P. 501:0(3) ack 108', undefined, 'ans')
    const stream = new TcpStream(test.trace.store, test.trace.tracker.flows[0], payloadIn(test))
    stream.advance(() => false)
    expect(partsOf(stream, null).map((part) => `${'CS'[part.end]}${Buffer.from(partBytes(stream, part)).toString()}`)).toEqual(['Cask', 'Cmore', 'Sans', 'Swer'])
  })

  it('begins anew where a SYN is captured after the data', () => {
    const test = new TraceUnderTest()
    test.send('c> P. 110:0(3) ack 501', undefined, 'abc')
    const stream = new TcpStream(test.trace.store, test.trace.tracker.flows[0], payloadIn(test))
    stream.advance(() => false)
    expect(shown(directionOf(stream, 0))).toEqual(['0+3 data 1@0'])
    test.send('s> S. 500:500(0) ack 101')
    test.send('s> P. 501:0(2) ack 113', undefined, 'ok')
    stream.advance(() => false)
    expect(shown(directionOf(stream, 1))).toEqual(['0+2 data 3@0'])
  })

  it('says where the bytes of a packet stand, also of one that repeats', () => {
    const test = opened()
    say(test, 101, 'abcdef')
    say(test, 104, 'defghi')
    say(test, 103, 'cd')
    const stream = new TcpStream(test.trace.store, test.trace.tracker.flows[0], payloadIn(test))
    stream.advance(() => false)
    const offsets = [3, 4, 5, 6].map((packet) => {
      test.trace.store.read(packet - 1, record)
      return packetOffset(stream, record, packet)?.offset ?? -1
    })
    expect(offsets).toEqual([-1, 0, 3, 2])
  })

  it('reads no payload again and again for segments that lie over many small ones', () => {
    const test = opened()
    const small = 1200
    for (let i = 0; i < small; i += 2) say(test, 101 + i, 'x')
    for (let i = 0; i < 40; i++) say(test, 101, 'x'.repeat(small))
    let reads = 0
    const read = payloadIn(test)
    const stream = new TcpStream(test.trace.store, test.trace.tracker.flows[0], (packet) => {
      reads++
      return read(packet)
    })
    stream.advance(() => false)
    expect(stream.directions[0].bytes).toBe(small)
    expect(reads).toBeLessThanOrEqual(test.trace.packetCount)
    // One run for all that was there already, however many packets it belongs to.
    expect(stream.directions[0].repeats.count).toBeLessThan(small + 40)
  })
})

describe('stretches by offset', () => {
  it('are found and kept in order as in a plain list', () => {
    const added = fc.array(fc.record({ offset: fc.integer({ min: 0, max: 400 }), length: fc.integer({ min: 1, max: 9 }) }), { minLength: 600, maxLength: 1500, size: 'max' })
    fc.assert(fc.property(added, fc.integer({ min: -1, max: 410 }), (all, asked) => {
      const index = new StretchIndex()
      const model: { offset: number, length: number, packet: number }[] = []
      all.forEach(({ offset, length }, packet) => {
        index.add(offset, length, packet, 0, 0)
        model.push({ offset, length, packet })
      })
      model.sort((a, b) => a.offset - b.offset || a.packet - b.packet)
      const found: typeof model = []
      for (let place = index.first; place !== nowhere; place = index.next(place)) {
        found.push({ offset: index.offset(place), length: index.length(place), packet: index.packet(place) })
      }
      expect(found).toEqual(model)
      const place = index.beginningFrom(asked)
      expect(place === nowhere ? undefined : index.packet(place)).toBe(model.find(({ offset }) => offset >= asked)?.packet)
    }), { seed: 14, numRuns: 40 })
  })
})
