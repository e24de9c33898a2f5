import { computed, watchEffect, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import { useMediaQuery } from '@vueuse/core'
import { injected } from './inject.ts'
import { isOneOf, storedRef } from './stored.ts'

export const themeChoices = ['system', 'dark', 'light'] as const
export type ThemeChoice = typeof themeChoices[number]

export interface Theme {
  choice: Ref<ThemeChoice>
  /** What is shown now, with `system` resolved; canvases repaint when it changes. */
  shown: ComputedRef<'dark' | 'light'>
}

export const themeKey: InjectionKey<Theme> = Symbol('theme')
export const useTheme = (): Theme => injected(themeKey)

export function createTheme(): Theme {
  const choice = storedRef<ThemeChoice>('theme', 'system', isOneOf(themeChoices))
  const prefersLight = useMediaQuery('(prefers-color-scheme: light)')
  const shown = computed(() => choice.value === 'system' ? (prefersLight.value ? 'light' : 'dark') : choice.value)
  watchEffect(() => { document.documentElement.dataset.theme = shown.value }, { flush: 'sync' })
  return { choice, shown }
}
