import type { Random } from '../../base/random.ts'
import { tcpConfigTable, tcpPreset, tcpPresets } from '../../tcp/config.ts'
import type { ConfigEntry, TcpConfig, TcpPresetName } from '../../tcp/config.ts'
import { chance, logBetween, pick, shuffled } from './draw.ts'

const seconds = 1_000_000

/** Where all that is legal would make a run too long or too large to be one of thousands. */
const narrower: Partial<Record<keyof TcpConfig, readonly [least: number, most: number]>> = {
  sendBufferBytes: [1, 200_000],
  receiveBufferBytes: [1, 200_000],
  mss: [0, 9000],
  // A clock of less than that turns round while a segment is under way, and PAWS takes the old for the new: RFC 7323 §5.4 wants at least 1 ms.
  timestampTickUs: [10, 1 * seconds],
  maxRtoUs: [60 * seconds, 120 * seconds],
  mslUs: [0, 120 * seconds],
  userTimeoutUs: [1 * seconds, 86_400 * seconds],
  persistMaxUs: [5 * seconds, 3600 * seconds],
  openTimeoutUs: [10 * seconds, 86_400 * seconds],
  finWait2TimeoutUs: [10 * seconds, 86_400 * seconds],
  keepAliveIdleUs: [1 * seconds, 7200 * seconds],
  keepAliveIntervalUs: [1 * seconds, 75 * seconds],
}

/** A peer that outlives every cut of the network. */
const patience: Partial<TcpConfig> = {
  synRetries: 100, synAckRetries: 100, dataRetries: 100, userTimeoutUs: 86_400 * seconds, openTimeoutUs: 0, finWait2TimeoutUs: 0, keepAlive: false, userTimeoutOption: false,
}

/** What some systems take beyond the window that they offered, or send beyond the MSS, is right for nobody's invariants, and the witness knows one offer of options. */
const strict: Partial<TcpConfig> = { acceptWholeBuffer: false, windowRoundsUp: false, bareSyn: false, minMssBytes: 64, plainSynAfter: 0, keepAliveGarbage: false }

/** A preset with some knobs turned to anything that the table allows. */
export function randomTcpConfig(random: Random, patient: boolean): TcpConfig {
  const changed: Record<string, unknown> = {}
  const share = pick(random, [0, 0.1, 0.3, 1])
  for (const [name, entry] of Object.entries(tcpConfigTable) as [keyof TcpConfig, ConfigEntry][]) {
    if (chance(random, share)) changed[name] = randomValue(random, name, entry)
  }
  const preset = pick(random, Object.keys(tcpPresets) as TcpPresetName[])
  return { ...tcpPreset(preset), ...changed, ...patient ? patience : {}, ...strict }
}

function randomValue(random: Random, name: keyof TcpConfig, entry: ConfigEntry): unknown {
  if (entry.unit === 'switch') return chance(random, 0.5)
  if (name === 'isn') return pick(random, ['rfc6528', 0, 0xffff_fff0, 0x7fff_fffe, random.nextU32()])
  if (entry.unit === 'order') return shuffled(random, entry.choices!).join()
  if (entry.choices !== undefined) return pick(random, entry.choices)
  const [least, most] = narrower[name] ?? [entry.min!, entry.max!]
  return logBetween(random, least, most)
}
