import { useThrottleFn } from '@vueuse/core'
import { onScopeDispose, shallowRef, watch, type ShallowRef, type WatchSource } from 'vue'
import { useFaults } from '../fault-list.ts'
import { faultOf } from '../lab/client.ts'
import { useLab } from '../lab/store.ts'

/** While packets come, answers are renewed this often. */
const renewMs = 1000

/**
 * An answer of the lab about all packets, asked again when there are more of them or when one of the sources changes.
 * @param ask null where there is nothing to ask; `isPartial` says that the lab has not looked at everything and is asked again at once
 */
export function useRenewed<T>(ask: () => Promise<T> | null, sources: WatchSource[] = [], isPartial: (answer: T) => boolean = () => false): ShallowRef<T | null> {
  const lab = useLab()
  const faults = useFaults()
  const answer = shallowRef<T | null>(null)
  let generation = 0
  let isAsking = false
  let isStale = false

  async function renew(): Promise<void> {
    if (isAsking) {
      isStale = true
      return
    }
    isAsking = true
    const asking = generation
    try {
      let found = await ask()
      if (asking === generation) answer.value = found
      while (found !== null && asking === generation && isPartial(found)) {
        found = await ask()
        if (asking === generation) answer.value = found
      }
    } catch (error) {
      if (lab.state.value === 'connected' && lab.link.value?.open) faults.report(faultOf(error))
    } finally {
      isAsking = false
      if (isStale || asking !== generation) {
        isStale = false
        void renew()
      }
    }
  }
  const renewSoon = useThrottleFn(() => { void renew() }, renewMs, true)
  watch(() => lab.packets.value.total, () => { void renewSoon() })
  watch([lab.captureEpoch, ...sources], () => {
    generation++
    void renew()
  }, { immediate: true })
  onScopeDispose(() => { isAsking = true })
  return answer
}
