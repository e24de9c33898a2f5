import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Sent, SentRecords } from '../../../src/tcp/sent-records.ts'

interface Byte { sentUs: number, flags: number }

/** Record by record what a naive model says byte by byte. */
function expectSame(records: SentRecords, bytes: readonly Byte[], acked: number): void {
  expect([records.start, records.end]).toEqual([acked, bytes.length])
  let at = acked
  for (let i = 0; i < records.count; i++) {
    expect(records.startAt(i)).toBe(at)
    expect(records.endAt(i)).toBeGreaterThan(at)
    for (; at < records.endAt(i); at++) {
      const { sentUs, flags } = bytes[at]
      expect([at, records.flagsAt(i)]).toEqual([at, flags])
      // What the peer has needs no time any more.
      if (sentUs >= 0) expect([at, records.sentUs(i)]).toEqual([at, sentUs])
      expect(records.indexOf(at)).toBe(i)
    }
  }
  expect(at).toBe(bytes.length)
  const sum = (mark: number) => bytes.slice(acked).filter(({ flags }) => (flags & mark) !== 0).length
  expect([records.sackedBytes, records.lostBytes]).toEqual([sum(Sent.sacked), sum(Sent.lost)])
}

describe('the records of what is out', () => {
  it('say of each byte when it left last and what became of it', () => {
    const place = fc.nat(100)
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), a: fc.integer({ min: 1, max: 20 }), b: fc.nat(1) }) },
      fc.record({ kind: fc.constantFrom('again' as const, 'sack' as const, 'lost' as const, 'ack' as const), a: place, b: fc.nat(20) }),
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), a: place, b: place }) },
    )
    fc.assert(fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const records = new SentRecords(0)
      const bytes: Byte[] = []
      let nowUs = 0
      let acked = 0
      for (const { kind, a, b } of steps) {
        const from = Math.min(bytes.length, acked + a)
        const to = Math.min(bytes.length, from + b)
        nowUs += kind === 'append' ? b : 1
        if (kind === 'append') {
          for (let i = 0; i < a; i++) bytes.push({ sentUs: nowUs, flags: 0 })
          records.append(bytes.length, nowUs)
        } else if (kind === 'again' && from < to) {
          records.sendAgain(from, to, nowUs)
          for (let i = from; i < to; i++) bytes[i] = { sentUs: nowUs, flags: (bytes[i].flags & Sent.known) | Sent.again }
        } else if (kind === 'sack' && from < to) {
          for (let i = records.cutOut(from, to); i < records.count && records.endAt(i) <= to;) i = ((records.flagsAt(i) & Sent.sacked) === 0 ? records.markSacked(i) : i) + 1
          for (let i = from; i < to; i++) bytes[i] = { sentUs: -1, flags: (bytes[i].flags | Sent.sacked) & ~Sent.lost }
        } else if (kind === 'lost' && records.count > 0) {
          const index = a % records.count
          if ((records.flagsAt(index) & Sent.sacked) !== 0) continue
          for (let i = records.startAt(index); i < records.endAt(index); i++) bytes[i].flags |= Sent.lost
          records.markLost(index)
        } else if (kind === 'ack') {
          acked = from
          while (records.count > 0 && records.start < acked) records.discardTo(Math.min(records.endAt(0), acked))
        } else if (kind === 'forget') {
          records.forgetSacked()
          for (let i = acked; i < bytes.length; i++) if ((bytes[i].flags & Sent.sacked) !== 0) bytes[i].flags = (bytes[i].flags & ~Sent.sacked) | Sent.known
        }
        if (bytes.length > 0) sameFlags(records, bytes)
        expectSame(records, bytes, acked)
      }
    }), { seed: 8985, numRuns: 300 })
  })

  it('are bounded: at the bound neighbours with the same marks become one that left when the later did', () => {
    const records = new SentRecords(1)
    for (let i = 1; i <= 20_000; i++) records.append(1 + i, i)
    expect(records.count).toBeLessThanOrEqual(4096)
    expect([records.start, records.end]).toEqual([1, 20_001])
    for (let i = 0; i < records.count; i++) expect(records.sentUs(i)).toBeGreaterThanOrEqual(records.endAt(i) - 1)
    for (let i = 1; i < 20_000; i += 4) records.sendAgain(i, i + 1, 30_000)
    expect(records.count).toBeLessThanOrEqual(4096)
    while (records.count > 0) records.discardTo(records.endAt(0))
    expect([records.start, records.sackedBytes, records.lostBytes]).toEqual([20_001, 0, 0])
  })
})

/** Where reported neighbours were joined they carry the marks of the first. */
function sameFlags(records: SentRecords, bytes: Byte[]): void {
  for (let i = 0; i < records.count; i++) {
    if ((records.flagsAt(i) & Sent.sacked) === 0) continue
    for (let at = records.startAt(i); at < records.endAt(i); at++) {
      expect(bytes[at].flags & Sent.sacked).toBe(Sent.sacked)
      bytes[at].flags = records.flagsAt(i)
    }
  }
}
