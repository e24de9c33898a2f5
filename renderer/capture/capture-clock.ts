import { computed, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import type { Lab } from '../lab/store.ts'
import type { CaptureStart } from './time-formats.ts'

/**
 * When the capture began, learnt from the first packet's own stamp, and the lab's time now in seconds since then, as rows count it.
 * In a file no time passes behind the last packet.
 */
export function useCaptureClock(lab: Lab): { now: ComputedRef<number>, start: ShallowRef<CaptureStart | null> } {
  const start = shallowRef<CaptureStart | null>(null)
  let asking = false

  async function learn(): Promise<void> {
    asking = true
    const epoch = lab.captureEpoch.value
    try {
      // Packet 1 may have left: whichever is the first now says how far behind it came.
      const { number, time } = lab.packets.value.left === 0 ? { number: 1, time: 0 } : (await lab.client.getPacketRows({ from: 0, count: 1 })).rows[0]
      const first = await lab.client.getPacket(number)
      const ns = Math.round(first.timeNsec - (time - Math.floor(time)) * 1e9)
      if (epoch === lab.captureEpoch.value) start.value = { sec: first.timeSec - Math.floor(time) - (ns < 0 ? 1 : 0), nsec: ns < 0 ? ns + 1e9 : ns }
    } catch {
      // The first packet may be gone by now; ages are then counted up to the last packet.
    } finally {
      asking = false
    }
  }

  watch(lab.captureEpoch, () => { start.value = null })
  watch(() => lab.packets.value.total > 0 && start.value === null, (isNeeded) => { if (isNeeded && !asking) void learn() }, { immediate: true })
  const lastTime = computed(() => {
    let last = 0
    for (const row of lab.flows.value.values()) last = Math.max(last, row.lastTime)
    return last
  })
  const now = computed(() => {
    const byClock = start.value === null || lab.link.value?.info?.kind === 'file' ? 0 : (lab.timeUs.value - start.value.sec * 1e6 - start.value.nsec / 1e3) / 1e6
    return Math.max(lastTime.value, byClock)
  })
  return { now, start }
}
