import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Finding } from '../../../src/trace/finding.ts'
import { PacketRecord } from '../../../src/trace/packet-store.ts'
import { segmentPayload } from '../../../src/trace/segment-payload.ts'
import { reassemble } from '../../../src/trace/stream.ts'
import type { Stream } from '../../../src/trace/stream.ts'
import { stretchKindNames } from '../../../src/trace/stretch-list.ts'
import { segment, TraceUnderTest } from './segments.ts'

const record = new PacketRecord()

function payloadIn({ trace, bytesOf }: TraceUnderTest) {
  return (packet: number, at: number, length: number): Uint8Array => {
    trace.store.read(packet - 1, record)
    const { fileOffset, capturedLength, linkType, originalLength } = record
    return segmentPayload(bytesOf(fileOffset, capturedLength)!, 0, capturedLength, linkType, originalLength).subarray(at, at + length)
  }
}

function streamOf(test: TraceUnderTest, from: 0 | 1 = 0): Stream {
  return reassemble(test.trace.store, test.trace.tracker.flows[0], from, payloadIn(test))
}

/** `offset+length kind packet@at` of each stretch. */
function shown({ stretches: { count, offset, length, kind, packet, at } }: Stream): string[] {
  return Array.from({ length: count }, (_, i) => `${offset[i]}+${length[i]} ${stretchKindNames[kind[i]]} ${packet[i]}@${at[i]}`)
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
  const { stretches } = stream
  for (let s = 0; s < stretches.count; s++) {
    const [offset, length, packet, at] = [stretches.offset[s], stretches.length[s], stretches.packet[s], stretches.at[s]]
    const kind = stretchKindNames[stretches.kind[s]]
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
