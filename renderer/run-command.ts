import type { InjectionKey } from 'vue'
import type { Fault } from '../src/base/fault.ts'
import type { CallName, LabCalls, LabClient } from '../src/rpc/contract.ts'
import type { LabCall } from '../src/rpc/commands.ts'
import { commandLineOf } from './command-line-of.ts'
import type { ConsoleSession } from './console/console-session.ts'
import type { FaultList } from './fault-list.ts'
import { injected } from './inject.ts'
import { faultOf } from './lab/client.ts'

export type ActionOutcome<N extends CallName> = { ok: true, value: ReturnType<LabCalls[N]> } | { ok: false, fault: Fault }

export interface Actions {
  /**
   * Performs a call of the contract for a button and prints its console form, so that clicking teaches typing.
   * Never rejects: a fault is printed, shown in the fault line, and handed back.
   */
  runAction<N extends CallName>(name: N, ...args: Parameters<LabCalls[N]>): Promise<ActionOutcome<N>>
  /** The same, but the caller shows the fault where it belongs (beside its field). */
  tryAction<N extends CallName>(name: N, ...args: Parameters<LabCalls[N]>): Promise<ActionOutcome<N>>
}

export const actionsKey: InjectionKey<Actions> = Symbol('actions')
export const useActions = (): Actions => injected(actionsKey)

export function createActions(client: LabClient, session: ConsoleSession, faults: FaultList): Actions {
  async function tryAction<N extends CallName>(name: N, ...args: Parameters<LabCalls[N]>): Promise<ActionOutcome<N>> {
    const line = commandLineOf({ name, args } as unknown as LabCall)
    if (line !== null) session.printAction(line)
    try {
      const call = client[name] as (...args: unknown[]) => Promise<ReturnType<LabCalls[N]>>
      return { ok: true, value: await call(...args) }
    } catch (error) {
      const fault = faultOf(error)
      session.printFault(fault)
      return { ok: false, fault }
    }
  }
  async function runAction<N extends CallName>(name: N, ...args: Parameters<LabCalls[N]>): Promise<ActionOutcome<N>> {
    const outcome = await tryAction(name, ...args)
    if (!outcome.ok) faults.report(outcome.fault)
    return outcome
  }
  return { runAction, tryAction }
}
