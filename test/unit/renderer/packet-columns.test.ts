import { describe, expect, it } from 'vitest'
import { leastChars, placeColumns } from '../../../renderer/capture/packet-columns.ts'

const placed = (available: number) => placeColumns(leastChars(), available)
const idsAt = (available: number) => placed(available).map(({ id }) => id)

describe('columns of the packet list', () => {
  it('stand side by side without gaps and fill the room', () => {
    for (const available of [700, 1400]) {
      let x = 0
      for (const column of placed(available)) {
        expect(column.x).toBe(x)
        x += column.width
      }
      expect(x).toBe(available)
    }
  })

  it('leave the letters of findings out where Info, which has their words, is short of room', () => {
    expect(idsAt(1400)).toContain('findings')
    expect(idsAt(700)).not.toContain('findings')
    const info = (available: number) => placed(available).find(({ id }) => id === 'info')!.width
    expect(info(1400)).toBeGreaterThanOrEqual(200)
    expect(info(100)).toBe(64)
  })
})
