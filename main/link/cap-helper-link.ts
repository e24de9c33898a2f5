import { fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { startHelper } from './helper-process.ts'
import { firstLine } from './native.ts'
import { RemoteLink } from './remote-link.ts'

export interface CapHelperLinkOptions {
  readonly name: string
  /** pcap-filter syntax; empty means all. */
  readonly filter?: string
  readonly seeSent?: boolean
}

/**
 * Opens an interface through the npm package `cap` in a helper process, where a lab wants it: `cap` works only in a main thread, keeps
 * it busy in a flood, and ends its process when the interface goes down or away. Here that ends the link and not the lab.
 * @throws FaultError as `openCapLink` does; HelperStartError when there is no helper
 */
export async function openCapHelperLink({ name, filter = '', seeSent = true }: CapHelperLinkOptions): Promise<RemoteLink> {
  const helper = await startHelper([], [])
  const goneFault = (reason: string): Fault => {
    const complaint = reason || firstLine(withoutWarnings(helper.complaints()))
    // The assertion in its poll callback is how `cap` meets an interface that is gone; its words may come after its end.
    return complaint === '' || /assert/i.test(complaint) ? fault('interfaceGone', { name }) : fault('helperDied', { reason: complaint })
  }
  const link = new RemoteLink(helper.socket, { goneFault })
  await link.open({ link: 'cap', name, filter, promiscuous: true, seeSent, snapLength: 0 })
  return link
}

/** `cap` writes a line for each interface without an IPv4 address. */
function withoutWarnings(text: string): string {
  return text.replace(/^Warning: .* may not actually work\n?/gm, '')
}
