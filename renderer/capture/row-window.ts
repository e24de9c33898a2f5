import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'

export const rowHeight = 18

/** A browser's elements end at some 33 million pixels; far below that, the scroll bar turns from exact to proportional. */
const tallestSpacer = 8_000_000

/** Which rows are in view. Wheel and keys move by exact rows, the scroll bar moves in proportion, so that ten million rows are reached as well as ten. */
export interface RowWindow {
  /** Index of the first row in view. */
  first: Ref<number>
  /** Rows that fit, a cut one at the end included. */
  visible: ComputedRef<number>
  height: Ref<number>
  /** Whether the view stays at the end as rows arrive. */
  following: Ref<boolean>
  spacerHeight: ComputedRef<number>
  scrollTop: ComputedRef<number>
  moveTo(first: number): void
  /** Makes a row visible, moving no more than needed. */
  reveal(index: number): void
  wheel(deltaPixels: number): void
  /** The scroll bar was moved by its user to `top`. */
  scrolledTo(top: number): void
}

/** @param mayFollow whether reaching the end means to stay there: rows that were there before somebody looked are read from the first one */
export function useRowWindow(total: Ref<number>, mayFollow: () => boolean = () => true): RowWindow {
  const first = ref(0)
  const height = ref(0)
  const following = ref(true)
  let wheelRest = 0

  const whole = computed(() => Math.max(1, Math.floor(height.value / rowHeight)))
  const visible = computed(() => Math.ceil(height.value / rowHeight))
  const last = computed(() => Math.max(0, total.value - whole.value))
  const spacerHeight = computed(() => Math.min(tallestSpacer, height.value + last.value * rowHeight))
  const scrollRange = computed(() => Math.max(0, spacerHeight.value - height.value))
  const scrollTop = computed(() => last.value === 0 ? 0 : Math.round(first.value / last.value * scrollRange.value))

  function moveTo(index: number): void {
    first.value = Math.max(0, Math.min(last.value, Math.round(index)))
    following.value = mayFollow() && first.value === last.value
  }

  function reveal(index: number): void {
    if (index < 0) return
    if (index < first.value) moveTo(index)
    else if (index >= first.value + whole.value) moveTo(index - whole.value + 1)
  }

  function wheel(deltaPixels: number): void {
    wheelRest += deltaPixels
    const rows = Math.trunc(wheelRest / rowHeight)
    wheelRest -= rows * rowHeight
    if (rows !== 0) moveTo(first.value + rows)
  }

  function scrolledTo(top: number): void {
    if (Math.abs(top - scrollTop.value) < 1.5 || scrollRange.value === 0) return
    moveTo(top / scrollRange.value * last.value)
  }

  watch([total, whole], () => {
    if (following.value || first.value > last.value) first.value = last.value
  }, { flush: 'sync' })

  return { first, visible, height, following, spacerHeight, scrollTop, moveTo, reveal, wheel, scrolledTo }
}
