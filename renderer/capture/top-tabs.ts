import { computed, type ComputedRef } from 'vue'
import { useLanguage } from '../i18n.ts'

/** What the panel above the packets shows. */
export const topTabs = ['flows', 'statistics'] as const
export type TopTab = typeof topTabs[number]

export function useTopTabs(): ComputedRef<{ id: TopTab, label: string }[]> {
  const { t } = useLanguage()
  return computed(() => topTabs.map((id) => ({ id, label: t(`window.${id}.title`) })))
}
