import { plainCable, type CableSettings, type CableState } from '../../src/rpc/cable-contract.ts'
import { formatCount } from '../format.ts'

export const cableSettingNames = Object.keys(plainCable) as (keyof CableSettings)[]

/** Whether the cable does more than one of a quiet network. */
export function isDisturbed({ settings, awaited }: CableState): boolean {
  return awaited.length > 0 || cableSettingNames.some((name) => settings[name] !== plainCable[name])
}

/** What a cable does and has done, in one line: settings that differ from a plain cable, what it waits for, and what it has lost. */
export function cableText(cable: CableState, t: (key: string, params?: Record<string, unknown>) => string): string {
  const { settings, awaited } = cable
  const parts = cableSettingNames.filter((name) => settings[name] !== plainCable[name])
    .map((name) => t(`endpoint.cable.with.${name}`, { value: formatCount(settings[name]) }))
  for (const { kind, count } of awaited) parts.push(t('endpoint.cable.awaited', { kind: t(`endpoint.cable.kinds.${kind}`), count: formatCount(count) }))
  if (parts.length === 0) parts.push(t('endpoint.cable.plain'))
  parts.push(t('endpoint.cable.soFar', { lost: formatCount(cable.lost), duplicated: formatCount(cable.duplicated), corrupted: formatCount(cable.corrupted), reordered: formatCount(cable.reordered) }))
  return parts.join(' · ')
}
