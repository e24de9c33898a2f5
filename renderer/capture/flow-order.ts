import { useThrottleFn } from '@vueuse/core'
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import type { FlowSort } from '../../src/rpc/flows-contract.ts'
import type { Lab } from '../lab/store.ts'

/** While packets come, the flows in view are sorted again this often. */
const renewMs = 1000
/** Sorting by a number begins with the highest, which is what one looks for. */
const risesFirst: readonly FlowSort[] = ['number', 'client', 'server', 'age']

export interface FlowOrder {
  sort: Ref<FlowSort>
  descending: Ref<boolean>
  isByNumber: ComputedRef<boolean>
  /** Number of the flow at a place; undefined while it is on its way. */
  flowAt(index: number): number | undefined
  /** Says which places are in view, where flows are not by number. */
  want(from: number, count: number): void
  /** Sorts by something else, or the other way round. */
  toggle(sort: FlowSort): void
}

/** Which flow stands where. The core sorts, because the window knows only the rows that it has shown. */
export function useFlowOrder(lab: Lab): FlowOrder {
  const sort = ref<FlowSort>('number')
  const descending = ref(false)
  const isByNumber = computed(() => sort.value === 'number' && !descending.value && lab.flowsLeft.value === 0)
  const page = shallowRef<{ from: number, flows: readonly number[] }>({ from: 0, flows: [] })
  let wanted: readonly [from: number, count: number] = [0, 0]

  async function ask(): Promise<void> {
    const [from, count] = wanted
    const request = { from, count, sort: sort.value, descending: descending.value }
    const epoch = lab.captureEpoch.value
    if (isByNumber.value || count <= 0) return
    try {
      const { flows, total } = await lab.client.getFlows(request)
      if (epoch !== lab.captureEpoch.value || request.sort !== sort.value || request.descending !== descending.value) return
      page.value = { from, flows: flows.map(({ flow }) => flow) }
      lab.takeFlows(flows, total)
    } catch {
      // The link to the core went; the next packets ask again.
    }
  }
  const renew = useThrottleFn(() => { void ask() }, renewMs, true)
  watch([() => lab.packets.value.total, lab.flowTotal, lab.flowsLeft], () => { if (!isByNumber.value) void renew() })

  return {
    sort, descending, isByNumber,
    flowAt: (index) => isByNumber.value ? index : page.value.flows[index - page.value.from],
    want: (from, count) => {
      if (from === wanted[0] && count === wanted[1] && page.value.flows.length > 0) return
      wanted = [from, count]
      void ask()
    },
    toggle: (by) => {
      descending.value = by === sort.value ? !descending.value : !risesFirst.includes(by)
      sort.value = by
      page.value = { from: 0, flows: [] }
    },
  }
}
