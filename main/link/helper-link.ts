import { FaultError, fault } from '../../src/base/fault.ts'
import { elevate, wasDismissed } from './elevation.ts'
import type { Elevation } from './elevation.ts'
import { startHelper } from './helper-process.ts'
import type { HelperStartError, StartedHelper } from './helper-process.ts'
import { firstLine } from './native.ts'
import { openHint } from './permission.ts'
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
  /** How the system gives the helper rights that the lab lacks; absent: the helper has the lab's own. */
  readonly elevation?: Elevation
  /** How long a person may look at the system's dialog. */
  readonly dialogMs?: number
}

const defaultDialogMs = 60_000

/**
 * Opens a network interface in a helper process: for users who may not open it themselves, and where a crash in native code
 * shall cost a link and not the lab.
 * @throws FaultError what the helper met when it opened the interface; `interfaceNoPermission` with `why` (`dismissed`, `unanswered`, `notGiven`) when
 * the system did not give the rights; HelperStartError when there is no helper
 */
export async function openHelperLink(options: HelperLinkOptions): Promise<RemoteLink> {
  const helper = options.elevation === undefined ? await startHelper([], []) : await startElevated(options.name, options.elevation, options.dialogMs ?? defaultDialogMs)
  const goneFault = (reason: string) => fault('helperDied', { reason: reason || firstLine(helper.complaints()) || 'it ended' })
  const link = new RemoteLink(helper.socket, { queueBytes: options.queueBytes, goneFault })
  const { name, filter = '', promiscuous = true, seeSent = true, snapLength = 0 } = options
  await link.open({ link: 'nic', name, filter, promiscuous, seeSent, snapLength })
  return link
}

async function startElevated(name: string, elevation: Elevation, dialogMs: number): Promise<StartedHelper> {
  const user = process.getuid === undefined ? [] : ['--user', String(process.getuid())]
  try {
    return await startHelper((command, env) => elevate(elevation, command, env), ['--elevated', ...user], dialogMs)
  } catch (error) {
    const { message, complaints = '', status = null, timedOut = false } = error as Partial<HelperStartError> & Error
    const own = /^tcplab helper: (.*)$/m.exec(complaints)
    // It had the rights, and refused by itself.
    if (own !== null) throw new FaultError(fault('helperDied', { reason: own[1] }), { cause: error })
    const why = timedOut ? 'unanswered' : wasDismissed(elevation, status, complaints) ? 'dismissed' : 'notGiven'
    const detail = firstLine(complaints) || message
    throw new FaultError(fault('interfaceNoPermission', { name, how: openHint(), why, detail, seconds: dialogMs / 1000 }), { cause: error })
  }
}
