import { fault, FaultError } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import type { LabCalls, LabUpdate, LinkChoice, LinkState } from '../../src/rpc/contract.ts'
import type { HostState, SocketRow } from '../../src/rpc/host-contract.ts'
import type { FindingProof, PacketRow } from '../../src/rpc/packets-contract.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import { ColourRules } from '../../main/lab/colour-rules.ts'
import { FlowGraphs } from '../../main/lab/flow-graphs.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { Trace } from '../../src/trace/trace.ts'
import { fixtureCapture } from './fixture-capture.ts'
import type { FixtureCapture } from './fixture-capture.ts'

/** A core that answers the contract from a made-up capture, so that a window can be put into states which a real one reaches seldom. */
export interface FixtureCore {
  calls: Partial<LabCalls>
  update(): LabUpdate
  /** What is changed here goes out with the next update. */
  link: LinkState
  faults: Fault[]
  /** Every call that was made, in order. */
  log: { name: string, args: unknown[] }[]
}

export function createFixtureCore(options: { bulkPackets?: number } = {}): FixtureCore {
  const capture = fixtureCapture(options.bulkPackets ?? 1340)
  const rowsOf = (flow?: number): PacketRow[] => {
    const rows = capture.packets.map((packet) => packet.row)
    return flow === undefined ? rows : rows.filter((row) => row.flow === flow)
  }
  const trace = traceOf(capture)
  const bytesOf = (index: number): Uint8Array => capture.packets[index].bytes
  const graphs = new FlowGraphs(trace, bytesOf)
  const colours = new ColourRules(trace, bytesOf)
  const link: LinkState = {
    open: true,
    capturing: true,
    loading: null,
    keep: { kind: 'all', limit: 0 },
    cable: null,
    info: {
      kind: 'sandbox', name: 'sandbox', description: '', linkType: 1, mtu: 1500, snapLength: 65535, mac: new Uint8Array([2, 0, 10, 77, 0, 2]), addresses: ['10.77.0.0/24'],
      mayInject: true, timestamps: 'kernel', timestampUnit: 'ns', reportsDirection: true, unknownCounters: [],
    },
    filter: { expression: 'tcp or arp', instructions: 7 },
    statistics: { ...emptyStatistics(), received: capture.packets.length },
    recording: { path: '/home/lab/captures/lab-2026-11-21.pcapng', first: '/home/lab/captures/lab-2026-11-21.pcapng', frames: capture.packets.length, bytes: 1_050_000, flushedAgoMs: 400, fault: null },
    fault: null,
    peer: { address: '10.77.0.1', kind: 'kernel' },
  }
  const host: HostState = {
    running: true, phase: 'ready', address: '10.77.0.2/24', mac: '02:00:0a:4d:00:02', gateway: null, mtu: 1500, listeners: [{ port: 7, application: 'echo' }],
    ipv6Addresses: [], neighbours: [{ address: '10.77.0.80', mac: '02:00:0a:4d:00:50', state: 'reachable', ageMs: 1200 }], fault: null,
  }
  const sockets: SocketRow[] = [
    { connection: -1, host: 0, localAddress: '10.77.0.2', localPort: 7, remoteAddress: '*', remotePort: 0, state: 1, receiveQueue: 0, sendQueue: 0, timer: null, side: 1, application: 'echo' },
    { connection: 1, host: 0, localAddress: '10.77.0.2', localPort: 40101, remoteAddress: '10.77.0.1', remotePort: 9, state: 4, receiveQueue: 0, sendQueue: 2920, timer: { name: 'retransmit', remainingMs: 199 }, side: 0, application: 'manual' },
  ]
  const core: FixtureCore = { link, faults: [], log: [], calls: {}, update }

  function update(): LabUpdate {
    const faults = core.faults
    core.faults = []
    return {
      timeUs: 32_000_000, link: core.link, host, packets: { total: capture.packets.length, left: 0, ratePps: core.link.capturing ? 48 : 0, commentChanges: 0, commentsUnsaved: 0 },
      flows: { total: capture.flows.length, left: 0, changed: capture.flows }, sockets, connection: null, decisions: [], datagrams: 0, script: null, faults,
    }
  }

  core.calls = {
    describeLab: () => ({ version: '0.1.0', platform: 'linux', defaultLink: { kind: 'sandbox' }, electron: false, recordingFolder: '/home/lab/captures' }),
    listLinks: () => linkChoices,
    openLink: () => core.link,
    setKeep: (keep) => {
      core.link = { ...core.link, keep }
      return keep
    },
    startCapture: () => { core.link = { ...core.link, capturing: true } },
    stopCapture: () => { core.link = { ...core.link, capturing: false } },
    setCaptureFilter: (expression) => {
      if (/\bbad\b/.test(expression)) throw new FaultError(fault('badFilter', { expression, message: 'syntax error in filter expression' }))
      core.link = { ...core.link, filter: { expression, instructions: expression === '' ? 0 : 7 } }
      return core.link.filter
    },
    getPacketRows: ({ from, count, flow, rules }) => {
      const rows = rowsOf(flow)
      const start = from < 0 ? Math.max(0, rows.length + from) : from
      const page = rows.slice(start, start + Math.min(count, 500))
      return { total: rows.length, from: start, rows: page, ...(rules === undefined ? {} : { matches: colours.match(page.map(({ number }) => number), rules) }) }
    },
    getPacket: (number) => {
      const packet = capture.packets[number - 1]
      if (!packet) throw new FaultError(fault('noSuchPacket', { number, total: capture.packets.length }))
      const [clientIsn, serverIsn] = capture.isns.get(packet.row.flow) ?? [-1, -1]
      return {
        number, timeSec: 1_795_000_000, timeNsec: Math.round(packet.row.time * 1e9), direction: packet.row.direction, linkType: 1, originalLength: packet.bytes.length,
        bytes: packet.bytes, flow: packet.row.flow, row: packet.row, clientIsn, serverIsn,
        proofs: proofsOf(packet.row), insights: [], decision: null, comments: [],
      }
    },
    getFlowInsights: () => null,
    getFlows: ({ from, count }) => {
      const start = from < 0 ? Math.max(0, capture.flows.length + from) : from
      return { total: capture.flows.length, from: start, flows: capture.flows.slice(start, start + count) }
    },
    findRow: ({ packet, flow }) => rowsOf(flow).findIndex((row) => row.number === packet),
    flowSeries: (request) => graphs.answer(request, () => 0, 1),
    getDecisions: () => [],
    watch: () => {},
    listen: () => {},
    runFirstConversation: () => ({ connection: 1 }),
    connect: () => { throw new FaultError(fault('connectionRefused', { address: '10.77.0.1', port: 81 })) },
  }
  return core
}

/** What the tracker makes of the same packets; their offsets are their places. */
function traceOf({ packets }: FixtureCapture): Trace {
  const trace = new Trace({ insights: true })
  for (const [index, { bytes, row: { time } }] of packets.entries()) {
    const batch = new FrameBatch(1, bytes)
    batch.add(0, bytes.length, bytes.length, 1_795_000_000 + Math.floor(time), Math.round(time % 1 * 1e9), 1)
    trace.append(batch, 1, Float64Array.of(index))
  }
  return trace
}

/** Whatever was found, the eighth packet is why. */
function proofsOf({ tcp }: PacketRow): FindingProof[] {
  return tcp === null || tcp.findings === 0 ? [] : [{ finding: tcp.findings, first: tcp.seq + 500, second: tcp.length, firstPacket: 8, secondPacket: 8 }]
}

const linkChoices: LinkChoice[] = [
  { kind: 'sandbox', name: 'sandbox', description: '', addresses: ['10.77.0.0/24'], mac: null, up: true, mayOpen: true, elevates: false, obstacle: null },
  { kind: 'virtual', name: 'virtual', description: '', addresses: [], mac: null, up: true, mayOpen: true, elevates: false, obstacle: null },
  { kind: 'nic', name: 'eth0', description: '', addresses: ['192.0.2.17/24', '2001:db8::17/64'], mac: '02:00:5e:00:53:02', up: true, mayOpen: false, elevates: false, obstacle: fault('interfaceNoPermission', { name: 'eth0', how: 'setcap' }) },
  { kind: 'nic', name: 'eth1', description: '', addresses: [], mac: '02:00:5e:00:53:03', up: true, mayOpen: false, elevates: true, obstacle: fault('interfaceNoPermission', { name: 'eth1', how: 'setcap', why: 'mayAsk' }) },
  { kind: 'nic', name: 'wlan0', description: '', addresses: [], mac: '02:00:5e:00:53:01', up: false, mayOpen: false, elevates: false, obstacle: fault('interfaceDown', { name: 'wlan0' }) },
]
