import { FaultError, fault } from '../../src/base/fault.ts'
import { callNames } from '../../src/rpc/contract.ts'
import type { CallName, LabUpdate } from '../../src/rpc/contract.ts'
import type { CoreFunctions, Outcome } from '../../src/rpc/outcome.ts'
import { fieldsOf, integerOf, optional } from './arguments.ts'
import { answersOf } from './answers.ts'
import type { Lab } from './lab.ts'

export interface ShellDoor extends CoreFunctions {
  /** The shell has gone. */
  close(): void
}

/**
 * The one door between a shell and the core: only names of the contract pass, and whatever goes wrong comes back as a value.
 * @param push tells the shell what changed
 */
export function openShellDoor(lab: Lab, push: (update: LabUpdate) => void): ShellDoor {
  const answers = answersOf(lab)
  const listener = lab.updates.add(push)
  lab.wake()
  const watch = (request: unknown): void => {
    const { connection } = fieldsOf(request, 'request')
    listener.watched = optional(connection, (value) => integerOf(value, 'connection', 0, Number.MAX_SAFE_INTEGER)) ?? null
    lab.wake()
  }
  return {
    async call(name, args) {
      try {
        if (!isCallName(name)) throw new FaultError(fault('unknownCommand', { name: String(name).slice(0, 80) }))
        if (!Array.isArray(args)) throw new FaultError(fault('badArgument', { name: 'args', value: typeof args, expected: '[ … ]' }))
        const answer = name === 'watch' ? watch : answers[name] as (...args: unknown[]) => unknown
        return { ok: true, value: await answer(...args) }
      } catch (error) {
        return failureOf(error, lab.options.onError)
      }
    },
    close: () => lab.updates.remove(listener),
  }
}

function isCallName(name: unknown): name is CallName {
  return (callNames as readonly unknown[]).includes(name)
}

/** A fault is told as it is; anything else is a mistake of ours, told as `internal` and written down. */
function failureOf(error: unknown, onError: (error: unknown) => void): Outcome {
  if (error instanceof FaultError) return { ok: false, fault: error.fault }
  onError(error)
  return { ok: false, fault: fault('internal', { message: error instanceof Error ? error.message : String(error) }) }
}
