import { ref } from 'vue'
import { describe, expect, it } from 'vitest'
import { rowHeight, useRowWindow } from '../../../renderer/capture/row-window.ts'

function windowOf(rows: number, visible = 20, mayFollow = true) {
  const total = ref(rows)
  const view = useRowWindow(total, () => mayFollow)
  view.height.value = visible * rowHeight
  return { total, view }
}

describe('window over rows', () => {
  it('follows the end until it is moved away, and again from there', () => {
    const { total, view } = windowOf(100)
    expect(view.first.value).toBe(80)
    total.value = 150
    expect(view.first.value).toBe(130)
    view.moveTo(10)
    total.value = 200
    expect(view.first.value).toBe(10)
    view.moveTo(1000)
    expect(view.following.value).toBe(true)
    total.value = 300
    expect(view.first.value).toBe(280)
  })

  it('stays with the first rows where nothing is to be followed, however few there are at first', () => {
    const { total, view } = windowOf(3, 20, false)
    view.moveTo(0)
    total.value = 300
    expect(view.first.value).toBe(0)
    view.moveTo(1000)
    expect([view.first.value, view.following.value]).toEqual([280, false])
  })

  it('moves no more than needed to reveal a row', () => {
    const { view } = windowOf(100)
    view.reveal(79)
    expect(view.first.value).toBe(79)
    view.reveal(85)
    expect(view.first.value).toBe(79)
    view.reveal(99)
    expect(view.first.value).toBe(80)
  })

  it('moves by exact rows on the wheel, however small the steps', () => {
    const { view } = windowOf(100)
    view.moveTo(0)
    for (let i = 0; i < 9; i++) view.wheel(4)
    expect(view.first.value).toBe(2)
    view.wheel(-1000)
    expect(view.first.value).toBe(0)
  })

  it('reaches the first and the last of ten million rows with a spacer that a browser can lay out', () => {
    const { view } = windowOf(10_000_000)
    const range = view.spacerHeight.value - view.height.value
    expect(view.spacerHeight.value).toBeLessThanOrEqual(8_000_000)
    expect(view.scrollTop.value).toBe(range)
    view.scrolledTo(0)
    expect(view.first.value).toBe(0)
    view.scrolledTo(range)
    expect(view.first.value).toBe(10_000_000 - 20)
    view.scrolledTo(range / 2)
    expect(view.first.value / 10_000_000).toBeCloseTo(0.5, 3)
  })

  it('does not answer the scrolling that it caused itself', () => {
    const { view } = windowOf(10_000_000)
    view.moveTo(1_234_567)
    view.scrolledTo(view.scrollTop.value)
    expect(view.first.value).toBe(1_234_567)
  })

  it('shows the rows there are when a capture is cleared', () => {
    const { total, view } = windowOf(1000)
    view.moveTo(500)
    total.value = 5
    expect(view.first.value).toBe(0)
  })
})
