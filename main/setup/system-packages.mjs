import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { lastLines, run } from './run.mjs'
import { words } from './words.mjs'

/** What a purpose needs: a package is there when its command is on the path or its file exists. Names by package manager. */
const needs = {
  build: [
    { command: ['c++', 'g++', 'clang++'], apt: 'build-essential', dnf: 'gcc-c++', pacman: 'base-devel', apk: 'build-base' },
    { command: ['make'], apt: 'build-essential', dnf: 'make', pacman: 'base-devel', apk: 'build-base' },
    { command: ['python3'], apt: 'python3', dnf: 'python3', pacman: 'python', apk: 'python3' },
    { file: ['/usr/include/pcap/pcap.h', '/usr/local/include/pcap/pcap.h'], apt: 'libpcap-dev', dnf: 'libpcap-devel', pacman: 'libpcap', apk: 'libpcap-dev' },
    { command: ['ip'], apt: 'iproute2', dnf: 'iproute', pacman: 'iproute2', apk: 'iproute2' },
    { command: ['unshare'], apt: 'util-linux', dnf: 'util-linux', pacman: 'util-linux', apk: 'util-linux' },
    { command: ['ethtool'], apt: 'ethtool', dnf: 'ethtool', pacman: 'ethtool', apk: 'ethtool' },
  ],
  test: [
    { command: ['chromium', 'chromium-browser', 'google-chrome'], apt: 'chromium', dnf: 'chromium', pacman: 'chromium', apk: 'chromium' },
    { command: ['tshark'], apt: 'tshark', dnf: 'wireshark-cli', pacman: 'wireshark-cli', apk: 'tshark' },
    { command: ['tcptrace'], apt: 'tcptrace', dnf: 'tcptrace', pacman: 'tcptrace', apk: 'tcptrace' },
    { command: ['iperf3'], apt: 'iperf3', dnf: 'iperf3', pacman: 'iperf3', apk: 'iperf3' },
    { command: ['ping'], apt: 'iputils-ping', dnf: 'iputils', pacman: 'iputils', apk: 'iputils' },
    { file: ['/usr/lib/python3/dist-packages/scapy'], apt: 'python3-scapy', dnf: 'python3-scapy', pacman: 'scapy', apk: 'scapy' },
    { command: ['nft'], apt: 'nftables', dnf: 'nftables', pacman: 'nftables', apk: 'nftables' },
    { command: ['zstd'], apt: 'zstd', dnf: 'zstd', pacman: 'zstd', apk: 'zstd' },
    { command: ['nmap'], apt: 'nmap', dnf: 'nmap', pacman: 'nmap', apk: 'nmap' },
    { command: ['hping3'], apt: 'hping3', dnf: 'hping3', pacman: 'hping', apk: 'hping3' },
    { command: ['dnsmasq'], apt: 'dnsmasq-base', dnf: 'dnsmasq', pacman: 'dnsmasq', apk: 'dnsmasq' },
    { command: ['tcpdump'], apt: 'tcpdump', dnf: 'tcpdump', pacman: 'tcpdump', apk: 'tcpdump' },
  ],
}

const installCommands = {
  apt: (packages) => `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`,
  dnf: (packages) => `sudo dnf install -y ${packages.join(' ')}`,
  pacman: (packages) => `sudo pacman -S --needed ${packages.join(' ')}`,
  apk: (packages) => `sudo apk add ${packages.join(' ')}`,
}

/**
 * Sees to the system packages of a purpose: installs them as root on Debian and its children, says the one command elsewhere.
 * Never fails: what is missing shows up where it is needed.
 * @param {'build' | 'test'} purpose
 * @param {(line: string) => void} say
 * @returns {Promise<string[]>} what is still missing
 */
export async function ensureSystemPackages(purpose, say) {
  if (process.platform !== 'linux') return []
  const manager = packageManager()
  let missing = missingPackages(purpose, manager)
  if (missing.length === 0) return []
  if (manager === 'apt' && process.getuid() === 0) {
    say(words('installingSystem', { packages: missing.join(' ') }))
    const failure = await installWithApt(missing)
    if (failure !== null) say(words('systemFailed', { reason: failure }))
    missing = missingPackages(purpose, manager)
  } else {
    const params = { purpose: words(purpose === 'build' ? 'purposeBuild' : 'purposeTest'), packages: missing.join(' ') }
    say(manager === null ? words('systemMissingUnknown', params) : words('systemMissing', { ...params, command: installCommands[manager](missing) }))
  }
  return missing
}

function missingPackages(purpose, manager) {
  const isMissing = ({ command = [], file = [] }) => !command.some(isOnPath) && !file.some((name) => existsSync(name))
  return [...new Set(needs[purpose].filter(isMissing).map((need) => need[manager ?? 'apt']))]
}

function packageManager() {
  let release = ''
  try { release = readFileSync('/etc/os-release', 'utf8') } catch { return null }
  const ids = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) => match[1].split(' '))
  const managers = { debian: 'apt', ubuntu: 'apt', fedora: 'dnf', rhel: 'dnf', arch: 'pacman', alpine: 'apk' }
  return ids.map((id) => managers[id]).find((manager) => manager !== undefined) ?? null
}

/** Whether a program can be started by name; the system's own folders count even where an ordinary user's path leaves them out. */
export function isOnPath(name) {
  return [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin'].some((folder) => folder !== '' && existsSync(path.join(folder, name)))
}

async function installWithApt(packages) {
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' } }
  await run('apt-get', ['-o', 'DPkg::Lock::Timeout=120', 'update'], { ...options, timeoutMs: 120_000 })
  const { ok, output, timedOut } = await run('apt-get', ['-o', 'DPkg::Lock::Timeout=120', 'install', '-y', '--no-install-recommends', ...packages], { ...options, timeoutMs: 420_000 })
  if (ok) return null
  return timedOut ? 'apt-get took longer than 7 minutes' : lastLines(output, 1) || 'apt-get failed'
}
