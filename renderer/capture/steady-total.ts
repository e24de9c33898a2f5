import { shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { PacketRow } from '../../src/rpc/packets-contract.ts'

export interface SteadyTotalInput {
  total: Ref<number>
  version: Ref<number>
  at(index: number): PacketRow | undefined
  want(from: number, count: number): void
}

/**
 * The number of rows that a list shows while rows arrive. A list that follows the end takes new rows only once they are here, so that it never shows
 * gaps and asks for one end at a time however fast the capture grows; a list that stands still learns the total at once.
 * @param isFollowing whether the list stays at the end
 * @param visible rows that fit
 */
export function useSteadyTotal(rows: SteadyTotalInput, isFollowing: () => boolean, visible: () => number): ShallowRef<number> {
  const shown = shallowRef(0)
  let target = 0

  function isHere(end: number): boolean {
    for (let index = Math.max(0, end - visible()); index < end; index++) if (!rows.at(index)) return false
    return true
  }

  function advance(): void {
    const total = rows.total.value
    if (total <= shown.value || !isFollowing()) {
      shown.value = total
      target = total
      return
    }
    if (target > shown.value && target <= total && !isHere(target)) {
      rows.want(target - visible(), visible())
      return
    }
    if (target > shown.value && target <= total) shown.value = target
    if (target !== total) {
      target = total
      rows.want(target - visible(), visible())
      if (isHere(target)) shown.value = target
    }
  }

  watch([rows.total, rows.version], advance, { immediate: true, flush: 'sync' })
  return shown
}
