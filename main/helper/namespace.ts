import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { FaultError, fault } from '../../src/base/fault.ts'

/** The kernel's address at the far end of the cable, and the network it is on. */
export const peerAddress = '10.77.0.1'
export const peerAddress6 = 'fd00:77::1'
const prefixLength = 24

/** Locally administered; the four bytes in the middle read "TCP". */
const labMac = '02:54:43:50:00:02'
const peerMac = '02:54:43:50:00:01'

/** The system's own folders, which an ordinary user's path often leaves out. */
const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin` }

/**
 * Joins `lab0`, for the lab, and `peer0`, with the kernel's address, by a virtual cable.
 * @throws FaultError `sandboxUnavailable`, also when this is not a fresh namespace: the machine's own network is never touched
 */
export function makeCable(): void {
  const present = interfaceNames().filter((name) => name !== 'lo' && !isTunnelTemplate(name))
  if (present.length > 0) throw failed(`the namespace is not empty: ${present.join(', ')}`)
  silenceIpv6()
  ip(`link add lab0 address ${labMac} type veth peer name peer0 address ${peerMac}`)
  for (const name of ['lab0', 'peer0']) {
    ip(`link set dev ${name} addrgenmode none`)
    turnOffloadsOff(name)
  }
  // The lab answers for lab0, not this kernel.
  ip('link set dev lab0 arp off')
  ip(`address add ${peerAddress}/${prefixLength} dev peer0`)
  for (const name of ['lo', 'lab0', 'peer0']) ip(`link set dev ${name} up`)
  giveIpv6()
}

/**
 * The kernel's end speaks IPv6 too, where it may be switched on, without a word of its own about it: addresses are given and not probed,
 * and the one multicast report leaves before anybody listens.
 */
function giveIpv6(): void {
  try {
    // Its multicast reports are repeated so many milliseconds later: a day, so never.
    writeFileSync('/proc/sys/net/ipv6/conf/peer0/mldv2_unsolicited_report_interval', '86400000')
    writeFileSync('/proc/sys/net/ipv6/conf/peer0/disable_ipv6', '0')
    for (const address of ['fe80::1', peerAddress6]) run('ip', ['address', 'add', `${address}/64`, 'dev', 'peer0', 'nodad'])
  } catch { /* IPv4 alone then */ }
}

/** Some kernels put fallback devices of loaded tunnel modules into every new namespace; they are down and stay down. */
function isTunnelTemplate(name: string): boolean {
  return /^(tunl|gre|gretap|erspan|ip_vti|ip6_vti|sit|ip6tnl|ip6gre)0$/.test(name)
}

function interfaceNames(): string[] {
  return [...readFileSync('/proc/net/dev', 'utf8').matchAll(/^\s*([^\s:]+):/gm)].map((match) => match[1])
}

/** Router solicitations and multicast reports would be the first frames a learner sees. Where /proc is read-only they are. */
function silenceIpv6(): void {
  for (const scope of ['default', 'all']) {
    try { writeFileSync(`/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`, '1') } catch { /* no IPv6, or not ours to set: addrgenmode keeps most of it quiet */ }
  }
}

/** Frames shall be what they would be on a wire: no larger than the MTU, with finished checksums. */
function turnOffloadsOff(name: string): void {
  const features = ['tx', 'rx', 'tso', 'gso', 'gro', 'sg']
  try {
    run('ethtool', ['-K', name, ...features.flatMap((feature) => [feature, 'off'])])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw failed(messageOf(error))
    runPython(name)
  }
}

/** The same requests as ethtool's, for systems that have Python (which built the binding) and not ethtool. */
function runPython(name: string): void {
  // SIOCETHTOOL with ETHTOOL_S{TXCSUM,RXCSUM,SG,TSO,GSO,GRO}; struct ifreq points to struct ethtool_value { cmd, data }.
  const program = [
    'import ctypes, fcntl, socket, struct, sys',
    's = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)',
    'for command in (0x1f, 0x24, 0x17, 0x15, 0x19, 0x2c):',
    '    value = ctypes.create_string_buffer(struct.pack("II", command, 0))',
    '    fcntl.ioctl(s, 0x8946, struct.pack("16sP16x", sys.argv[1].encode(), ctypes.addressof(value)))',
  ].join('\n')
  try { run('python3', ['-c', program, name]) } catch (error) { throw failed(messageOf(error)) }
}

function ip(words: string): void {
  try { run('ip', words.split(' ')) } catch (error) { throw failed(messageOf(error)) }
}

function run(program: string, args: string[]): void {
  execFileSync(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 })
}

function messageOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: Uint8Array, message: string }
  return (stderr === undefined ? '' : Buffer.from(stderr).toString().trim().split('\n')[0]) || message
}

function failed(detail: string): FaultError {
  return new FaultError(fault('sandboxUnavailable', {
    why: 'failed', reason: 'the private network could not be set up', remedy: 'Choose another link, and report this with the detail.', detail,
  }))
}
