import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { findProgram } from './find-program.ts'
import { HelperStartError, startHelper } from './helper-process.ts'
import type { StartedHelper } from './helper-process.ts'
import { firstLine, loadNative } from './native.ts'
import { RemoteLink } from './remote-link.ts'

export interface SandboxLinkOptions {
  /** pcap-filter syntax; empty means all. */
  readonly filter?: string
  readonly promiscuous?: boolean
  /** Frames that the lab sends come back, stamped by the kernel; true unless said. */
  readonly seeSent?: boolean
  readonly snapLength?: number
  /** Bytes of received frames that may wait in the lab. */
  readonly queueBytes?: number
}

/** What keeps the sandbox from starting, and the words for it; `remedy` is what a person can do about it. */
const obstacles = {
  notLinux: { reason: 'network namespaces exist only on Linux', remedy: 'Use the virtual link or a network interface instead.' },
  noUnshare: { reason: 'the program unshare is not installed', remedy: 'Install it (Debian and Ubuntu: apt-get install util-linux).' },
  noIp: { reason: 'the program ip is not installed', remedy: 'Install it (Debian and Ubuntu: apt-get install iproute2).' },
  noEthtool: { reason: 'neither ethtool nor python3 is there to turn segmentation offload off', remedy: 'Install one (Debian and Ubuntu: apt-get install ethtool).' },
  noBinding: { reason: 'the native capture binding is not available', remedy: 'Build it (Debian and Ubuntu: apt-get install build-essential python3 libpcap-dev, then npm run build:native).' },
  appArmor: {
    reason: 'AppArmor forbids user namespaces to ordinary programs on this system',
    remedy: 'Allow them with: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or run the lab as root.',
  },
  userNamespacesOff: { reason: 'this kernel is set to refuse user namespaces', remedy: 'Allow them with: sudo sysctl -w kernel.unprivileged_userns_clone=1, or run the lab as root.' },
  noUserNamespacesLeft: { reason: 'the number of user namespaces is limited to 0', remedy: 'Raise it with: sudo sysctl -w user.max_user_namespaces=15000, or run the lab as root.' },
  forbidden: { reason: 'this user may not create network namespaces here (a container often forbids it)', remedy: 'Run the lab outside of the container, or give the container CAP_SYS_ADMIN.' },
  failed: { reason: 'the helper process did not start', remedy: 'Choose another link, and report this with the lines above.' },
} as const

export type SandboxObstacle = keyof typeof obstacles

/**
 * Opens the sandbox: a private network namespace with a cable between the lab's interface `lab0` and the real Linux kernel,
 * which has {@link RemoteLink.peerAddress} and serves HTTP on port 80 and echo on port 7. Needs no privileges, and nothing of it is
 * left when the link is closed or the lab is killed.
 * @throws FaultError `sandboxUnavailable` with `why` (a {@link SandboxObstacle}), `reason`, `remedy` and `detail`; `badFilter`
 */
export async function openSandboxLink(options: SandboxLinkOptions = {}): Promise<RemoteLink> {
  const obstacle = sandboxObstacle()
  if (obstacle !== null) throw new FaultError(obstacle)
  const helper = await startInNamespace()
  const goneFault = (reason: string) => fault('sandboxDied', { reason: reason || firstLine(helper.complaints()) || 'the helper process ended' })
  const link = new RemoteLink(helper.socket, { queueBytes: options.queueBytes, goneFault })
  const { filter = '', promiscuous = true, seeSent = true, snapLength = 0 } = options
  await link.open({ link: 'sandbox', name: '', filter, promiscuous, seeSent, snapLength })
  return link
}

/** Why the sandbox cannot start, as far as a look can tell without starting it; null when nothing speaks against it. */
export function sandboxObstacle(): Fault | null {
  if (process.platform !== 'linux') return unavailable('notLinux')
  if (!isInstalled('unshare')) return unavailable('noUnshare')
  if (!isInstalled('ip')) return unavailable('noIp')
  if (!isInstalled('ethtool') && !isInstalled('python3')) return unavailable('noEthtool')
  try {
    loadNative()
  } catch (error) {
    if (!isCapBuilt()) return unavailable('noBinding', error instanceof FaultError ? String(error.fault.params.reason ?? '') : firstLine(error))
  }
  return null
}

/** `cap` can be loaded only in a main thread such as the helper's, so this looks for its library and does not load it. */
function isCapBuilt(): boolean {
  try {
    createRequire(import.meta.url).resolve('cap/build/Release/cap.node')
    return true
  } catch {
    return false
  }
}

/** Root needs only a network namespace; where even root may not have one (containers), a user namespace may still be had. */
async function startInNamespace(): Promise<StartedHelper> {
  const ways = process.getuid!() === 0 ? [['-n'], ['-Urn']] : [['-Urn']]
  let last: HelperStartError | null = null
  for (const way of ways) {
    try {
      return await startHelper([findProgram('unshare')!, ...way], ['--sandbox'])
    } catch (error) {
      if (!(error instanceof HelperStartError)) throw error
      last = error
    }
  }
  const detail = firstLine(last!.complaints) || last!.message
  throw new FaultError(unavailable(causeOf(last!), detail), { cause: last })
}

function causeOf(error: HelperStartError): SandboxObstacle {
  if (!/^unshare:/m.test(error.complaints)) return 'failed'
  if (knob('kernel/unprivileged_userns_clone') === '0') return 'userNamespacesOff'
  if (knob('user/max_user_namespaces') === '0') return 'noUserNamespacesLeft'
  if (knob('kernel/apparmor_restrict_unprivileged_userns') === '1') return 'appArmor'
  return 'forbidden'
}

function unavailable(why: SandboxObstacle, detail = ''): Fault {
  return fault('sandboxUnavailable', { why, ...obstacles[why], detail })
}

function knob(name: string): string {
  try { return readFileSync(path.join('/proc/sys', name), 'utf8').trim() } catch { return '' }
}

function isInstalled(program: string): boolean {
  return findProgram(program) !== null
}
