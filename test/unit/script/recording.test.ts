import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import type { Impairments } from '../../../src/link/impair.ts'
import { joinParts } from '../../../src/script/packet-text.ts'
import { engineProfile, profiles } from '../../../src/script/profile.ts'
import { exportScript } from '../../../src/script/recording/export-script.ts'
import type { ExportedScript } from '../../../src/script/recording/export-script.ts'
import type { RecordedEvent, Recording } from '../../../src/script/recording/recording.ts'
import { withCalls } from '../../../src/script/recording/with-calls.ts'
import { Network } from '../../../src/sim/network.ts'
import { randomTcpConfig } from '../../../src/sim/soak/random-config.ts'
import { Talker } from '../../../src/sim/soak/talker.ts'
import type { TalkPlan } from '../../../src/sim/soak/talker.ts'
import { tcpPreset } from '../../../src/tcp/config.ts'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { EngineRecorder } from '../../support/engine-recorder.ts'

const addresses = [0x0a000006, 0x0a000009] as const
const ports = [40_000, 7000] as const
const seconds = 1_000_000

interface Story { readonly seed: number, readonly tcp: TcpConfig, readonly talk: readonly [TalkPlan, TalkPlan], readonly network: Impairments, readonly mtu?: number }

/** Two hosts of ours talk; both ends are recorded, and what was recorded becomes a script. */
function recordStory(story: Story, change: (recording: Recording) => Recording = (recording) => recording): ExportedScript[] {
  return hear(story).map(({ recording, tcp }) => exportScript(change(recording), { comments: [], profile: engineProfile(tcp), isExact: true, mtu: story.mtu ?? 1500 })!)
}

function hear({ seed, tcp, talk, network: impairments, mtu = 1500 }: Story): { recording: Recording, tcp: TcpConfig }[] {
  const network = new Network({ seed, mtu })
  const stations = addresses.map((address, i) => network.add({ name: String(i), address, ...i === 0 ? { tcp } : { send: impairments, receive: impairments } }))
  network.run(6 * seconds)
  // Both know the other's MAC address before the first SYN.
  stations[0].host.connect(addresses[1], 9, {}, network.nowUs)
  network.run(10 * seconds + 1)
  const recorders = stations.map((station, i) => new EngineRecorder(station, ports[i]))
  const talkers = [new Talker(talk[0], 0, 1), new Talker(talk[1], 1, 0)] as const
  stations[1].applications.serve(ports[1], () => talkers[1])
  stations[0].applications.connect(addresses[1], ports[1], talkers[0], { localPort: ports[0] }, network.nowUs)
  const untilUs = network.nowUs + 120 * seconds
  while (network.nowUs < untilUs) {
    const wake = () => Math.min(untilUs, ...talkers.map(({ nextUs }) => nextUs))
    const wakeUs = wake()
    network.runWhile(() => wake() >= wakeUs, wakeUs)
    for (const talker of talkers) if (talker.nextUs <= network.nowUs) talker.tick(network.nowUs)
  }
  return stations.map(({ host }, i) => ({ recording: recorders[i].recording(4), tcp: host.config.tcp }))
}

function told({ text, report }: ExportedScript): string {
  const { failure } = report
  if (failure === null) return report.result
  const parts = [failure.expected, failure.actual].map((packet) => packet === null ? '' : joinParts(packet))
  return [`${failure.code} ${JSON.stringify(failure.params)}`, ...parts, ...text.split('\n').slice(Math.max(0, failure.where.line - 12), failure.where.line)].join('\n')
}

const bulk = (bytes: number): TalkPlan => ({
  bytes, say: 'freely', turnBytes: 1, write: { chunkBytes: Infinity, gapUs: 0 }, read: { fromUs: 0, chunkBytes: Infinity, gapUs: 0 }, closes: 'whenSaid', abortAtUs: Infinity,
})

const smooth: Story = { seed: 1, tcp: tcpPreset('rfc'), talk: [bulk(50_000), { ...bulk(0), closes: 'whenHeard' }], network: { delayUs: 5003 } }

describe('a recording of our engine as a script', () => {
  it('passes again: a transfer without trouble, seen from both ends', () => {
    const scripts = recordStory(smooth)
    expect(scripts.map(told)).toEqual(['pass', 'pass'])
    expect(scripts[0].text).toMatch(/^0 socket.*\n\+0 fcntl.*\n\S+ connect\(3, \.\.\., \.\.\.\) = -1 EINPROGRESS.*\n\S+ > S 0:0\(0\) win \d+ <mss 1460/m)
    expect(scripts[1].text).toMatch(/accept\(3, \.\.\., \.\.\.\) = 4/)
  })

  it('does not pass where a segment was another one', () => {
    const shorter = (event: RecordedEvent) => event.kind === 'segment' && event.direction === 'out' && event.length > 1 ? { ...event, length: event.length - 1 } : event
    const [client] = recordStory(smooth, ({ events, ...rest }) => ({ ...rest, events: events.map(shorter) }))
    expect(client.report).toMatchObject({ result: 'fail', failure: { code: 'packetDiffers' } })
  })

  it('does not pass with another configuration', () => {
    const [{ recording }] = hear(smooth)
    const { report } = exportScript(recording, { comments: [], profile: engineProfile({ ...tcpPreset('rfc'), initialWindowSegments: 3 }), isExact: true })!
    expect(report.result).toBe('fail')
  })

  it('passes again without its system calls: they follow from the packets', () => {
    const story = { ...smooth, talk: [bulk(2000), { ...bulk(1200), closes: 'whenHeard' }] as const }
    const scripts = hear(story).map(({ recording, tcp }) => {
      const packets = { ...recording, events: recording.events.filter(({ kind }) => kind === 'segment') }
      return exportScript(packets, { comments: [], profile: { ...engineProfile(tcp), turns: false } })!
    })
    expect(scripts.map(told)).toEqual(['pass', 'pass'])
    expect(scripts[0].text).toContain('send(3, ..., 2000, MSG_MORE) = 2000\n+0 > . 1:1449(1448) ack 1 ')
  })

  it.each([-700, 0, 700])('passes again with calls whose clock is %i µs off', (offUs) => {
    const story = { ...smooth, talk: [bulk(2000), { ...bulk(1200), closes: 'whenHeard' }] as const }
    const scripts = hear(story).map(({ recording: { events }, tcp }) => {
      const segments = events.filter((event) => event.kind === 'segment')
      const calls = events.filter((event) => event.kind !== 'segment').map((call) => ({ ...call, timeUs: call.timeUs + offUs }))
      return exportScript({ ipVersion: 4, events: withCalls(segments, calls) }, { comments: [], profile: { ...engineProfile(tcp), turns: false }, isKnown: true })!
    })
    expect(scripts.map(told)).toEqual(['pass', 'pass'])
    expect(scripts[0].text).toMatch(/(?:write\(3, \.\.\., 2000\)|send\(3, \.\.\., 2000, MSG_MORE\)) = 2000/)
  })

  it('needs the handshake', () => {
    const [{ recording }] = hear(smooth)
    const late = { ...recording, events: recording.events.filter((event) => event.kind === 'segment' && (event.flags & TcpFlag.syn) === 0) }
    expect(exportScript(late, { comments: [], profile: profiles.rfc })).toBe(null)
  })
})

const plans = (random: Random): [TalkPlan, TalkPlan] => {
  const some = (bytes: number): TalkPlan => ({
    ...bulk(Math.floor(random.nextFloat() * bytes)),
    write: random.nextFloat() < 0.5 ? { chunkBytes: Infinity, gapUs: 0 } : { chunkBytes: 700, gapUs: 7013 },
    read: random.nextFloat() < 0.5 ? { fromUs: 0, chunkBytes: Infinity, gapUs: 0 } : { fromUs: 0, chunkBytes: 900, gapUs: 9007 },
  })
  return [some(40_000), { ...some(40_000), closes: random.nextFloat() < 0.5 ? 'whenHeard' : 'whenSaid' }]
}

describe('recordings of our engine over bad networks', () => {
  it.each(Array.from({ length: 16 }, (_, seed) => seed + 1))('seed %i passes again, byte for byte and µs for µs', (seed) => {
    const random = new Random(seed)
    const tcp = { ...randomTcpConfig(random, true), mslUs: 1 * seconds }
    const delays = { delayUs: 1000 * Math.ceil(random.nextFloat() * 40), jitterUs: 997, reorderUs: 12_000 }
    const network = { ...delays, lossRate: seed % 4 * 0.03, duplicateRate: seed % 3 * 0.02, reorderRate: seed % 5 * 0.02, corruptRate: seed % 2 * 0.01 }
    const scripts = recordStory({ seed, tcp, talk: plans(random), network })
    expect(scripts.map(told)).toEqual(['pass', 'pass'])
  })
})
