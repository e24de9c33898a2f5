import type { Decision } from '../../src/rpc/host-contract.ts'
import { reasonParams } from '../../src/words/reason-params.ts'
import type { Words } from './words.ts'

/** Why, as a sentence with its RFC section. */
export function reasonText({ reason, operands, rfc, verb }: Pick<Decision, 'reason' | 'operands' | 'rfc' | 'verb'>, words: Words): string {
  const key = `reasons.${reason}`
  const params = reasonParams(verb, operands)
  const sentence = words.has(key) ? words(key, params) : [reason, ...Object.entries(params).map(([name, value]) => `${name}=${value}`)].join(' ')
  return `${sentence} (${rfc})`
}
