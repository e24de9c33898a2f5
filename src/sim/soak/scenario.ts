import { Random } from '../../base/random.ts'
import type { Impairments } from '../../link/impair.ts'
import type { TcpConfig } from '../../tcp/config.ts'
import { between, chance, logBetween, pick } from './draw.ts'
import { randomTcpConfig } from './random-config.ts'
import type { ReadPlan, TalkPlan, WritePlan } from './talker.ts'

/** One story of two hosts, all of it drawn from a seed: who says what, and what the network does to it meanwhile. Plain data. */
export interface Scenario {
  readonly seed: number
  readonly ipVersion: 4 | 6
  readonly mtu: number
  /** 'passive': one side listens. 'simultaneous': both call at once, from fixed ports. */
  readonly open: 'passive' | 'simultaneous'
  readonly connections: number
  readonly client: SidePlan
  readonly server: SidePlan
  /** What the network does from the first segment on, each way. */
  readonly network: readonly NetworkChange[]
  /** From then on the network is perfect, so that whatever still can end well has to. */
  readonly healAtUs: number
  /** Nobody gives up before the network is well again: then every byte arrives and both ends close. */
  readonly patient: boolean
}

export interface SidePlan {
  readonly tcp: TcpConfig
  readonly talk: TalkPlan
}

/** From `atUs` on, counted from the first segment. `mtu` is that of a router on the way out of that side. */
export interface NetworkChange {
  readonly atUs: number
  readonly side: 'client' | 'server'
  readonly impairments: Impairments
  readonly mtu: number
  /** Whether that router says so when a packet is too big for it. */
  readonly tells: boolean
}

const seconds = 1_000_000

/** @param seed the same one gives the same scenario, for as long as the knobs of `tcpConfigTable` stay the same */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed)
  const ipVersion = chance(random, 0.35) ? 6 : 4
  const patient = chance(random, 0.7)
  const mtu = pick(random, [1500, 1500, 1500, 9000, ipVersion === 4 ? 576 : 1280, ipVersion === 4 ? logBetween(random, 128, 4000) : logBetween(random, 1280, 4000)])
  const client = randomTcpConfig(random, patient)
  const server = randomTcpConfig(random, patient)
  const healAtUs = logBetween(random, 1 * seconds, 120 * seconds)
  const talks = randomTalk(random, Math.min(...[client, server].map(roughSegment)))
  return {
    seed, ipVersion, mtu, patient, healAtUs,
    open: chance(random, 0.06) ? 'simultaneous' : 'passive',
    connections: chance(random, 0.85) ? 1 : between(random, 2, 3),
    client: { tcp: client, talk: talks[0] },
    server: { tcp: server, talk: talks[1] },
    network: randomNetwork(random, mtu, ipVersion, healAtUs),
  }
}

/** Impairments of one direction: mild, bad or none, so that each kind is also met alone. */
export function randomImpairments(random: Random): Impairments {
  const delayUs = pick(random, [0, 100, 1000, 10_000, 50_000, 300_000])
  if (chance(random, 0.1)) return { delayUs }
  const some = (probability: number, value: () => number) => chance(random, probability) ? value() : 0
  return {
    delayUs,
    lossRate: some(0.6, () => pick(random, [0.005, 0.02, 0.05, 0.1, 0.2, 0.4])),
    duplicateRate: some(0.3, () => pick(random, [0.01, 0.1, 0.3])),
    corruptRate: some(0.3, () => pick(random, [0.01, 0.1])),
    jitterUs: some(0.5, () => logBetween(random, 10, 200_000)),
    reorderRate: some(0.4, () => pick(random, [0.01, 0.1, 0.5])),
    reorderUs: logBetween(random, 10, 300_000),
    rateBitsPerSecond: some(0.3, () => logBetween(random, 20_000, 100_000_000)),
    ...chance(random, 0.25) ? { queueFrames: between(random, 1, 20) } : {},
  }
}

/** A segment more or less: streams of connections that move little at a time are short. */
function roughSegment({ sendBufferBytes, receiveBufferBytes, mss }: TcpConfig): number {
  return Math.min(sendBufferBytes, receiveBufferBytes, mss === 0 ? 1460 : Math.max(64, mss))
}

function randomNetwork(random: Random, mtu: number, ipVersion: 4 | 6, healAtUs: number): NetworkChange[] {
  const changes: NetworkChange[] = []
  const smallest = ipVersion === 4 ? 128 : 1280
  for (const side of ['client', 'server'] as const) {
    const usual = randomImpairments(random)
    changes.push({ atUs: 0, side, impairments: usual, mtu, tells: false })
    if (chance(random, 0.3)) {
      const atUs = between(random, 0, healAtUs)
      changes.push({ atUs, side, impairments: { lossRate: 1 }, mtu, tells: false })
      changes.push({ atUs: atUs + between(random, 1, healAtUs), side, impairments: usual, mtu, tells: false })
    }
    if (chance(random, 0.15)) changes.push({ atUs: between(random, 0, healAtUs), side, impairments: randomImpairments(random), mtu, tells: false })
    if (chance(random, 0.15)) changes.push({ atUs: between(random, 0, healAtUs), side, impairments: usual, mtu: between(random, smallest, mtu), tells: chance(random, 0.7) })
  }
  return changes.filter(({ atUs }) => atUs < healAtUs).toSorted((a, b) => a.atUs - b.atUs)
}

/** What the two sides say to each other. One of them closes first, or each when it has said everything. */
function randomTalk(random: Random, segmentBytes: number): [TalkPlan, TalkPlan] {
  const most = Math.min(100_000, 60 * segmentBytes)
  const some = () => chance(random, 0.5) ? between(random, 1, most) : logBetween(random, 1, most)
  const amount = () => chance(random, 0.15) ? 0 : some()
  const reads = () => [randomRead(random, most), randomRead(random, most)]
  const [clientRead, serverRead] = reads()
  const abortAtUs = () => chance(random, 0.05) ? logBetween(random, 1000, 100 * seconds) : Infinity
  const talk = (bytes: number, say: TalkPlan['say'], read: ReadPlan, closes: TalkPlan['closes'], turnBytes = 1): TalkPlan => ({
    bytes, say, turnBytes, write: randomWrite(random, bytes), read, closes, abortAtUs: abortAtUs(),
  })
  switch (pick(random, ['bulk', 'bulk', 'both', 'pingPong', 'halfClose'] as const)) {
    case 'bulk': return [talk(some(), 'freely', clientRead, 'whenSaid'), talk(0, 'freely', serverRead, 'whenHeard')]
    case 'both': return [talk(amount(), 'freely', clientRead, 'whenSaid'), talk(amount(), 'freely', serverRead, pick(random, ['whenSaid', 'whenHeard']))]
    case 'pingPong': {
      const turns = between(random, 1, 12)
      const turnBytes = logBetween(random, 1, Math.max(1, Math.floor(most / turns)))
      return [talk(turns * turnBytes, 'first', clientRead, 'whenSaid', turnBytes), talk(turns * turnBytes, 'inAnswer', serverRead, pick(random, ['whenSaid', 'whenHeard']), turnBytes)]
    }
    case 'halfClose': return [talk(amount(), 'freely', clientRead, 'whenSaid'), talk(amount(), 'afterEnd', serverRead, 'whenHeard')]
  }
}

function randomRead(random: Random, most: number): ReadPlan {
  if (chance(random, 0.5)) return { fromUs: 0, chunkBytes: Infinity, gapUs: 0 }
  const fromUs = chance(random, 0.5) ? 0 : logBetween(random, 1000, 60 * seconds)
  return { fromUs, chunkBytes: Math.ceil(most / between(random, 1, 60)), gapUs: logBetween(random, 100, 5 * seconds) }
}

function randomWrite(random: Random, bytes: number): WritePlan {
  if (chance(random, 0.5)) return { chunkBytes: Infinity, gapUs: 0 }
  return { chunkBytes: Math.ceil(bytes / between(random, 1, 30)), gapUs: logBetween(random, 1, 3 * seconds) }
}
