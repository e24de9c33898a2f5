import { existsSync } from 'node:fs'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import type { Link, LinkKind } from '../../src/link/link.ts'
import { plainCable } from '../../src/rpc/cable-contract.ts'
import type { LinkChoice, LinkSpec } from '../../src/rpc/contract.ts'
import type { HostSettings } from '../../src/rpc/host-contract.ts'
import { openCapHelperLink } from '../link/cap-helper-link.ts'
import { loadCap } from '../link/cap-module.ts'
import { openFileLink } from '../link/file-link.ts'
import { listInterfaces } from '../link/interfaces.ts'
import { openSandboxLink, sandboxObstacle } from '../link/sandbox-link.ts'
import { openVirtualLink, virtualPeerAddress } from '../link/virtual-link.ts'
import type { VirtualLink, VirtualLinkOptions } from '../link/virtual-link.ts'
import { Cable, impairmentsOf } from './cable.ts'
import { openInterfaceLink, permissionOf } from './interface-link.ts'

/** A link with what the lab has to know to stand on it. */
export interface OpenedLink {
  readonly link: Link
  /** The far end, where it is known. */
  readonly peer: { address: string, kind: 'kernel' | 'lab' } | null
  /** The host that this link brings; null where the user has to say one. */
  readonly host: HostSettings | null
  /** Runs the first conversation by itself. */
  readonly hasFirstConversation: boolean
  /** A kernel at the far end may leave checksums to a network card that is not there. */
  readonly acceptUnfinishedChecksums: boolean
  /** Wireless: answers to address probes take their time. */
  readonly isWireless: boolean
  readonly virtual: VirtualLink | null
  /** Between the two hosts of the virtual link. */
  readonly cable: Cable | null
}

/** The lab's own host on links that bring one. */
const ownHost: HostSettings = {
  address: '10.77.0.2/24',
  mac: '02:00:0a:4d:00:02',
  ipv6: 'fd00:77::2/64',
  listen: [{ port: 7, application: 'echo' }, { port: 9, application: 'discard' }, { port: 19, application: 'chargen' }, { port: 80, application: 'http' }],
}

const plain = { peer: null, host: null, hasFirstConversation: false, acceptUnfinishedChecksums: false, isWireless: false, virtual: null, cable: null } as const

/**
 * Opens a link of any kind.
 * @param virtual what the virtual network needs of the lab
 * @throws FaultError as the link's own `open…` says; `badArgument` for a kind that cannot be opened by name
 */
export async function openLinkOf(spec: LinkSpec, virtual: VirtualLinkOptions): Promise<OpenedLink> {
  const options = { filter: spec.filter ?? '', promiscuous: spec.promiscuous ?? true, ...(spec.snapLength ? { snapLength: spec.snapLength } : {}) }
  switch (spec.kind) {
    case 'nic': {
      const name = nameOf(spec)
      const link = await openInterfaceLink({ name, ...options }, spec.elevate ?? false)
      return { ...plain, link, acceptUnfinishedChecksums: isSoftwareInterface(name), isWireless: isWireless(name) }
    }
    case 'cap': {
      const name = nameOf(spec)
      return { ...plain, link: await openCapHelperLink({ name, filter: options.filter }), acceptUnfinishedChecksums: isSoftwareInterface(name) }
    }
    case 'file': return { ...plain, link: await openFileLink(nameOf(spec)) }
    case 'sandbox': {
      const link = await openSandboxLink(options)
      return { ...plain, link, peer: { address: link.peerAddress, kind: 'kernel' }, host: ownHost, hasFirstConversation: true, acceptUnfinishedChecksums: true }
    }
    case 'virtual': {
      const link = openVirtualLink({ toPeer: impairmentsOf(plainCable), toLab: impairmentsOf(plainCable), ...virtual })
      return { ...plain, link, virtual: link, cable: new Cable(link), peer: { address: virtualPeerAddress, kind: 'lab' }, host: ownHost, hasFirstConversation: true }
    }
    default: throw new FaultError(fault('badArgument', { name: 'kind', value: String(spec.kind), expected: 'nic | cap | sandbox | virtual | file' }))
  }
}

/** Everything the link selector offers, with why it may not be opened. */
export function listLinkChoices(): LinkChoice[] {
  const simulated = (kind: LinkKind, obstacle: Fault | null): LinkChoice => ({ kind, name: kind, description: '', addresses: [], mac: null, up: true, mayOpen: obstacle === null, elevates: false, obstacle })
  return [simulated('sandbox', sandboxObstacle()), simulated('virtual', null), ...interfaceChoices()]
}

/** The link that the lab opens by itself. */
export function defaultLink(): LinkSpec {
  return { kind: sandboxObstacle() === null ? 'sandbox' : 'virtual' }
}

/** Interfaces through our binding; through `cap` where the binding is not there; with neither, one line that says why. */
function interfaceChoices(): LinkChoice[] {
  let missing: Fault
  try {
    return listInterfaces().map(({ name, description, addresses, mac, up, mayOpen }) => ({
      kind: 'nic', name, description, addresses: [...addresses], mac, up, mayOpen, ...(mayOpen ? { elevates: false, obstacle: null } : permissionOf(name)),
    }))
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    missing = error.fault
  }
  try {
    return loadCap().Cap.deviceList().map(({ name, description, addresses }) => ({
      kind: 'cap', name, description: description ?? '', addresses: addresses.flatMap(({ addr }) => addr === undefined ? [] : [addr]), mac: null, up: true, mayOpen: true, elevates: false, obstacle: null,
    }))
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
  }
  return [{ kind: 'nic', name: '', description: '', addresses: [], mac: null, up: false, mayOpen: false, elevates: false, obstacle: missing }]
}

function nameOf(spec: LinkSpec): string {
  if (spec.name === undefined || spec.name === '') throw new FaultError(fault('badArgument', { name: 'name', value: '', expected: spec.kind === 'file' ? 'PATH' : 'INTERFACE' }))
  return spec.name
}

/**
 * Linux: an interface without a device behind it (veth, bridge, tap), whose far end is a kernel of this machine.
 * `/sys` may be that of another network namespace, where the interface is unknown: then it is none of the machine's own devices.
 */
function isSoftwareInterface(name: string): boolean {
  return process.platform === 'linux' && !existsSync(`/sys/class/net/${name}/device`)
}

function isWireless(name: string): boolean {
  return existsSync(`/sys/class/net/${name}/wireless`)
}
