import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import type { TcpSnapshot } from '../../src/tcp/snapshot.ts'
import type { ReportedError } from '../../src/stack/network-error.ts'
import type { FlowEnd, FlowRow } from '../../src/rpc/flows-contract.ts'
import type { ConnectionView, HostState, IcmpReport, SocketRow } from '../../src/rpc/host-contract.ts'
import { formatAddress, isSameAddress } from '../../src/stack/ip-address.ts'
import type { ConnectionRecord } from '../../src/stack/connection-record.ts'
import type { Host } from '../../src/stack/host.ts'
import { TcpState } from '../../src/tcp/state.ts'
import { formatIpv4, formatMac } from '../../src/wire/addresses.ts'

/** A host as views see it: ours, or the second one of the virtual link. */
export interface ViewedHost {
  readonly number: 0 | 1
  readonly host: Host
  readonly listeners: readonly { port: number, application: string }[]
  applicationOf(record: ConnectionRecord): string
}

const scratch = createTcpSnapshot()
/** Rows of the socket table that an update carries. */
const socketRowsAtMost = 500

/** Listeners first, then connections, the latest first. */
export function socketRows(hosts: readonly ViewedHost[], nowUs: number): SocketRow[] {
  const rows: SocketRow[] = []
  for (const viewed of hosts) {
    // A listener takes connections over both versions.
    const localAddress = viewed.host.ipv6Addresses().length > 0 ? '*' : formatIpv4(viewed.host.config.ipv4)
    for (const { port, application } of viewed.listeners) {
      rows.push({
        connection: -1, host: viewed.number, localAddress, localPort: port, remoteAddress: '', remotePort: 0, state: application.startsWith('udp-') ? -1 : TcpState.listen,
        receiveQueue: 0, sendQueue: 0, timer: null, side: 1, application,
      })
    }
  }
  for (const viewed of hosts) {
    const records = [...viewed.host.connections()].slice(-socketRowsAtMost)
    for (const record of records.reverse()) rows.push(socketRow(viewed, record, nowUs))
  }
  return rows.slice(0, socketRowsAtMost)
}

function socketRow(viewed: ViewedHost, record: ConnectionRecord, nowUs: number): SocketRow {
  record.connection.snapshot(scratch)
  return {
    connection: record.id, host: viewed.number,
    localAddress: formatAddress(record.localAddress), localPort: record.localPort, remoteAddress: formatAddress(record.remoteAddress), remotePort: record.remotePort,
    state: scratch.state, receiveQueue: scratch.receiveUnreadBytes, sendQueue: scratch.sendQueuedBytes + scratch.sendUnackedBytes,
    timer: nearestTimer(scratch, nowUs), side: record.listenerPort < 0 ? 0 : 1, application: viewed.applicationOf(record),
  }
}

function nearestTimer({ timers }: TcpSnapshot, nowUs: number): SocketRow['timer'] {
  let name = ''
  let deadlineUs = Infinity
  for (const [candidate, dueUs] of Object.entries(timers)) {
    if (dueUs < 0 || dueUs >= deadlineUs) continue
    name = candidate
    deadlineUs = dueUs
  }
  return name === '' ? null : { name, remainingMs: Math.max(0, Math.round((deadlineUs - nowUs) / 1000)) }
}

/** The connection that a shell watches, with the other end where that is ours too. */
export function connectionView(viewed: ViewedHost, id: number, peer: ViewedHost | null, nowUs: number): ConnectionView | null {
  const record = viewed.host.record(id)
  if (record === undefined) return null
  const snapshot = createTcpSnapshot()
  record.connection.snapshot(snapshot)
  return {
    connection: id, timeUs: nowUs, localAddress: formatAddress(record.localAddress), remoteAddress: formatAddress(record.remoteAddress), side: record.listenerPort < 0 ? 0 : 1,
    application: viewed.applicationOf(record), softError: icmpReport(record.softError),
    config: record.connection.config, snapshot, peer: peer === null ? null : otherEnd(record, peer.host),
  }
}

function icmpReport(error: ReportedError | null): IcmpReport | null {
  return error === null ? null : { version: error.ipVersion, type: error.type, code: error.code }
}

function otherEnd(record: ConnectionRecord, peer: Host): TcpSnapshot | null {
  let found: ConnectionRecord | null = null
  // Ports are used again: the latest is the one.
  for (const other of peer.connections()) {
    if (other.localPort === record.remotePort && other.remotePort === record.localPort && isSameAddress(other.remoteAddress, record.localAddress)
      && isSameAddress(other.localAddress, record.remoteAddress)) found = other
  }
  if (found === null) return null
  const snapshot = createTcpSnapshot()
  found.connection.snapshot(snapshot)
  return snapshot
}

/** Puts the engines' own states in place of inferred ones, for the ends that are hosts of the lab. */
export function withKnownStates(rows: FlowRow[], hosts: readonly ViewedHost[]): FlowRow[] {
  if (!rows.some(({ client, server }) => client.known || server.known)) return rows
  const ports = new Set<number>()
  for (const { client, server } of rows) ports.add(portsKey(client.port, server.port)).add(portsKey(server.port, client.port))
  const states = new Map<string, number>()
  for (const { host } of hosts) {
    for (const record of host.connections()) {
      // A host may have many thousand connections and an update few rows: only what can be among them gets its address written out.
      if (!ports.has(portsKey(record.localPort, record.remotePort))) continue
      states.set(`${formatAddress(record.localAddress)} ${record.localPort} ${formatAddress(record.remoteAddress)} ${record.remotePort}`, record.connection.state)
    }
  }
  for (const { client, server } of rows) {
    putState(client, server, states)
    putState(server, client, states)
  }
  return rows
}

function portsKey(local: number, remote: number): number {
  return local * 65_536 + remote
}

function putState(end: FlowEnd, other: FlowEnd, states: ReadonlyMap<string, number>): void {
  if (!end.known) return
  const state = states.get(`${end.address} ${end.port} ${other.address} ${other.port}`)
  // What a host has forgotten was closed.
  end.state = state ?? TcpState.closed
}

export const hostOff: HostState = { running: false, phase: 'off', address: '', mac: '', gateway: null, mtu: 0, listeners: [], ipv6Addresses: [], neighbours: [], fault: null }

export function hostState(host: Host, listeners: HostState['listeners'], fault: HostState['fault']): HostState {
  const { config } = host
  return {
    running: true, phase: host.phase, address: `${formatIpv4(config.ipv4)}/${config.prefixLength}`, mac: formatMac(config.mac),
    gateway: config.gateway === undefined ? null : formatIpv4(config.gateway), mtu: config.mtu, listeners,
    ipv6Addresses: host.ipv6Addresses().map(({ address, state }) => ({ address: formatAddress(address), state })),
    neighbours: [
      ...host.arpTable().map(({ address, mac, state, ageUs }) => ({ address: formatIpv4(address), mac: mac ?? '', state, ageMs: Math.round(ageUs / 1000) })),
      ...host.ndpTable().map(({ address, mac, state }) => ({ address: formatAddress(address), mac: mac ?? '', state, ageMs: -1 })),
    ],
    fault,
  }
}
