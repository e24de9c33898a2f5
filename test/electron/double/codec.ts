/**
 * Structured clone as text, for values that travel over the DevTools protocol: what JSON cannot say becomes `{ $: kind, v }`.
 * Runs in Node and in both worlds of the page.
 */
interface Tagged { $: string, v?: unknown, t?: string }

const typedArrays = {
  Uint8Array, Int8Array, Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array,
} as const
type TypedArrayName = keyof typeof typedArrays

export function encode(value: unknown): string {
  return JSON.stringify(tag(value))
}

export function decode(text: string): unknown {
  return untag(JSON.parse(text))
}

function tag(value: unknown): unknown {
  if (value === undefined) return { $: 'undefined' }
  if (typeof value === 'bigint') return { $: 'bigint', v: String(value) }
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $: 'number', v: String(value) }
  if (typeof value === 'function' || typeof value === 'symbol') throw new Error('An object could not be cloned.')
  if (value === null || typeof value !== 'object') return value
  if (value instanceof ArrayBuffer) return { $: 'bytes', t: 'ArrayBuffer', v: toBase64(new Uint8Array(value)) }
  if (ArrayBuffer.isView(value)) return { $: 'bytes', t: arrayName(value), v: toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) }
  if (value instanceof Error) return { $: 'error', t: value.name, v: value.message }
  if (value instanceof Date) return { $: 'date', v: value.getTime() }
  if (value instanceof Map) return { $: 'map', v: [...value].map(([key, entry]) => [tag(key), tag(entry)]) }
  if (value instanceof Set) return { $: 'set', v: [...value].map(tag) }
  if (Array.isArray(value)) return value.map(tag)
  return { $: 'object', v: Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, tag(entry)])) }
}

function untag(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(untag)
  const { $: kind, v, t = '' } = value as Tagged
  switch (kind) {
    case 'undefined': return undefined
    case 'bigint': return BigInt(v as string)
    case 'number': return Number(v)
    case 'bytes': return fromBase64(v as string, t)
    case 'error': return Object.assign(new Error(v as string), { name: t })
    case 'date': return new Date(v as number)
    case 'map': return new Map((v as [unknown, unknown][]).map(([key, entry]) => [untag(key), untag(entry)]))
    case 'set': return new Set((v as unknown[]).map(untag))
    default: return Object.fromEntries(Object.entries(v as object).map(([key, entry]) => [key, untag(entry)]))
  }
}

/** A Node Buffer arrives as what it is to everybody else. */
function arrayName(view: ArrayBufferView): TypedArrayName {
  const { name } = view.constructor
  return name in typedArrays ? name as TypedArrayName : 'Uint8Array'
}

function toBase64(bytes: Uint8Array): string {
  let text = ''
  // String.fromCharCode takes its arguments on the stack.
  for (let i = 0; i < bytes.length; i += 0x4000) text += String.fromCharCode(...bytes.subarray(i, i + 0x4000))
  return btoa(text)
}

function fromBase64(text: string, name: string): unknown {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  if (name === 'ArrayBuffer') return bytes.buffer
  return name === 'Uint8Array' ? bytes : new typedArrays[name as TypedArrayName](bytes.buffer)
}
