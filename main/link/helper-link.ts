import { fault } from '../../src/base/fault.ts'
import { startHelper } from './helper-process.ts'
import { firstLine } from './native.ts'
import { RemoteLink } from './remote-link.ts'

export interface HelperLinkOptions {
  readonly name: string
  /** pcap-filter syntax; empty means all. */
  readonly filter?: string
  readonly promiscuous?: boolean
  readonly seeSent?: boolean
  readonly snapLength?: number
  /** Bytes of received frames that may wait in the lab. */
  readonly queueBytes?: number
  /** The program that starts the helper with the rights that the lab lacks, such as `['pkexec']`; absent: with the lab's own. */
  readonly wrapper?: readonly string[]
}

/**
 * Opens a network interface in a helper process: for users who may not open it themselves, and where a crash in native code
 * shall cost a link and not the lab.
 * @throws FaultError what the helper met when it opened the interface; HelperStartError when there is no helper
 */
export async function openHelperLink(options: HelperLinkOptions): Promise<RemoteLink> {
  const helper = await startHelper(options.wrapper ?? [], [])
  const goneFault = (reason: string) => fault('helperDied', { reason: reason || firstLine(helper.complaints()) || 'it ended' })
  const link = new RemoteLink(helper.socket, { queueBytes: options.queueBytes, goneFault })
  const { name, filter = '', promiscuous = true, seeSent = true, snapLength = 0 } = options
  await link.open({ link: 'nic', name, filter, promiscuous, seeSent, snapLength })
  return link
}
