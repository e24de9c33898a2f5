import { AddressTable } from './address-table.ts'
import { InferredState } from './flow.ts'
import type { Flow, FlowEnd } from './flow.ts'
import type { FlowTracker } from './flow-tracker.ts'
import { Protocol } from './packet-store.ts'

/** A connection of which no packet is left is forgotten after so long a silence, open or not. */
export const silentForSec = 300
/** Open connections without packets that are remembered at most; those that were silent longest go first. */
export const silentAtMost = 65_536

/**
 * Takes packets before `packet` off the lists of all flows.
 * @returns flows that leave with their last packet: those that are over, and those that were silent for long
 */
export function leavingFlows(tracker: FlowTracker, packet: number, atMost = silentAtMost): Flow[] {
  const leaving: Flow[] = []
  const silent: Flow[] = []
  for (const flow of tracker.flows) {
    if (flow.hasLeft) continue
    if (flow.packets.length > 0 && flow.packets.at(0) < packet) flow.packets.leaveBefore(packet)
    if (flow.packets.length > 0) continue
    if (isOver(flow) || tracker.latestSec - flow.lastSec > silentForSec) leaving.push(flow)
    else silent.push(flow)
  }
  if (silent.length > atMost) {
    silent.sort((a, b) => a.lastSec - b.lastSec)
    for (const flow of silent.slice(0, silent.length - atMost)) leaving.push(flow)
  }
  return leaving
}

/** The addresses of the flows that are there, under new numbers. */
export function addressesInUse(flows: readonly Flow[], known: AddressTable): AddressTable {
  const addresses = new AddressTable()
  for (const { hasLeft, client, server } of flows) {
    if (hasLeft) continue
    client.address = addresses.internOf(known, client.address)
    server.address = addresses.internOf(known, server.address)
  }
  return addresses
}

function isOver({ protocol, client, server }: Flow): boolean {
  return protocol !== Protocol.tcp || (isClosed(client) && isClosed(server))
}

function isClosed({ state }: FlowEnd): boolean {
  return state === InferredState.closed || state === InferredState.timeWait
}
