import { shallowRef, triggerRef, watch, type InjectionKey, type ShallowRef } from 'vue'
import type { LabClient, LabDescription, LabUpdate, LinkChoice, LinkState } from '../../src/rpc/contract.ts'
import type { FlowRow } from '../../src/rpc/flows-contract.ts'
import type { ConnectionView, Decision, HostState, SocketRow } from '../../src/rpc/host-contract.ts'
import type { FaultList } from '../fault-list.ts'
import { injected } from '../inject.ts'
import { faultOf, type ConnectionState, type LabConnection } from './client.ts'
import { mergeUpdates } from './merge-updates.ts'

/** How many decisions the window keeps; older ones are asked from the core with `getDecisions`. */
export const decisionsKept = 2000
/** How many flow rows the window keeps; others are asked again when they scroll into view. */
const flowsKept = 5000

/** Everything the window knows of the lab, applied at most once an animation frame. Rows and snapshots are replaced, never changed in place. */
export interface Lab {
  client: LabClient
  state: ShallowRef<ConnectionState>
  description: ShallowRef<LabDescription | null>
  links: ShallowRef<readonly LinkChoice[]>
  timeUs: ShallowRef<number>
  link: ShallowRef<LinkState | null>
  host: ShallowRef<HostState | null>
  packets: ShallowRef<LabUpdate['packets']>
  flowTotal: ShallowRef<number>
  /** Flows that have left with their packets: places are not numbers then. */
  flowsLeft: ShallowRef<number>
  /** Rows by flow number; triggered when any changes. */
  flows: ShallowRef<Map<number, FlowRow>>
  sockets: ShallowRef<readonly SocketRow[]>
  /** How many datagrams were sent and received by hand. */
  datagrams: ShallowRef<number>
  /** Of the script that is being played. */
  script: ShallowRef<LabUpdate['script']>
  connection: ShallowRef<ConnectionView | null>
  /** Oldest first, at most {@link decisionsKept}. */
  decisions: ShallowRef<readonly Decision[]>
  /** Grows when the capture was cleared, so that caches of rows forget. */
  captureEpoch: ShallowRef<number>
  refreshLinks(): Promise<void>
  /** Asks for the flow rows `from … from + count` that are not known yet. */
  fetchFlows(from: number, count: number): Promise<void>
  /** Makes rows known that were asked for elsewhere. */
  takeFlows(rows: readonly FlowRow[], total: number): void
  /** Which connection comes with each update. */
  watchConnection(connection: number | null): void
}

export const labKey: InjectionKey<Lab> = Symbol('lab')
export const useLab = (): Lab => injected(labKey)

export function createLab(connection: LabConnection, faults: FaultList): Lab {
  const { client, state } = connection
  let watched: number | null = null
  let pending: LabUpdate | null = null
  let asksFlows = false
  /** What was asked for while another answer was on its way. */
  let flowsAsked: [from: number, count: number] | null = null

  const lab: Lab = {
    client,
    state,
    description: shallowRef(null),
    links: shallowRef([]),
    timeUs: shallowRef(0),
    link: shallowRef(null),
    host: shallowRef(null),
    packets: shallowRef({ total: 0, left: 0, ratePps: 0, commentChanges: 0, commentsUnsaved: 0 }),
    flowTotal: shallowRef(0),
    flowsLeft: shallowRef(0),
    flows: shallowRef(new Map()),
    sockets: shallowRef([]),
    datagrams: shallowRef(0),
    script: shallowRef(null),
    connection: shallowRef(null),
    decisions: shallowRef([]),
    captureEpoch: shallowRef(0),
    refreshLinks: async () => { lab.links.value = await client.listLinks() },
    fetchFlows,
    takeFlows,
    watchConnection: (id) => {
      watched = id
      if (id === null) lab.connection.value = null
      client.watch({ connection: id }).catch(reportUnlessLost)
    },
  }

  async function fetchFlows(from: number, count: number): Promise<void> {
    if (count <= 0) return
    if (asksFlows) {
      flowsAsked = [from, count]
      return
    }
    asksFlows = true
    try {
      const epoch = lab.captureEpoch.value
      const page = await client.getFlows({ from, count })
      if (epoch === lab.captureEpoch.value) takeFlows(page.flows, page.total)
    } catch (error) {
      reportUnlessLost(error)
    } finally {
      asksFlows = false
      const next = flowsAsked
      flowsAsked = null
      if (next) void fetchFlows(...next)
    }
  }

  function takeFlows(rows: readonly FlowRow[], total: number): void {
    const known = lab.flows.value
    for (const row of rows) {
      known.delete(row.flow)
      known.set(row.flow, row)
    }
    for (const flow of known.keys()) {
      if (known.size <= flowsKept) break
      known.delete(flow)
    }
    lab.flowTotal.value = total
    if (rows.length > 0) triggerRef(lab.flows)
  }

  function forgetCapture(): void {
    lab.flows.value = new Map()
    lab.flowTotal.value = 0
    lab.flowsLeft.value = 0
    lab.captureEpoch.value++
  }

  function apply(update: LabUpdate): void {
    if (isOtherCapture(lab, update)) forgetCapture()
    lab.timeUs.value = update.timeUs
    lab.link.value = update.link
    lab.host.value = update.host
    lab.flowsLeft.value = update.flows.left
    if (isOther(update.packets, lab.packets.value)) lab.packets.value = update.packets
    takeFlows(update.flows.changed, update.flows.total)
    lab.sockets.value = update.sockets
    lab.datagrams.value = update.datagrams
    lab.script.value = update.script
    lab.connection.value = update.connection
    if (update.decisions.length > 0) lab.decisions.value = [...lab.decisions.value, ...update.decisions].slice(-decisionsKept)
    for (const fault of update.faults) faults.report(fault)
  }

  function reportUnlessLost(error: unknown): void {
    if (state.value === 'connected') faults.report(faultOf(error))
  }

  async function greet(): Promise<void> {
    try {
      lab.description.value = await client.describeLab()
      await lab.refreshLinks()
      if (watched !== null) await client.watch({ connection: watched })
    } catch (error) {
      reportUnlessLost(error)
    }
  }

  connection.onUpdate = (update) => {
    if (pending) {
      pending = mergeUpdates(pending, update)
      return
    }
    pending = update
    requestAnimationFrame(() => {
      const now = pending!
      pending = null
      apply(now)
    })
  }
  watch(state, (now) => {
    if (now !== 'connected') return
    forgetCapture()
    lab.decisions.value = []
    void greet()
  }, { immediate: true, flush: 'sync' })
  return lab
}

/** Whether the packets are others than before: another link or recording, or fewer of them than there were. */
function isOtherCapture(lab: Lab, update: LabUpdate): boolean {
  if (update.packets.total < lab.packets.value.total || update.packets.left < lab.packets.value.left || update.flows.left < lab.flowsLeft.value
    || update.flows.total + update.flows.left < lab.flowTotal.value) return true
  const before = lab.link.value
  return before !== null && captureName(before) !== captureName(update.link)
}

const captureName = ({ info, recording }: LinkState): string => [info?.kind, info?.name, recording.first].join(' ')

function isOther(now: LabUpdate['packets'], before: LabUpdate['packets']): boolean {
  return (Object.keys(now) as (keyof LabUpdate['packets'])[]).some((name) => now[name] !== before[name])
}
