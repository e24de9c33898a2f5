import { randomInt } from 'node:crypto'
import { FaultError } from '../../src/base/fault.ts'
import type { HostSink } from '../../src/stack/host.ts'
import type { LinkSpec } from '../../src/rpc/contract.ts'
import { machineClock } from '../lab/clock.ts'
import { openLinkOf } from '../lab/links.ts'
import type { OpenedLink } from '../lab/links.ts'
import type { CliOptions } from './options.ts'

/**
 * The link that `-i NAME` means: an interface, through our binding or, where that is missing, through `cap`; `sandbox`; `virtual`.
 * @throws FaultError as `openLinkOf`
 */
export async function openNamedLink(name: string, options: Partial<LinkSpec> = {}, peerSink?: HostSink): Promise<OpenedLink> {
  const virtual = { clock: machineClock, seed: randomInt(2 ** 47), ...(peerSink === undefined ? {} : { peerSink }) }
  if (name === 'sandbox' || name === 'virtual') return openLinkOf({ ...options, kind: name }, virtual)
  try {
    return await openLinkOf({ ...options, kind: 'nic', name }, virtual)
  } catch (error) {
    if (!(error instanceof FaultError) || error.fault.code !== 'captureUnavailable') throw error
    try {
      return await openLinkOf({ ...options, kind: 'cap', name }, virtual)
    } catch (second) {
      // Neither library: the first one is what to install.
      throw second instanceof FaultError && second.fault.code === 'captureUnavailable' ? error : second
    }
  }
}

/** Only where the command line says so: a script must not hang at a dialog. */
export function elevationOf({ elevate }: CliOptions): Pick<LinkSpec, 'elevate'> {
  return elevate === true ? { elevate } : {}
}
