import { foldSum } from '../wire/checksum.ts'

/**
 * Whether a TCP or UDP checksum field holds only what a sender with transmit offload puts there: the pseudo-header's sum,
 * folded and not complemented, to which the network card would have added the rest.
 */
export function isUnfinishedChecksum(stored: number, pseudoSum: number): boolean {
  return stored === foldSum(pseudoSum)
}
