import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import { ConnectionRecord } from '../../../src/stack/connection-record.ts'
import { ConnectionTable } from '../../../src/stack/connection-table.ts'
import { FrameHeaders } from '../../../src/stack/frame-headers.ts'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { TcpConnection } from '../../../src/tcp/connection.ts'
import { ourMac } from './harness.ts'

const headers = new FrameHeaders(ourMac, 1, 64, 0)
const config = { ...defaultTcpConfig, sendBufferBytes: 1, receiveBufferBytes: 1 }

function record(table: ConnectionTable, id: number, [localAddress, remoteAddress, localPort, remotePort]: readonly number[]): ConnectionRecord {
  const connection = new TcpConnection({ id, config, localPort, remotePort, ipVersion: 4, pathMtu: 1500, isn: 0 })
  return new ConnectionRecord({ id, slot: table.nextSlot(), connection, localAddress, remoteAddress, localPort, remotePort, listenerPort: -1, headers })
}

describe('connection table', () => {
  it('agrees with a plain map over any additions and removals', () => {
    // Few values, so that tuples repeat and buckets collide.
    const tuple = fc.tuple(fc.constantFrom(1, 2), fc.constantFrom(3, 0xffff_ffff), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
    fc.assert(fc.property(fc.array(fc.tuple(fc.boolean(), tuple), { maxLength: 300 }), fc.integer(), (steps, seed) => {
      const table = new ConnectionTable(1000, new Random(seed))
      const model = new Map<string, ConnectionRecord>()
      steps.forEach(([isAddition, key], step) => {
        const name = key.join()
        const known = model.get(name)
        expect(table.find(key[0], key[1], key[2], key[3])).toBe(known ?? null)
        if (isAddition && known === undefined) {
          const added = record(table, step, key)
          table.add(added)
          model.set(name, added)
        } else if (!isAddition && known !== undefined) {
          table.remove(known)
          model.delete(name)
        }
        expect(table.count).toBe(model.size)
      })
      expect(new Set(table)).toEqual(new Set(model.values()))
      for (const known of model.values()) expect(table.at(known.slot)).toBe(known)
    }), { numRuns: 100 })
  })
})
