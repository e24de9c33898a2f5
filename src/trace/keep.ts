import type { Keep } from '../rpc/contract.ts'
import { chunkBits, chunkMask } from './packet-store.ts'
import type { PacketStore } from './packet-store.ts'

export const keepAll: Keep = { kind: 'all', limit: 0 }

/** Packets leave a quarter of the bound at a time, so that what was worked out of the others is not worked out anew for each of them. */
const slackShare = 4

/**
 * Index of the first packet that stays where the bound is passed by a quarter or more, otherwise the first that is there.
 * @param keptBytes captured bytes of all packets that are there
 */
export function firstToKeep({ kind, limit }: Keep, store: PacketStore, keptBytes: number): number {
  const { first, count } = store
  if (kind === 'all' || first === count) return first
  const most = limit + Math.floor(limit / slackShare)
  if (kind === 'packets') return count - first > most ? count - limit : first
  if (kind === 'bytes') return keptBytes > most ? firstWithin(store, keptBytes - limit) : first
  const latest = store.secondOf(count - 1)
  return latest - store.secondOf(first) > most * 60 ? firstSince(store, latest - limit * 60) : first
}

/** The first packet once so many bytes have left. */
function firstWithin({ first, count, chunks }: PacketStore, leaving: number): number {
  let index = first
  for (let left = 0; index < count - 1 && left < leaving; index++) left += chunks[index >>> chunkBits].capturedLength[index & chunkMask]
  return index
}

function firstSince(store: PacketStore, second: number): number {
  let index = store.first
  while (index < store.count - 1 && store.secondOf(index) < second) index++
  return index
}
