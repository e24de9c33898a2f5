import { computed, inject, provide, ref, shallowReactive, watch, watchEffect, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import type { PacketRow } from '../../src/rpc/packets-contract.ts'
import type { Lab } from '../lab/store.ts'
import type { Selection } from '../selection.ts'
import { isBoolean, isOneOf, storedRef } from '../stored.ts'
import { useDisplayFilter, type DisplayFilter } from './display-filter.ts'
import { useCaptureClock } from './capture-clock.ts'
import { useColourRules, type ColourRules } from './colour-rules.ts'
import { leastChars, type ColumnChars } from './packet-columns.ts'
import { usePacketRows, type PacketRows } from './packet-rows.ts'
import { useRowWindow, type RowWindow } from './row-window.ts'
import { numberForms, type NumberForm } from './shown-numbers.ts'
import { useSteadyTotal } from './steady-total.ts'
import { timeFormats, timeText, type TimeFormat } from './time-formats.ts'

/** What the packet list and the ladder share, so that a packet's row and its arrow stand on one line. */
export interface CaptureView {
  rows: PacketRows
  filter: DisplayFilter
  /** Rows in the list; behind `rows.total` while new ones are on their way. */
  total: Readonly<Ref<number>>
  window: RowWindow
  form: Ref<NumberForm>
  /** The ladder writes A and A+1 in place of numbers. */
  isSymbolic: Ref<boolean>
  /** The ladder is true to time; otherwise its rows are those of the list. */
  isTrueToTime: Ref<boolean>
  timeFormat: Ref<TimeFormat>
  rules: ColourRules
  clock: ReturnType<typeof useCaptureClock>
  /** The time of a loaded row as the list shows it. */
  timeOf(row: PacketRow, index: number): string
  chars: ColumnChars
  /** The flow that the ladder draws: the one that filters the list, or that of the selected packet, or the first in view. */
  ladderFlow: ComputedRef<number>
  /** The row of the selected packet, while it is loaded. */
  selectedRow: ComputedRef<PacketRow | undefined>
  /** Position of the selected packet among the rows, -1 when it is not known to be there. */
  selectedIndex: Ref<number>
  select(index: number): void
  /** Whether each end of a flow is a host of the lab. */
  known(flow: number): readonly [boolean, boolean]
}

const key: InjectionKey<CaptureView> = Symbol('capture view')

export function useCaptureView(): CaptureView {
  return inject(key)!
}

export function provideCaptureView(lab: Lab, selection: Selection): CaptureView {
  const filter = useDisplayFilter()
  const rules = useColourRules()
  const rows = usePacketRows(lab, selection.flow, filter.applied, computed(() => rules.active.value.map((rule) => rule.filter)))
  const clock = useCaptureClock(lab)
  // The window moves over as many rows as are shown, and how many are shown depends on where the window is.
  const place = { following: true, visible: 0 }
  const total = useSteadyTotal(rows, () => place.following, () => place.visible)
  const isFile = computed(() => lab.link.value?.info?.kind === 'file')
  const window = useRowWindow(total, () => !isFile.value)
  watch([lab.captureEpoch, isFile], () => { window.following.value = !isFile.value }, { immediate: true, flush: 'sync' })
  watch([lab.captureEpoch, isFile, selection.flow, filter.applied], () => { if (!window.following.value) window.moveTo(0) })
  watchEffect(() => Object.assign(place, { following: window.following.value, visible: window.visible.value }), { flush: 'sync' })
  const form = storedRef<NumberForm>('numbers', 'relative', isOneOf(numberForms))
  const timeFormat = storedRef<TimeFormat>('timeFormat', 'start', isOneOf(timeFormats))
  const chars = shallowReactive(leastChars())
  const selected = useSelectedIndex(lab, selection, filter, rows, total, window)
  const selectedRow = computed(() => {
    void rows.version.value
    const row = selected.index.value < 0 ? undefined : rows.at(selected.index.value)
    return row?.number === selection.packet.value ? row : undefined
  })
  const ladderFlow = computed(() => {
    if (selection.flow.value >= 0) return selection.flow.value
    if (selectedRow.value?.tcp) return selectedRow.value.flow
    void rows.version.value
    for (let index = window.first.value; index < window.first.value + window.visible.value; index++) {
      const row = rows.at(index)
      if (row?.tcp) return row.flow
    }
    return -1
  })
  watch(() => lab.packets.value.left, (left, before) => {
    if (left <= before) return
    if (selection.flow.value < 0 && filter.applied.value === '') {
      if (!window.following.value) window.moveTo(window.first.value - (left - before))
      selected.index.value = Math.max(-1, selected.index.value - (left - before))
    } else {
      void selected.find()
    }
  }, { flush: 'sync' })
  watch([selection.flow, lab.captureEpoch, timeFormat], () => { Object.assign(chars, leastChars()) })
  const view: CaptureView = {
    rows,
    filter,
    total,
    window,
    form,
    isSymbolic: storedRef('ladderSymbolic', false, isBoolean),
    isTrueToTime: storedRef('ladderTrueToTime', false, isBoolean),
    timeFormat,
    rules,
    clock,
    timeOf: (row, index) => timeText(timeFormat.value, row, index === 0 ? undefined : rows.at(index - 1), index === 0, clock.start.value),
    chars,
    ladderFlow,
    selectedRow,
    selectedIndex: selected.index,
    select: selected.select,
    known: (flow) => {
      const row = lab.flows.value.get(flow)
      return row ? [row.client.known, row.server.known] : [true, true]
    },
  }
  provide(key, view)
  return view
}

/** Keeps the position of the selected packet, whoever selected it and whatever filters the list. */
function useSelectedIndex(lab: Lab, selection: Selection, filter: DisplayFilter, rows: PacketRows, total: Readonly<Ref<number>>, window: RowWindow) {
  const index = ref(-1)
  /** Keys may run ahead of the rows: then the position is chosen first, and its packet is picked when the row has come. */
  let isAhead = false

  function select(at: number): void {
    if (total.value === 0) return
    index.value = Math.max(0, Math.min(total.value - 1, at))
    window.reveal(index.value)
    pickWhenThere()
  }

  function pickWhenThere(): void {
    const row = rows.at(index.value)
    isAhead = row === undefined
    if (row) selection.pickPacket(row.number)
    else rows.want(index.value, 1)
  }

  watch(rows.version, () => { if (isAhead && index.value >= 0) pickWhenThere() })
  watch([selection.packet, selection.flow, filter.applied], async ([packet, flow, expression], [, flowBefore, expressionBefore]) => {
    if (packet === 0) {
      index.value = -1
      return
    }
    if (flow === flowBefore && expression === expressionBefore && rows.at(index.value)?.number === packet) return
    await find(true)
  })

  /** Looks where the selected packet stands now. */
  async function find(isRevealed = false): Promise<void> {
    const [packet, flow, expression] = [selection.packet.value, selection.flow.value, filter.applied.value]
    index.value = -1
    if (packet === 0) return
    try {
      const found = await lab.client.findRow({ packet, ...(flow >= 0 ? { flow } : {}), ...(expression === '' ? {} : { filter: expression }) })
      if (packet !== selection.packet.value || flow !== selection.flow.value || expression !== filter.applied.value) return
      index.value = found
      if (found >= 0 && isRevealed) window.reveal(found)
    } catch {
      // The link to the core went; the packet stays selected and the list says nothing about it.
    }
  }
  return { index, select, find }
}
