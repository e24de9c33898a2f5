import { watch } from 'vue'
import type { FaultList } from '../fault-list.ts'
import type { Lab } from '../lab/store.ts'
import type { ConsoleSession } from './console-session.ts'

/** Faults that answer no command, such as an interface that went away, are told in the console as well as in the window. */
export function alsoInConsole(faults: FaultList, session: ConsoleSession): FaultList {
  return {
    ...faults,
    report: (fault) => {
      faults.report(fault)
      session.printFault(fault)
    },
  }
}

/** A recording's trouble is a state: it is told when it begins. */
export function printRecordingFaults(lab: Lab, session: ConsoleSession): void {
  watch(() => lab.link.value?.recording.fault ?? null, (now, before) => {
    if (now !== null && now.code !== before?.code) session.printFault(now)
  })
}
