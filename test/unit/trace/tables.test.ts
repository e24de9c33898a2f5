import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Activity, activitySeconds } from '../../../src/trace/activity.ts'
import { AddressTable } from '../../../src/trace/address-table.ts'
import { PacketList } from '../../../src/trace/packet-list.ts'
import { Protocol } from '../../../src/trace/packet-store.ts'
import { Trace } from '../../../src/trace/trace.ts'
import { TupleTable } from '../../../src/trace/tuple-table.ts'
import { FrameBatch } from '../../../src/link/frame-batch.ts'
import { formatIp } from '../../../src/wire/addresses.ts'
import { segment, usualTuple } from './segments.ts'

describe('address table', () => {
  it('gives one number to one address, and its text back', () => {
    const address = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
    fc.assert(fc.property(fc.array(address, { maxLength: 800 }), (addresses) => {
      const table = new AddressTable()
      const known = new Map<string, number>()
      for (const bytes of [...addresses, ...addresses]) {
        const number = bytes.length === 4 ? table.internIpv4(((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0) : table.internIpv6(bytes)
        const key = bytes.join()
        if (known.has(key)) expect(number).toBe(known.get(key))
        known.set(key, number)
        expect(table.text(number)).toBe(formatIp(bytes))
      }
      expect(table.count).toBe(known.size)
    }), { numRuns: 20 })
  })
})

describe('tuple table', () => {
  it('finds the same entry from both ends, and no other', () => {
    const part = fc.tuple(fc.nat(40), fc.nat(65_535), fc.nat(40), fc.nat(65_535), fc.constantFrom(Protocol.tcp, Protocol.udp))
    fc.assert(fc.property(fc.array(part, { maxLength: 1500 }), (parts) => {
      const table = new TupleTable()
      const known = new Map<string, number>()
      for (const [addressA, portA, addressB, portB, protocol] of parts) {
        const entry = table.find(addressA, portA, addressB, portB, protocol)
        const key = [`${addressA}:${portA}`, `${addressB}:${portB}`].sort((a, b) => (a < b ? -1 : 1)).join() + protocol
        if (!known.has(key)) {
          expect(table.flowOf(entry)).toBe(-1)
          table.setFlow(entry, known.size)
          known.set(key, known.size)
        }
        expect(table.flowOf(entry)).toBe(known.get(key))
        expect(table.find(addressB, portB, addressA, portA, protocol)).toBe(entry)
      }
    }), { numRuns: 20 })
  })
})

describe('packet list', () => {
  it('is a list', () => {
    const list = new PacketList()
    for (let i = 0; i < 30_000; i++) list.push(3 * i)
    for (let i = 0; i < 30_000; i++) expect(list.at(i)).toBe(3 * i)
    for (let i = 0; i < 1000; i++) {
      expect(list.indexOf(3 * i)).toBe(i)
      expect(list.indexOf(3 * i + 1)).toBe(-1)
    }
    expect(new PacketList().indexOf(0)).toBe(-1)
  })
})

describe('activity', () => {
  it('counts as a list of all packets would', () => {
    const event = fc.tuple(fc.nat(1200), fc.integer({ min: -40, max: 60 }))
    fc.assert(fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const activity = new Activity()
      const counted: [number, number][] = []
      const latest = new Map<number, number>()
      let now = 1_700_000_000
      for (const [flow, step] of events) {
        const second = now + step
        now = Math.max(now, second)
        activity.count(flow, second)
        const end = Math.max(latest.get(flow) ?? 0, second)
        latest.set(flow, end)
        // What comes later than a ring's length is not counted, by either.
        if (end - second < activitySeconds) counted.push([flow, second])
      }
      for (const flow of new Set(events.map(([number]) => number))) {
        const expected = Array.from({ length: activitySeconds }, (_, i) => counted.filter(([number, second]) => number === flow && second === now - activitySeconds + 1 + i).length)
        expect(activity.read(flow, now)).toEqual(expected)
      }
    }), { numRuns: 200 })
  })
})

describe('hostile frames', () => {
  it('10,000 broken ones neither throw nor are lost, and each has a row', () => {
    const lines = ['c> S 100:100(0) <mss 1460,sackOK,TS,wscale 7>', 's> S. 2000:2000(0) ack 101', 'c> FP. 101:111(10) ack 2001', 's> R 2001:2001(0)']
    const frames = lines.map((line) => segment(line, usualTuple).frame)
    const change = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }) })
    const trace = new Trace()
    let added = 0
    const kept: Uint8Array[] = []
    const linkTypes = fc.constantFrom(1, 1, 101, 113, 276, 0, 7)
    fc.assert(fc.property(fc.constantFrom(...frames), fc.array(change, { maxLength: 6 }), fc.nat(120), linkTypes, (frame, changes, cut, linkType) => {
      const broken = frame.slice(0, Math.max(1, frame.length - (cut > 60 ? 0 : cut)))
      for (const { at, value } of changes) broken[at % broken.length] = value
      const batch = new FrameBatch(1, broken)
      batch.add(0, broken.length, frame.length, 1_700_000_000, added, 1)
      trace.append(batch, linkType, Float64Array.of(added))
      kept.push(broken)
      const { rows } = trace.rows({ from: added, count: 1 }, (offset) => kept[offset])
      expect(rows[0].number).toBe(++added)
      const { flow } = rows[0]
      if (flow >= 0) expect(trace.findRow(added, flow)).toBe(trace.flowRow(flow).client.packets + trace.flowRow(flow).server.packets - 1)
    }), { numRuns: 10_000 })
    expect(trace.packetCount).toBe(added)
  })
})
