import { FaultError, fault } from '../../src/base/fault.ts'

/*
 * What a shell sends is checked before it is used: a shell may be anybody who holds the token.
 * Each reader throws `badArgument` with the argument's name, what came, and what was expected.
 */

type Fields = Readonly<Record<string, unknown>>

export function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(name, value, '{ … }')
  return value as Fields
}

export function integerOf(value: unknown, name: string, min: number, max: number): number {
  if (!Number.isInteger(value) || Number(value) < min || Number(value) > max) throw bad(name, value, `${min} .. ${max}`)
  return Number(value)
}

export function secondsOf(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw bad(name, value, '0.5, 1, 2 …')
  return value
}

export function textOf(value: unknown, name: string, longest = 4096): string {
  if (typeof value !== 'string' || value.length > longest) throw bad(name, typeof value === 'string' ? `${value.slice(0, 40)}…` : value, `"…" (0 .. ${longest})`)
  return value
}

export function bytesOf(value: unknown, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw bad(name, value, 'Uint8Array')
  return value
}

export function listOf<T>(value: unknown, name: string, read: (item: unknown, name: string) => T): T[] {
  if (!Array.isArray(value)) throw bad(name, value, '[ … ]')
  return value.map((item, index) => read(item, `${name}[${index}]`))
}

/** undefined and null mean that it was not said. */
export function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value)
}

export function choiceOf<T extends string>(value: unknown, name: string, choices: readonly T[]): T {
  if (!(choices as readonly unknown[]).includes(value)) throw bad(name, value, choices.join(' | '))
  return value as T
}

function bad(name: string, value: unknown, expected: string): FaultError {
  return new FaultError(fault('badArgument', { name, value: shown(value), expected }))
}

function shown(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined) return String(value).slice(0, 80)
  return Array.isArray(value) ? '[ … ]' : '{ … }'
}
