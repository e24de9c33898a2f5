import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import type { Link } from '../../src/link/link.ts'
import { planElevation, thisMachine } from '../link/elevation.ts'
import { openHelperLink } from '../link/helper-link.ts'
import { openNicLink } from '../link/nic-link.ts'
import type { NicLinkOptions } from '../link/nic-link.ts'
import { openHint } from '../link/permission.ts'

type InterfaceOptions = Pick<NicLinkOptions, 'name' | 'filter' | 'promiscuous' | 'snapLength'>

/**
 * Opens a network interface in this process, or, where this user may not, in a helper that the system gives the rights.
 * @param mayAsk whether the system may ask the user for them in a dialog, which takes as long as the user does
 * @throws FaultError as `openNicLink` and `openHelperLink`; `interfaceNoPermission` also with `why` (`mayAsk`, or why nothing can ask)
 */
export async function openInterfaceLink(options: InterfaceOptions, mayAsk: boolean): Promise<Link> {
  try {
    return openNicLink(options)
  } catch (error) {
    if (!(error instanceof FaultError) || error.fault.code !== 'interfaceNoPermission') throw error
    const way = planElevation(thisMachine())
    if (typeof way !== 'string' && mayAsk) return openHelperLink({ ...options, elevation: way })
    const why = typeof way !== 'string' ? 'mayAsk' : mayAsk ? way : ''
    throw new FaultError(why === '' ? error.fault : fault('interfaceNoPermission', { ...error.fault.params, why }), { cause: error })
  }
}

/** What the link selector says of interfaces that this user may not open. */
export function permissionOf(name: string): { elevates: boolean, obstacle: Fault } {
  const elevates = typeof planElevation(thisMachine()) !== 'string'
  return { elevates, obstacle: fault('interfaceNoPermission', { name, how: openHint(), ...(elevates ? { why: 'mayAsk' } : {}) }) }
}
