import { Activity, PanelsTopLeft, Server } from '@lucide/vue'
import { defineAsyncComponent, type Component } from 'vue'
import { workspaceIds, type WorkspaceId } from './selection.ts'

export interface Workspace {
  id: WorkspaceId
  icon: Component
  component: Component
  /** It fills the full height on the right with an element of class `workspace-side`, beside the console. */
  hasSide: boolean
}

const looks: Record<WorkspaceId, { icon: Component, file: string, hasSide: boolean }> = {
  capture: { icon: Activity, file: './capture/CaptureWorkspace.vue', hasSide: true },
  endpoint: { icon: Server, file: './endpoint/EndpointWorkspace.vue', hasSide: false },
  craft: { icon: PanelsTopLeft, file: './craft/CraftWorkspace.vue', hasSide: false },
}

const files = import.meta.glob<{ default: Component }>(['./capture/CaptureWorkspace.vue', './endpoint/EndpointWorkspace.vue', './craft/CraftWorkspace.vue'])

/** The rail, top to bottom. */
export const workspaces: readonly Workspace[] = workspaceIds.flatMap((id) => {
  const { icon, file, hasSide } = looks[id]
  const load = files[file]
  return load ? [{ id, icon, hasSide, component: defineAsyncComponent(load) }] : []
})
