import type { Field } from './field.ts'
import { arpFields, ethernetFields, vlanFields } from './fields/ethernet.ts'
import { frameFields } from './fields/frame.ts'
import { icmpFields, icmpv6Fields } from './fields/icmp.ts'
import { ipFields, ipv6Fields } from './fields/ip.ts'
import { labFields } from './fields/lab.ts'
import { tcpAnalysisFields, udpStreamFields } from './fields/tcp-analysis.ts'
import { tcpOptionFields } from './fields/tcp-options.ts'
import { tcpFields } from './fields/tcp.ts'
import { udpFields } from './fields/udp.ts'

/** Every field there is, protocol by protocol. */
export const fieldTable: readonly Field[] = [
  ...frameFields, ...ethernetFields, ...vlanFields, ...arpFields, ...ipFields, ...ipv6Fields, ...icmpFields, ...icmpv6Fields,
  ...tcpFields, ...tcpAnalysisFields, ...tcpOptionFields, ...udpFields,
  ...udpStreamFields, ...labFields,
]

const byName = new Map(fieldTable.map((field) => [field.name, field]))

export function fieldNamed(name: string): Field | null {
  return byName.get(name) ?? null
}

/** The field whose name takes the fewest changes to become this one; '' where none is near. */
export function nearestField(name: string): string {
  const wanted = name.toLowerCase()
  let nearest = ''
  let least = Math.min(4, Math.ceil(wanted.length / 2))
  for (const field of fieldTable) {
    const edits = editDistance(wanted, field.name, least)
    if (edits < least) {
      least = edits
      nearest = field.name
    }
  }
  return nearest
}

/** At most `limit`. A letter changed, added, left out, or swapped with its neighbour. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      let edits = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2] + 1)
      next.push(edits)
    }
    before = row
    row = next
  }
  return row[b.length]
}
