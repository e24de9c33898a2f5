/** Types of fields, with Wireshark's names for them where it has one (`FT_UINT16` …). */
export const fieldTypes = [
  'none', 'protocol', 'boolean', 'uint8', 'uint16', 'uint24', 'uint32', 'int32', 'framenum', 'double', 'ipv4', 'ipv6', 'ether', 'bytes', 'string', 'relativeTime', 'absoluteTime',
] as const
export type FieldType = typeof fieldTypes[number]

/** Numbers, booleans (1, 0) and IPv4 addresses; text; bytes of any kind; times in nanoseconds. */
export type Value = number | string | Uint8Array | bigint

/** What values of two types have to share to be compared. */
export type ValueKind = 'none' | 'number' | 'ipv4' | 'ipv6' | 'bytes' | 'string' | 'relativeTime' | 'absoluteTime'

export function kindOf(type: FieldType): ValueKind {
  switch (type) {
    case 'none': case 'ipv4': case 'ipv6': case 'string': case 'relativeTime': case 'absoluteTime': return type
    case 'protocol': case 'ether': case 'bytes': return 'bytes'
    default: return 'number'
  }
}

/** Largest value of an integer type, Infinity for others. */
export function largestOf(type: FieldType): number {
  switch (type) {
    case 'uint8': return 0xff
    case 'uint16': return 0xffff
    case 'uint24': return 0xff_ffff
    case 'uint32': case 'framenum': return 0xffff_ffff
    case 'int32': return 0x7fff_ffff
    default: return Infinity
  }
}

/** Whether arithmetic and slices make sense of it. */
export function isInteger(type: FieldType): boolean {
  return Number.isFinite(largestOf(type))
}

/** Below 0, 0 or above 0; both of one kind. Of bytes the longer are greater, as Wireshark has it; text compares by characters. */
export function compareValues(a: Value, b: Value): number {
  if (a instanceof Uint8Array) return compareBytes(a, b as Uint8Array)
  return a === b ? 0 : a < b ? -1 : 1
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i]
  return 0
}

/** Whether `part` stands somewhere in `whole`. */
export function containsBytes(whole: Uint8Array, part: Uint8Array): boolean {
  const last = whole.length - part.length
  for (let i = 0; i <= last; i++) {
    let k = 0
    while (k < part.length && whole[i + k] === part[k]) k++
    if (k === part.length) return true
  }
  return false
}
