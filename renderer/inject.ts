import { inject, type InjectionKey } from 'vue'

/** Takes what `main.ts` provided; its absence is a mistake in how a component was mounted. */
export function injected<T>(key: InjectionKey<T>): T {
  const value = inject(key)
  if (value === undefined) throw new Error(`nothing provided for ${key.description ?? 'a key'}`)
  return value
}
