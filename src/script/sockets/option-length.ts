import type { CallArguments, Returned } from './arguments.ts'

/** Bytes of options that are no int; of TCP_INFO and the like how much there is differs between releases. */
const lengths: Readonly<Record<string, number>> = { SO_LINGER: 8, TCP_CONGESTION: 16, TCP_INFO: Infinity, TCP_CC_INFO: Infinity }
const intBytes = 4

/** getsockopt fills no more than there is room for, and says how much that was: a length beyond the option's does not come back. */
export function checkingLength(args: CallArguments, name: string, outcome: Returned): Returned {
  const given = args.at(4)
  if (outcome.errno !== null || outcome.wrong !== undefined || given.kind === 'ellipsis' || (given.kind === 'list' && given.items[0]?.kind === 'ellipsis')) return outcome
  const expected = args.numberOf(given)
  const most = Object.hasOwn(lengths, name) ? lengths[name] : intBytes
  return expected >= 1 && expected <= most ? outcome : { ...outcome, wrong: { what: `length of ${name}`, expected: String(expected), actual: String(most) } }
}
