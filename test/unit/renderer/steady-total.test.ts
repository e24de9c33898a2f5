import { ref, shallowRef } from 'vue'
import { describe, expect, it } from 'vitest'
import { useSteadyTotal } from '../../../renderer/capture/steady-total.ts'
import type { PacketRow } from '../../../src/rpc/packets-contract.ts'

/** Rows that come when the test lets them. */
function capture(following = true) {
  const total = ref(0)
  const version = shallowRef(0)
  const here = new Set<number>()
  const asked: [number, number][] = []
  const state = { following }
  const shown = useSteadyTotal({
    total, version, at: (index) => here.has(index) ? {} as PacketRow : undefined, want: (from, count) => { asked.push([from, count]) },
  }, () => state.following, () => 10)
  const arrive = (from: number, to: number) => {
    for (let index = from; index < to; index++) here.add(index)
    version.value++
  }
  return { total, shown, asked, arrive, state }
}

describe('rows shown while they arrive', () => {
  it('waits for the rows at the end before it shows them', () => {
    const { total, shown, asked, arrive } = capture()
    total.value = 100
    expect(shown.value).toBe(0)
    expect(asked).toEqual([[90, 10]])
    arrive(90, 100)
    expect(shown.value).toBe(100)
  })

  it('reaches what it asked for although the capture has gone on, then asks for the new end', () => {
    const { total, shown, asked, arrive } = capture()
    total.value = 100
    total.value = 5000
    total.value = 9000
    arrive(90, 100)
    expect(shown.value).toBe(100)
    expect(asked.at(-1)).toEqual([8990, 10])
    arrive(8990, 9000)
    expect(shown.value).toBe(9000)
  })

  it('knows the total at once while it stands still', () => {
    const { total, shown } = capture(false)
    total.value = 100
    expect(shown.value).toBe(100)
  })

  it('forgets rows at once when there are fewer', () => {
    const { total, shown, arrive } = capture()
    total.value = 20
    arrive(10, 20)
    total.value = 3
    expect(shown.value).toBe(3)
    total.value = 0
    expect(shown.value).toBe(0)
  })
})
