import { isLine } from './marks.ts'
import type { Place } from './marks.ts'
import type { GraphView } from './view.ts'

/** An entry of a layer, by their places. */
export interface Hit { layer: number, entry: number }

/**
 * The entry that is drawn nearest to a point of the picture, within a distance; null where none is.
 * @param isShown which layers are in the picture
 */
export function nearestEntry({ layers }: GraphView, place: Place, x: number, y: number, within: number, isShown: (layer: number) => boolean): Hit | null {
  let best: Hit | null = null
  let least = within * within
  layers.forEach(({ mark, entries }, layer) => {
    if (!isShown(layer)) return
    for (let entry = 0; entry < entries.count; entry++) {
      const left = place.x(entries.from[entry])
      const right = place.x(entries.to[entry])
      // Entries are in the order of time.
      if (left > x + within) break
      const dx = x < left ? left - x : x > right ? x - right : 0
      if (dx > within) continue
      const top = place.y(isLine(mark) ? Math.max(entries.first[entry], entries.high[entry]) : entries.high[entry])
      const bottom = place.y(entries.low[entry])
      const dy = y < top ? top - y : y > bottom ? y - bottom : 0
      const distance = dx * dx + dy * dy
      if (distance > least || (distance === least && best !== null)) continue
      least = distance
      best = { layer, entry }
    }
  })
  return best
}
