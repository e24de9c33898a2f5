import { computed, type WritableComputedRef, type Ref } from 'vue'
import { useSelection, workspaceIds, type WorkspaceId } from '../selection.ts'
import { isNumber, storedRef } from '../stored.ts'

export const consoleHeadHeight = 24

export interface ConsoleLayout {
  /** Open or folded to its head; each workspace remembers its own. */
  open: WritableComputedRef<boolean>
  /** Height in pixels while open. */
  height: Ref<number>
}

type OpenIn = Record<WorkspaceId, boolean>
const isOpenIn = (value: unknown): value is OpenIn => typeof value === 'object' && value !== null && workspaceIds.every((id) => typeof (value as OpenIn)[id] === 'boolean')

const openIn = storedRef<OpenIn>('consoleOpen', { capture: true, endpoint: false, craft: false, scripts: false }, isOpenIn)
const height = storedRef('consoleHeight', 130, isNumber)

export function useConsoleLayout(): ConsoleLayout {
  const selection = useSelection()
  const open = computed({
    get: () => openIn.value[selection.workspace.value],
    set: (isOpen) => { openIn.value = { ...openIn.value, [selection.workspace.value]: isOpen } },
  })
  return { open, height }
}
