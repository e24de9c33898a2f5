import { ref, watch, type Ref } from 'vue'

/** A value that outlives the window, kept in local storage under `tcplab.<name>`; what does not pass `isValid` is ignored. */
export function storedRef<T>(name: string, initial: T, isValid: (value: unknown) => value is T): Ref<T> {
  const key = `tcplab.${name}`
  const value = ref(read(key, initial, isValid)) as Ref<T>
  watch(value, (now) => write(key, now), { deep: true })
  return value
}

export const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
export const isStringList = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string')
export const isOneOf = <T extends string>(list: readonly T[]) => (value: unknown): value is T => list.includes(value as T)

function read<T>(key: string, initial: T, isValid: (value: unknown) => value is T): T {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
    return isValid(value) ? value : initial
  } catch {
    return initial
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value))
  } catch {
    // A full or forbidden storage costs the memory of the layout, nothing else.
  }
}
