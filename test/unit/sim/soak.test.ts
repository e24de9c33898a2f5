import { describe, expect, it } from 'vitest'
import { runScenario } from '../../../src/sim/soak/run.ts'
import { scenarioOf } from '../../../src/sim/soak/scenario.ts'
import { checkTcpConfig } from '../../../src/tcp/config.ts'

const seeds = 2000
const part = 100

describe('two hosts over a seeded network', () => {
  it.each(Array.from({ length: seeds / part }, (_, i) => i * part + 1))('keep what has to hold, seeds %i and on', (from) => {
    for (let seed = from; seed < from + part; seed++) {
      const { problem } = runScenario(scenarioOf(seed))
      if (problem !== null) throw new Error(`npm run soak -- --seed ${seed} --pcapng soak-${seed}.pcapng\n${problem}`)
    }
  })

  it('are drawn from the seed alone, within what is legal', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const scenario = scenarioOf(seed)
      expect(scenarioOf(seed)).toEqual(scenario)
      for (const { tcp } of [scenario.client, scenario.server]) expect(checkTcpConfig(tcp), `seed ${seed}`).toBeNull()
    }
  })

  it('run the same way twice, whatever ran before', () => {
    const told = (seed: number) => {
      const lines: unknown[] = []
      const result = runScenario(scenarioOf(seed), {
        frame: (side, direction, bytes, at, length, nowUs) => { lines.push([side, direction, nowUs, bytes.slice(at, at + length)]) },
        decision: (...rest) => { lines.push(rest) },
      })
      return [result, lines]
    }
    for (const seed of [3, 5, 8]) {
      const first = told(seed)
      runScenario(scenarioOf(seed + 1))
      expect(told(seed)).toEqual(first)
    }
  })

  it('meet every kind of story', () => {
    const kinds = new Map<string, number>()
    const count = (kind: string) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    for (let seed = 1; seed <= 300; seed++) {
      const { ipVersion, open, patient, network, client, server } = scenarioOf(seed)
      count(`IPv${ipVersion}`)
      count(open)
      count(patient ? 'patient' : 'hasty')
      for (const { talk } of [client, server]) {
        count(talk.say)
        count(talk.closes)
        if (talk.abortAtUs < Infinity) count('aborts')
        if (talk.read.gapUs > 0) count('reads slowly')
        if (talk.write.gapUs > 0) count('writes in pieces')
      }
      for (const { impairments, mtu, tells, atUs } of network) {
        for (const [name, value] of Object.entries(impairments)) if (Number(value) > 0) count(name)
        if (impairments.lossRate === 1) count('cut')
        if (atUs > 0 && mtu < scenarioOf(seed).mtu) count(tells ? 'narrow path' : 'black hole')
      }
    }
    const wanted = [
      'IPv4', 'IPv6', 'passive', 'simultaneous', 'patient', 'hasty', 'freely', 'first', 'inAnswer', 'afterEnd', 'whenSaid', 'whenHeard', 'aborts', 'reads slowly', 'writes in pieces',
      'lossRate', 'duplicateRate', 'corruptRate', 'delayUs', 'jitterUs', 'reorderRate', 'rateBitsPerSecond', 'queueFrames', 'cut', 'narrow path', 'black hole',
    ]
    for (const kind of wanted) expect(kinds.get(kind) ?? 0, kind).toBeGreaterThanOrEqual(5)
  })
})
