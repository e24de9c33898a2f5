import type { Random } from '../../base/random.ts'

export function chance(random: Random, probability: number): boolean {
  return random.nextFloat() < probability
}

export function pick<const T>(random: Random, from: readonly T[]): T {
  return from[random.nextBelow(from.length)]
}

/** An integer, both ends included. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random.nextFloat() * (most - least + 1))
}

/** The same with every order of magnitude as likely as the next; the two ends come up now and then. */
export function logBetween(random: Random, least: number, most: number): number {
  const low = Math.max(1, least)
  if (chance(random, 0.05)) return least
  return Math.min(most, Math.max(least, Math.round(low * (most / low) ** (random.nextFloat() * 1.02))))
}

export function shuffled<T>(random: Random, from: readonly T[]): T[] {
  const left = [...from]
  return from.map(() => left.splice(random.nextBelow(left.length), 1)[0])
}
