import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { GraphKind, Side } from '../../src/graph/graph.ts'
import { isWhole, moved, revealing, zoomed, type Span } from '../../src/graph/sight.ts'
import type { GraphView } from '../../src/graph/view.ts'
import type { FlowSeriesAnswer, FlowSeriesRequest } from '../../src/rpc/flows-contract.ts'
import { faultOf } from '../lab/client.ts'
import type { Lab } from '../lab/store.ts'
import type { FaultList } from '../fault-list.ts'

/** What is asked for reaches so many times the sight beyond it on each side, so that moving shows what is there at once. */
const overscan = 0.5
/** What the lab gives at once. */
const mostColumns = 4096
/** Newly captured packets are drawn so often at most. */
const refreshMs = 250

/** The graph of a flow as far as the window has it, and what of it is in sight. */
export interface FlowGraph {
  answer: ShallowRef<FlowSeriesAnswer | null>
  /** What is in sight. */
  sight: ComputedRef<Span>
  isWhole: ComputedRef<boolean>
  /** Stays at the end of the flow while it grows. */
  following: Ref<boolean>
  zoom(at: number, factor: number): void
  move(by: number): void
  reveal(time: number): void
  show(span: Span): void
  showAll(): void
  /** A view of what is in sight and nothing more, in so many columns. @throws what the lab says */
  ask(columns: number): Promise<FlowSeriesAnswer>
}

/** @param columns pixels that the plot is wide */
export function useFlowGraph(lab: Lab, faults: FaultList, flow: Ref<number>, kind: Ref<GraphKind>, sender: Ref<Side | null>, columns: Ref<number>): FlowGraph {
  const answer = shallowRef<FlowSeriesAnswer | null>(null)
  /** null: all of it, however long it grows. */
  const chosen = shallowRef<Span | null>(null)
  const following = ref(false)
  const duration = computed(() => answer.value?.view.duration ?? 0)
  const sight = computed<Span>(() => {
    if (chosen.value === null) return { from: 0, to: Math.max(duration.value, 1e-6) }
    if (!following.value) return chosen.value
    const length = chosen.value.to - chosen.value.from
    return { from: Math.max(0, duration.value - length), to: Math.max(length, duration.value) }
  })
  let generation = 0
  let isAsking = false
  let timer: ReturnType<typeof setTimeout> | null = null

  const packetsNow = computed(() => {
    const row = lab.flows.value.get(flow.value)
    return row ? row.client.packets + row.server.packets : 0
  })

  function requestOf(span: Span | null, columnCount: number): FlowSeriesRequest {
    const bounded = Math.max(1, Math.min(mostColumns, Math.round(columnCount)))
    return { flow: flow.value, kind: kind.value, columns: bounded, ...(sender.value === null ? {} : { sender: sender.value }), ...(span ?? {}) }
  }

  function wanted(): FlowSeriesRequest {
    if (chosen.value === null) return requestOf(null, columns.value)
    const { from, to } = sight.value
    const more = (to - from) * overscan
    return requestOf({ from: from - more, to: to + more }, columns.value * (1 + 2 * overscan))
  }

  async function refresh(): Promise<void> {
    if (isAsking || flow.value < 0 || columns.value < 1) return
    const asked = generation
    const request = wanted()
    isAsking = true
    try {
      const found = await lab.client.flowSeries(request)
      if (asked === generation) answer.value = found
    } catch (error) {
      if (asked === generation && lab.state.value === 'connected') faults.report(faultOf(error))
      if (asked === generation) return
    } finally {
      isAsking = false
    }
    if (asked !== generation || isBehind(request)) void refresh()
  }

  /** There is more to ask for at once: packets that the lab has yet to read, or another sight. */
  function isBehind(request: FlowSeriesRequest): boolean {
    const { taken, total } = answer.value!
    return taken < total || JSON.stringify(wanted()) !== JSON.stringify(request)
  }

  function restart(): void {
    generation++
    void refresh()
  }
  watch([flow, lab.captureEpoch], () => {
    answer.value = null
    chosen.value = null
    restart()
  })
  watch([kind, sender], restart)
  watch([sight, columns], () => { void refresh() })
  watch(packetsNow, () => {
    timer ??= setTimeout(() => {
      timer = null
      if (packetsNow.value > (answer.value?.total ?? 0)) void refresh()
    }, refreshMs)
  })
  onScopeDispose(() => { if (timer !== null) clearTimeout(timer) })
  void refresh()

  function show(span: Span): void {
    chosen.value = isWhole(span, duration.value) ? null : span
  }
  /** Whoever moves the sight lets go of the end, unless it is there. */
  function moveTo(span: Span): void {
    following.value &&= span.to >= duration.value
    show(span)
  }
  return {
    answer, sight, following,
    isWhole: computed(() => chosen.value === null),
    zoom: (at, factor) => show(zoomed(sight.value, following.value ? duration.value : at, factor, duration.value)),
    move: (by) => moveTo(moved(sight.value, by, duration.value)),
    reveal: (time) => { if (chosen.value !== null) moveTo(revealing(sight.value, time, duration.value)) },
    show: moveTo,
    showAll: () => { chosen.value = null },
    ask: (columnCount) => lab.client.flowSeries(requestOf(chosen.value === null ? null : sight.value, columnCount)),
  }
}

/** Without what is hidden: layers by their label, bands as `limit.NAME`. */
export function withoutHidden(view: GraphView, hidden: readonly string[]): GraphView {
  if (hidden.length === 0) return view
  return { ...view, layers: view.layers.filter(({ label }) => !hidden.includes(label)), bands: view.bands.filter(({ limit }) => !hidden.includes(`limit.${limit}`)) }
}
