import type { Fault } from '../base/fault.ts'
import type { LabUpdate } from './contract.ts'

/** What a call came to. A fault travels as a value, because an Error loses everything but its text between threads and processes. */
export type Outcome = { ok: true, value: unknown } | { ok: false, fault: Fault }

/** The functions that the core offers over birpc: one door, so that only names of the contract pass. */
export interface CoreFunctions {
  call(name: string, args: unknown[]): Promise<Outcome>
}

/** The functions that a shell offers to the core (sent as events, never answered). */
export interface ShellFunctions {
  update(update: LabUpdate): void
}
