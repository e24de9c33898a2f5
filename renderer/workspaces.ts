import { Activity, FileCode, PanelsTopLeft, Server } from '@lucide/vue'
import { defineAsyncComponent, type Component } from 'vue'
import type { WorkspaceId } from './selection.ts'

export interface Workspace {
  id: WorkspaceId
  icon: Component
  component: Component
  /** It fills the full height on the right with an element of class `workspace-side`, beside the console. */
  hasSide: boolean
}

/** The rail, top to bottom. */
export const workspaces: readonly Workspace[] = [
  { id: 'capture', icon: Activity, hasSide: true, component: defineAsyncComponent(() => import('./capture/CaptureWorkspace.vue')) },
  { id: 'endpoint', icon: Server, hasSide: false, component: defineAsyncComponent(() => import('./endpoint/EndpointWorkspace.vue')) },
  { id: 'craft', icon: PanelsTopLeft, hasSide: false, component: defineAsyncComponent(() => import('./craft/CraftWorkspace.vue')) },
  { id: 'scripts', icon: FileCode, hasSide: false, component: defineAsyncComponent(() => import('./scripts/ScriptsWorkspace.vue')) },
]
