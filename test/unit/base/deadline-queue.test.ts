import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DeadlineQueue } from '../../../src/base/deadline-queue.ts'
import { Random } from '../../../src/base/random.ts'

describe('DeadlineQueue', () => {
  it('agrees with a naive list after any operations; equal times come out in the order they were set', () => {
    const operation = fc.record({ kind: fc.constantFrom('set' as const, 'set' as const, 'delete' as const, 'pop' as const), id: fc.nat(30), time: fc.nat(10) })
    fc.assert(fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const queue = new DeadlineQueue(1)
      let naive: { id: number, time: number, order: number }[] = []
      let order = 0
      const first = () => naive.reduce((best, entry) => (entry.time < best.time || (entry.time === best.time && entry.order < best.order) ? entry : best), naive[0])
      for (const { kind, id, time } of operations) {
        const known = naive.find((entry) => entry.id === id)
        if (kind === 'set') {
          queue.set(id, time)
          if (known?.time !== time) naive = [...naive.filter((entry) => entry.id !== id), { id, time, order: order++ }]
        } else if (kind === 'delete') {
          expect(queue.delete(id)).toBe(known !== undefined)
          naive = naive.filter((entry) => entry.id !== id)
        } else {
          const due = first()
          const expected = due && due.time <= time ? due.id : -1
          expect(queue.popDue(time)).toBe(expected)
          naive = naive.filter((entry) => entry.id !== expected)
        }
        expect([queue.count, queue.peekTime(), queue.peekId()]).toEqual([naive.length, first()?.time ?? Infinity, first()?.id ?? -1])
        expect([queue.has(id), queue.timeOf(id)]).toEqual([naive.some((entry) => entry.id === id), naive.find((entry) => entry.id === id)?.time ?? Infinity])
      }
    }), { numRuns: 1000 })
  })

  it('keeps 100,000 timers in order while they move', () => {
    const queue = new DeadlineQueue()
    const random = new Random(3)
    for (let round = 0; round < 3; round++) for (let id = 0; id < 100_000; id++) queue.set(id, random.nextBelow(1_000_000))
    for (let id = 0; id < 100_000; id += 3) queue.delete(id)
    let last = -1
    let popped = 0
    let wrong = 0
    while (queue.count > 0) {
      const time = queue.peekTime()
      if (time < last || queue.pop() % 3 === 0) wrong++
      last = time
      popped++
    }
    expect([popped, wrong]).toEqual([66_666, 0])
    queue.set(5, 1)
    queue.clear()
    expect([queue.count, queue.has(5), queue.pop()]).toEqual([0, false, -1])
  })
})
