import { shallowRef, watch, type InjectionKey, type Ref, type ShallowRef } from 'vue'
import type { PacketBytes } from '../src/rpc/packets-contract.ts'
import type { ScriptExportAnswer } from '../src/rpc/script-contract.ts'
import { injected } from './inject.ts'
import type { Lab } from './lab/store.ts'
import { isOneOf, storedRef } from './stored.ts'

export const workspaceIds = ['capture', 'endpoint', 'craft', 'scripts'] as const
export type WorkspaceId = typeof workspaceIds[number]

/** A field of the selected packet: its stable name and where it lies, in bits from the start of the frame. */
export interface PickedField { name: string, bitOffset: number, bitLength: number }

/** What is picked, shared by every view so that one click lights up everywhere. */
export interface Selection {
  workspace: Ref<WorkspaceId>
  /** Packet number, 0 for none. */
  packet: ShallowRef<number>
  /** Flow that filters the packet list, -1 for all packets. */
  flow: ShallowRef<number>
  /** Connection of the lab host, null for none. */
  connection: ShallowRef<number | null>
  /** Field that was picked by click or key. */
  field: ShallowRef<PickedField | null>
  /** Field under the pointer; shown in place of the picked one while it is there. */
  hoveredField: ShallowRef<PickedField | null>
  /** A script that was made elsewhere, for the editor to take. */
  script: ShallowRef<ScriptExportAnswer | null>
  /** The packet that Craft starts from. */
  craftSource: ShallowRef<PacketBytes | null>
  pickPacket(number: number): void
  pickFlow(flow: number): void
  /** Opens the editor with a script that was made of a flow. */
  openScript(script: ScriptExportAnswer): void
  /** Opens Craft with this packet as what is to be answered. */
  craftFrom(packet: PacketBytes): void
}

export const selectionKey: InjectionKey<Selection> = Symbol('selection')
export const useSelection = (): Selection => injected(selectionKey)

export function createSelection(lab: Lab): Selection {
  const selection: Selection = {
    workspace: storedRef<WorkspaceId>('workspace', 'capture', isOneOf(workspaceIds)),
    packet: shallowRef(0),
    flow: shallowRef(-1),
    connection: shallowRef(null),
    field: shallowRef(null),
    hoveredField: shallowRef(null),
    craftSource: shallowRef(null),
    script: shallowRef(null),
    pickPacket: (number) => {
      if (number === selection.packet.value) return
      selection.packet.value = number
      selection.hoveredField.value = null
    },
    pickFlow: (flow) => { selection.flow.value = flow },
    openScript: (script) => {
      selection.script.value = script
      selection.workspace.value = 'scripts'
    },
    craftFrom: (packet) => {
      selection.craftSource.value = packet
      selection.workspace.value = 'craft'
    },
  }
  watch(lab.captureEpoch, () => {
    selection.packet.value = 0
    selection.flow.value = -1
    selection.field.value = null
    selection.hoveredField.value = null
  })
  watch(selection.connection, (id) => lab.watchConnection(id))
  return selection
}
