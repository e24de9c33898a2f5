import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { compileFilter, Filter } from '../../src/filter/filter.ts'
import type { FilterError } from '../../src/filter/syntax.ts'
import { isStringList, storedRef } from '../stored.ts'

/** The display filter of the packet list: what is typed, and what the list obeys. */
export interface DisplayFilter {
  text: Ref<string>
  /** '' for none. */
  applied: ShallowRef<string>
  /** What is wrong with the typed text, or null. */
  error: ComputedRef<FilterError | null>
  differs: ComputedRef<boolean>
  /** Filters that were applied, the latest first. */
  recent: Ref<string[]>
  /** Makes the list obey the typed text. @returns false where it is no filter */
  apply(): boolean
  /** Types and applies a filter. */
  use(text: string): void
}

const recentKept = 20

export function useDisplayFilter(): DisplayFilter {
  const text = ref('')
  const applied = shallowRef('')
  const recent = storedRef<string[]>('displayFilters', [], isStringList)
  const error = computed(() => {
    const compiled = compileFilter(text.value)
    return compiled instanceof Filter ? null : compiled
  })
  const differs = computed(() => text.value.trim() !== applied.value)

  function apply(): boolean {
    if (error.value !== null) return false
    const expression = text.value.trim()
    applied.value = expression
    if (expression !== '') recent.value = [expression, ...recent.value.filter((other) => other !== expression)].slice(0, recentKept)
    return true
  }

  return {
    text, applied, error, differs, recent, apply,
    use: (wanted) => {
      text.value = wanted
      apply()
    },
  }
}
