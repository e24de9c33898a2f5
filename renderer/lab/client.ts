import { createBirpc } from 'birpc'
import { shallowRef, type ShallowRef } from 'vue'
import { fault, FaultError } from '../../src/base/fault.ts'
import { callNames, type LabClient, type LabUpdate } from '../../src/rpc/contract.ts'
import type { CoreFunctions, ShellFunctions } from '../../src/rpc/outcome.ts'
import type { Transport } from './transport.ts'

/** What a call comes to while there is no line to the lab; worded by the window itself. */
export const labLost = fault('internal', { message: 'no line to the lab' })

export type ConnectionState = 'connecting' | 'connected' | 'lost'

/** The window's end of the contract. A call rejects with a {@link FaultError} when the core answered with a fault. */
export interface LabConnection {
  client: LabClient
  state: ShallowRef<ConnectionState>
  onUpdate: (update: LabUpdate) => void
}

export function connectLab(transport: Transport): LabConnection {
  const state = shallowRef<ConnectionState>('connecting')
  const functions: ShellFunctions = { update: (update) => connection.onUpdate(update) }
  const core = createBirpc<CoreFunctions, ShellFunctions>(functions, {
    post: (message) => transport.post(message),
    on: (listener) => { transport.onMessage = listener },
    // A link may have to wait a minute for a person at a dialog.
    timeout: 90_000,
  })
  const call = async (name: string, args: unknown[]): Promise<unknown> => {
    if (state.value !== 'connected') throw new FaultError(labLost)
    const outcome = await core.call(name, args)
    if (!outcome.ok) throw new FaultError(outcome.fault)
    return outcome.value
  }
  const client = Object.fromEntries(callNames.map((name) => [name, (...args: unknown[]) => call(name, args)])) as unknown as LabClient
  const connection: LabConnection = { client, state, onUpdate: () => {} }
  transport.onLink = (up) => {
    if (!up) core.$rejectPendingCalls(({ reject }) => reject(new FaultError(labLost)))
    state.value = up ? 'connected' : 'lost'
  }
  transport.start()
  return connection
}

/** What a failed call came to, whatever was thrown. */
export function faultOf(error: unknown): FaultError['fault'] {
  if (error instanceof FaultError) return error.fault
  return fault('internal', { message: error instanceof Error ? error.message : String(error) })
}
