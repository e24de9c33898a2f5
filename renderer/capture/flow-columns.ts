import { computed, ref, watch } from 'vue'
import type { ComputedRef, Ref } from 'vue'
import type { FlowRow } from '../../src/rpc/flows-contract.ts'
import { formatCompact, formatRtt } from '../format.ts'

/** Columns of figures, with the figures that fit at least. */
const least = { number: 3, clientPackets: 6, serverPackets: 6, clientBytes: 7, serverBytes: 6, rtt: 8, retransmissions: 5, findings: 5 } as const
type Column = keyof typeof least

const texts: Readonly<Record<Column, (row: FlowRow) => string>> = {
  number: ({ flow }) => String(flow), clientPackets: ({ client }) => formatCompact(client.packets), serverPackets: ({ server }) => formatCompact(server.packets),
  clientBytes: ({ client }) => formatCompact(client.bytes), serverBytes: ({ server }) => formatCompact(server.bytes), rtt: ({ rttUs }) => formatRtt(rttUs),
  retransmissions: ({ retransmissions }) => formatCompact(retransmissions), findings: ({ findings }) => formatCompact(findings),
}

/** Of a figure at 12 px in the monospaced face; of what stands around them in a cell; of the columns that hold no figures, so that addresses can be read. */
const figurePx = 7.23
const paddingPx = 9
const othersPx = 570

export interface FlowColumns extends Record<Column, { width: string }> { readonly least: number }

/** Widths that hold every figure that was shown. They only grow, so that nothing jumps while one scrolls. */
export function useFlowColumns(shown: Ref<readonly (FlowRow | undefined)[]>): ComputedRef<FlowColumns> {
  const figures = ref<Record<Column, number>>({ ...least })
  watch(shown, (rows) => {
    const wider = widened(figures.value, rows)
    if (wider !== null) figures.value = wider
  }, { immediate: true })
  return computed(() => {
    const widths = Object.fromEntries(Object.entries(figures.value).map(([name, count]) => [name, Math.ceil(count * figurePx) + paddingPx])) as Record<Column, number>
    const styles = Object.fromEntries(Object.entries(widths).map(([name, width]) => [name, { width: `${width}px` }])) as Record<Column, { width: string }>
    return { ...styles, least: othersPx + Object.values(widths).reduce((sum, width) => sum + width, 0) }
  })
}

/** @returns null where everything fits */
export function widened(figures: Readonly<Record<Column, number>>, rows: readonly (FlowRow | undefined)[]): Record<Column, number> | null {
  const found = { ...figures }
  let isWider = false
  for (const row of rows) {
    if (row === undefined) continue
    for (const name of Object.keys(texts) as Column[]) {
      const { length } = texts[name](row)
      if (length <= found[name]) continue
      found[name] = length
      isWider = true
    }
  }
  return isWider ? found : null
}
