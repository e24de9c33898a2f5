import { computed, inject, provide, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import { isOneOf, storedRef } from '../stored.ts'

/** What the middle of the workspace can show, in the order of the tabs, and where its title stands in the words. */
const titles = { packets: 'window.packets.title', ladder: 'window.ladder.title', graphs: 'graph.panel.title' } as const
export type CaptureTab = keyof typeof titles
export const captureTabIds = Object.keys(titles) as CaptureTab[]

export interface CaptureTabs {
  chosen: Ref<CaptureTab>
  /** What there is to choose from: the ladder stands beside the packets where there is room for both. */
  ids: ComputedRef<CaptureTab[]>
}

const key: InjectionKey<CaptureTabs> = Symbol('capture tabs')

export const useCaptureTabs = (): CaptureTabs => inject(key)!
export const titleOf = (tab: CaptureTab): string => titles[tab]

/** @param isWide whether the ladder has a place of its own */
export function provideCaptureTabs(isWide: Ref<boolean>): CaptureTabs {
  const ids = computed(() => captureTabIds.filter((id) => id !== 'ladder' || !isWide.value))
  const stored = storedRef<CaptureTab>('captureTab', 'packets', isOneOf(captureTabIds))
  const chosen = computed({
    get: () => ids.value.includes(stored.value) ? stored.value : 'packets',
    set: (tab) => { stored.value = tab },
  })
  const tabs = { chosen, ids }
  provide(key, tabs)
  return tabs
}
