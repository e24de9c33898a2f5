import { shallowRef, type InjectionKey, type ShallowRef } from 'vue'
import type { Fault } from '../src/base/fault.ts'
import { injected } from './inject.ts'

export interface ShownFault { id: number, fault: Fault }

/** The faults that the user has not dismissed yet, newest last. */
export interface FaultList {
  shown: ShallowRef<readonly ShownFault[]>
  report(fault: Fault): void
  dismiss(id: number): void
}

export const faultListKey: InjectionKey<FaultList> = Symbol('faults')
export const useFaults = (): FaultList => injected(faultListKey)

const shownAtMost = 3

export function createFaultList(): FaultList {
  const shown = shallowRef<readonly ShownFault[]>([])
  let nextId = 1
  const dismiss = (id: number) => { shown.value = shown.value.filter((entry) => entry.id !== id) }
  const report = (fault: Fault) => {
    const text = JSON.stringify(fault)
    const others = shown.value.filter((entry) => JSON.stringify(entry.fault) !== text)
    shown.value = [...others, { id: nextId++, fault }].slice(-shownAtMost)
  }
  return { shown, report, dismiss }
}
