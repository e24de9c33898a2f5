import { randomBytes } from 'node:crypto'
import { FaultError, fault } from '../../src/base/fault.ts'
import { applicationNames } from '../../src/rpc/host-contract.ts'
import type { HostSettings } from '../../src/rpc/host-contract.ts'
import type { HostConfig } from '../../src/stack/host-config.ts'
import { isUnicastIpv6 } from '../../src/stack/ipv6-address.ts'
import { checkTcpOption, tcpPreset, tcpPresets } from '../../src/tcp/config.ts'
import type { TcpConfig, TcpPresetName } from '../../src/tcp/config.ts'
import { isBroadcastIpv4, isLoopbackIpv4, isMulticastIpv4, isMulticastMac, parseCidr, parseIpv4, parseMac } from '../../src/wire/addresses.ts'
import { readU32 } from '../../src/base/bytes.ts'

/** What a host is told by the link that it stands on. */
export interface HostSurroundings {
  mtu: number
  /** The far end's kernel may leave checksums to a network card that is not there. */
  acceptUnfinishedChecksums: boolean
  /** Nobody else is on the link, and no router: there is nothing to ask for over IPv6. */
  isPrivate?: boolean
  /** Shorten the address probe, where nobody else can have the address. */
  claimTimings?: HostConfig['claimTimings']
}

/**
 * What a user asked for as the configuration of a host.
 * @throws FaultError `addressInvalid`, `badArgument`
 */
export function hostConfigOf(settings: HostSettings, { mtu, acceptUnfinishedChecksums, claimTimings, isPrivate = false }: HostSurroundings): HostConfig {
  const cidr = parseCidr(settings.address)
  if (cidr === null || cidr.address.length !== 4) throw new FaultError(fault('addressInvalid', { address: settings.address }))
  const ipv4 = readU32(cidr.address, 0)
  if (!isHostAddress(ipv4, cidr.prefixLength)) throw new FaultError(fault('addressInvalid', { address: settings.address }))
  const gateway = settings.gateway === undefined ? null : parseIpv4(settings.gateway)
  if (settings.gateway !== undefined && gateway === null) throw new FaultError(fault('addressInvalid', { address: settings.gateway }))
  for (const { port, application } of settings.listen ?? []) checkListener(port, application)
  return {
    mac: macOf(settings.mac), ipv4, prefixLength: cidr.prefixLength, mtu, tcp: tcpConfigOf(settings), acceptUnfinishedChecksums,
    ...(gateway === null ? {} : { gateway }),
    ...ipv6ConfigOf(settings.ipv6 ?? 'auto', isPrivate),
    ...(claimTimings === undefined ? {} : { claimTimings }),
  }
}

/** @throws FaultError `addressInvalid` */
function ipv6ConfigOf(text: string, isPrivate: boolean): Partial<HostConfig> {
  if (text === 'off') return {}
  const quiet = isPrivate ? { probeIpv6: false, solicitRouters: false, multicastReports: false } : {}
  if (text === 'auto') return { ipv6: true, ...quiet }
  const cidr = parseCidr(text)
  if (cidr === null || !isUnicastIpv6(cidr.address)) throw new FaultError(fault('addressInvalid', { address: text }))
  return { ipv6: true, ...quiet, ipv6Addresses: [{ address: cidr.address, prefixLength: cidr.prefixLength }] }
}

/** Whether one host alone can have the address (RFC 1122 §3.2.1.3): no group, no loopback, neither the network's own nor its broadcast address. */
function isHostAddress(address: number, prefixLength: number): boolean {
  if (address >>> 24 === 0 || isLoopbackIpv4(address) || isMulticastIpv4(address) || isBroadcastIpv4(address, prefixLength)) return false
  return prefixLength >= 31 || (address & (0xffff_ffff >>> prefixLength)) !== 0
}

/** @throws FaultError `badArgument` */
export function checkListener(port: unknown, application: unknown): void {
  if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65535) throw new FaultError(fault('badArgument', { name: 'port', value: String(port), expected: '1 .. 65535' }))
  if (!(applicationNames as readonly unknown[]).includes(application)) {
    throw new FaultError(fault('badArgument', { name: 'application', value: String(application), expected: applicationNames.join(' | ') }))
  }
}

function tcpConfigOf({ preset = 'rfc', isn }: HostSettings): TcpConfig {
  if (!Object.hasOwn(tcpPresets, preset)) throw new FaultError(fault('badArgument', { name: 'preset', value: preset, expected: Object.keys(tcpPresets).join(' | ') }))
  const config = tcpPreset(preset as TcpPresetName)
  if (isn === undefined) return config
  const wrong = checkTcpOption('isn', isn)
  if (wrong !== null) throw new FaultError(wrong)
  return { ...config, isn }
}

/** The given MAC, or a random one that is locally administered and no group. */
export function macOf(text: string | undefined): Uint8Array {
  if (text === undefined) return Uint8Array.from([0x02, ...randomBytes(5)])
  const mac = parseMac(text)
  if (mac === null || isMulticastMac(mac)) throw new FaultError(fault('badArgument', { name: 'mac', value: text, expected: '02:00:00:00:00:02' }))
  return mac
}
