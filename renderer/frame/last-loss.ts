import { shallowRef, watch, type ShallowRef } from 'vue'
import type { LinkStatistics } from '../../src/link/link.ts'
import { formatCount } from '../format.ts'
import type { Lab } from '../lab/store.ts'

export interface Loss { count: string, at: string }

/** How many frames were lost on this link, and at what time of day the latest of them. */
export function lastLoss(lab: Lab): ShallowRef<Loss | null> {
  const loss = shallowRef<Loss | null>(null)
  let known = 0
  watch(lab.link, (link) => {
    const lost = link ? lostFrames(link.statistics) : 0
    if (lost > known) loss.value = { count: formatCount(lost), at: new Date().toTimeString().slice(0, 8) }
    if (lost === 0) loss.value = null
    known = lost
  })
  return loss
}

const lostFrames = (statistics: LinkStatistics) => statistics.droppedByKernel + statistics.droppedByInterface + statistics.droppedByRing
