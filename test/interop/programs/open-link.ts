import { FaultError } from '../../../src/base/fault.ts'
import { openCapLink } from '../../../main/link/cap-link.ts'
import { listInterfaces } from '../../../main/link/interfaces.ts'
import { openNicLink } from '../../../main/link/nic-link.ts'

/** Arguments: nic or cap, interface. Prints the fault of opening it, or null, and whether the list says that it may be opened. */
const [kind, name] = process.argv.slice(2)
let fault: FaultError['fault'] | null = null
try {
  const link = kind === 'cap' ? openCapLink({ name }) : openNicLink({ name })
  link.close()
} catch (error) {
  if (!(error instanceof FaultError)) throw error
  fault = error.fault
}
const mayOpen = listInterfaces().find((entry) => entry.name === name)?.mayOpen
process.stdout.write(JSON.stringify({ fault, mayOpen }))
process.exitCode = 0
