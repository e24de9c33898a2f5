import { ref, watch, type Ref } from 'vue'
import { useLab } from '../lab/store.ts'
import { useSelection } from '../selection.ts'
import { useCaptureView } from './capture-view.ts'

/** The flow that filters the list, or the one of the packet that was selected last; -1 none. */
export function useShownFlow(): Ref<number> {
  const lab = useLab()
  const selection = useSelection()
  const capture = useCaptureView()
  const flow = ref(-1)
  watch([selection.flow, capture.selectedRow, capture.ladderFlow, lab.captureEpoch], ([chosen, row, first, epoch], before) => {
    if (epoch !== before[3] && before[3] !== undefined) flow.value = -1
    if (chosen >= 0) flow.value = chosen
    else if (row?.tcp) flow.value = row.flow
    else if (flow.value < 0) flow.value = first
  }, { immediate: true })
  return flow
}
