import { computed, type ComputedRef } from 'vue'
import { useLanguage } from '../i18n.ts'

/** What the panel beside the lists shows. */
export const sideTabs = ['packet', 'stream', 'flow'] as const
export type SideTab = typeof sideTabs[number]

export function useSideTabs(): ComputedRef<{ id: SideTab, label: string }[]> {
  const { t } = useLanguage()
  return computed(() => sideTabs.map((id) => ({ id, label: t(`window.side.${id}`) })))
}
