import { copyBytes } from '../base/bytes.ts'
import { blockCopyOf, summedBytes } from './summed-memory.ts'

/** `bytes[at .. at + length)`. */
export interface Stretch {
  readonly bytes: Uint8Array
  readonly at: number
  readonly length: number
}

/** What all stretches in use may take together; pages that nobody has written to cost nothing. */
const commonBytes = 128 << 20
/** Stretches begin where lines of the cache do. */
const lineBytes = 64

/**
 * A stretch of the one memory in which frames are written and the text of connections waits: what goes from one to the other is copied without a view
 * of either ({@link copyText}). Where there is no such memory or no room in it, the stretch has bytes of its own. At first it holds anything.
 * It is the caller's until {@link giveStretch}, or until the object is dropped.
 */
export function takeStretch(length: number): Stretch {
  openCommon()
  const place = takePlace(Math.ceil(length / lineBytes) * lineBytes)
  if (place === null) return { bytes: new Uint8Array(length), at: 0, length }
  const stretch = { bytes: common!, at: place.at, length }
  dropped.register(stretch, place, stretch)
  return stretch
}

/** Nobody looks at it any more. */
export function giveStretch(stretch: Stretch): void {
  if (stretch.bytes !== common || !dropped.unregister(stretch)) return
  givePlace({ at: stretch.at, length: Math.ceil(stretch.length / lineBytes) * lineBytes })
}

/** Copies `length` bytes; of what lies in the common memory, and only there, without allocating. The stretches may overlap. */
export function copyText(from: Uint8Array, fromAt: number, into: Uint8Array, intoAt: number, length: number): void {
  if (from === into && into === common) copyInside(intoAt, fromAt, length)
  else copyBytes(from, fromAt, into, intoAt, length)
}

interface Place { at: number, length: number }

/** Null before it is first asked for, and where it cannot be had. */
let common: Uint8Array | null = null
let isAsked = false
let copyInside: (intoAt: number, fromAt: number, length: number) => void = () => {}
/** What is free, in order of place, no two side by side. */
const free: Place[] = []
/** A connection, or a whole host, may be dropped without having ended; what it took is then given back here. */
const dropped = new FinalizationRegistry<Place>((place) => givePlace(place))

function openCommon(): void {
  if (isAsked) return
  isAsked = true
  const bytes = summedBytes(commonBytes)
  const copy = blockCopyOf(bytes.buffer)
  if (copy === null) return
  common = bytes
  copyInside = copy
  free.push({ at: 0, length: commonBytes })
}

/** The first that is long enough. */
function takePlace(length: number): Place | null {
  const index = free.findIndex((place) => place.length >= length)
  if (index < 0) return null
  const place = free[index]
  const taken = { at: place.at, length }
  if (place.length === length) free.splice(index, 1)
  else free[index] = { at: place.at + length, length: place.length - length }
  return taken
}

function givePlace({ at, length }: Place): void {
  let index = free.findIndex((place) => place.at > at)
  if (index < 0) index = free.length
  const before = free[index - 1] as Place | undefined
  const after = free[index] as Place | undefined
  const joinsBefore = before !== undefined && before.at + before.length === at
  const joinsAfter = after !== undefined && at + length === after.at
  const first = joinsBefore ? before.at : at
  const end = joinsAfter ? after.at + after.length : at + length
  free.splice(index - (joinsBefore ? 1 : 0), (joinsBefore ? 1 : 0) + (joinsAfter ? 1 : 0), { at: first, length: end - first })
}
