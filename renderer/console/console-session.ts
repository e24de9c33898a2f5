import type { InjectionKey } from 'vue'
import type { Fault } from '../../src/base/fault.ts'
import { injected } from '../inject.ts'

/** What buttons say to the console; kept until the terminal is there to print it. */
export type ConsoleEvent = { kind: 'action', line: string } | { kind: 'fault', fault: Fault }

export interface ConsoleSession {
  /** Prints the console form of what a button does. */
  printAction(line: string): void
  printFault(fault: Fault): void
  /** Hands over what was printed so far and everything from now on. */
  attach(listener: (event: ConsoleEvent) => void): void
}

export const consoleKey: InjectionKey<ConsoleSession> = Symbol('console')
export const useConsole = (): ConsoleSession => injected(consoleKey)

const waitingAtMost = 100

export function createConsole(): ConsoleSession {
  let waiting: ConsoleEvent[] = []
  let print = (event: ConsoleEvent) => { waiting = [...waiting, event].slice(-waitingAtMost) }
  return {
    printAction: (line) => print({ kind: 'action', line }),
    printFault: (fault) => print({ kind: 'fault', fault }),
    attach: (listener) => {
      print = listener
      waiting.forEach(listener)
      waiting = []
    },
  }
}
