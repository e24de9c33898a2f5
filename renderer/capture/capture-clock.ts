import { computed, shallowRef, watch, type ComputedRef } from 'vue'
import type { Lab } from '../lab/store.ts'

/** The lab's time now in seconds since the first packet of the capture, as rows count it; learnt from the first packet's own stamp. */
export function useCaptureClock(lab: Lab): { now: ComputedRef<number> } {
  const startUs = shallowRef<number | null>(null)
  let asking = false

  async function learn(): Promise<void> {
    asking = true
    const epoch = lab.captureEpoch.value
    try {
      const first = await lab.client.getPacket(1)
      if (epoch === lab.captureEpoch.value) startUs.value = first.timeSec * 1e6 + first.timeNsec / 1e3 - first.row.time * 1e6
    } catch {
      // The first packet may be gone by now; ages are then counted up to the last packet.
    } finally {
      asking = false
    }
  }

  watch(lab.captureEpoch, () => { startUs.value = null })
  watch(() => lab.packets.value.total > 0 && startUs.value === null, (isNeeded) => { if (isNeeded && !asking) void learn() }, { immediate: true })
  const lastTime = computed(() => {
    let last = 0
    for (const row of lab.flows.value.values()) last = Math.max(last, row.lastTime)
    return last
  })
  const now = computed(() => {
    const byClock = startUs.value === null ? 0 : (lab.timeUs.value - startUs.value) / 1e6
    return Math.max(lastTime.value, byClock)
  })
  return { now }
}
