import { computed, type ComputedRef, type Ref } from 'vue'
import { compileFilter, Filter } from '../../src/filter/filter.ts'
import { storedRef } from '../stored.ts'

export const ruleHues = ['red', 'amber', 'green', 'cyan', 'blue', 'violet', 'pink', 'grey'] as const
export type RuleHue = typeof ruleHues[number]

/** Rows that pass the filter get the colour, and the letter for who does not see colours. */
export interface ColourRule { filter: string, letter: string, hue: RuleHue, isOn: boolean }

export interface ColourRules {
  /** In order: the first that fits decides. */
  list: Ref<ColourRule[]>
  /** Those that are on and are filters, as they are asked for. */
  active: ComputedRef<ColourRule[]>
}

/** What the lab looks at for a row at most. */
export const rulesAtMost = 32

export const usualRules: readonly ColourRule[] = [
  { letter: 'R', hue: 'red', isOn: true, filter: 'tcp.flags.reset == 1' },
  { letter: 'A', hue: 'amber', isOn: true, filter: 'finding and not finding in {"window_update", "keep_alive", "keep_alive_ack"}' },
  { letter: 'E', hue: 'pink', isOn: true, filter: 'icmp.type in {3, 4, 5, 11, 12} or icmpv6.type < 128' },
  { letter: 'H', hue: 'green', isOn: false, filter: 'tcp.flags.syn == 1 or tcp.flags.fin == 1' },
  { letter: 'D', hue: 'blue', isOn: false, filter: 'tcp.len > 0' },
  { letter: 'U', hue: 'cyan', isOn: false, filter: 'udp' },
  { letter: 'N', hue: 'grey', isOn: false, filter: 'arp or icmp or icmpv6' },
]

export const isRuleText = (filter: string): boolean => filter.trim() !== '' && compileFilter(filter) instanceof Filter

export function useColourRules(): ColourRules {
  const list = storedRef<ColourRule[]>('colourRules', usualRules.map((rule) => ({ ...rule })), isRuleList)
  const active = computed(() => list.value.filter(({ isOn, filter }) => isOn && isRuleText(filter)).slice(0, rulesAtMost))
  return { list, active }
}

function isRuleList(value: unknown): value is ColourRule[] {
  return Array.isArray(value) && value.every((rule: Partial<ColourRule> | null) => typeof rule === 'object' && rule !== null
    && typeof rule.filter === 'string' && typeof rule.letter === 'string' && typeof rule.isOn === 'boolean' && ruleHues.includes(rule.hue!))
}
