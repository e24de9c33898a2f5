import type { FrameBatch } from '../../link/frame-batch.ts'
import type { ImpairedLink } from '../../link/impair.ts'
import { Socket } from '../../stack/applications/application.ts'
import type { Host } from '../../stack/host.ts'
import { createTcpSnapshot } from '../../tcp/snapshot.ts'
import { isSynchronized, tcpStateNames } from '../../tcp/state.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import { Network } from '../network.ts'
import type { Station } from '../station.ts'
import { brokenInvariant, Progress } from './checks.ts'
import { DecisionWatch } from './decision-watch.ts'
import type { DecisionListener } from './decision-watch.ts'
import { brokenEnding } from './endings.ts'
import { NarrowLink } from './narrow-link.ts'
import type { NetworkChange, Scenario } from './scenario.ts'
import { Talker } from './talker.ts'
import { tcpOfFrame } from './tcp-frame.ts'
import { Witness } from './witness.ts'

export const sideNames = ['client', 'server'] as const

export interface RunResult {
  /** What went wrong first, in words; null where nothing did. */
  readonly problem: string | null
  /** When: µs since the first segment. */
  readonly atUs: number
  readonly frames: number
  readonly heardBytes: number
  readonly retransmissions: number
  /** How the connections ended, client and server of each in turn; `open` where the story was cut short. */
  readonly endings: readonly string[]
}

/** Sees what happens, for whoever writes it down. Frames are valid only during the call. */
export interface RunObserver {
  frame?(side: 0 | 1, direction: 'sent' | 'received', bytes: Uint8Array, at: number, length: number, nowUs: number): void
  decision?: DecisionListener
}

/** Addresses that differ in more than one bit, so that no flipped bit makes one of the other. */
const ipv4 = [0x0a000006, 0x0a000009] as const
const ipv6 = [ipv6Of(6), ipv6Of(9)] as const
const firstPort = [40_000, 7000] as const
/** By then both hosts have their addresses. */
const readyUs = 6_000_000
/** Connections that the healed network still cannot end by then are stuck. */
const patienceUs = 7_200_000_000
/** After that all are told to abort. */
const farewellUs = 1_000_000_000
const maxFrames = 60_000

/** Runs a scenario to its end, or to the first thing that must not happen. */
export function runScenario(scenario: Scenario, observer: RunObserver = {}): RunResult {
  const run = new SoakRun(scenario, observer)
  try {
    run.play()
  } catch (error) {
    run.note(`${error instanceof Error ? error.stack ?? error.message : String(error)}`)
  }
  return run.result()
}

interface Pair { readonly talkers: readonly [Talker, Talker], readonly witness: Witness, readonly ids: [number, number] }

class SoakRun {
  private readonly scenario: Scenario
  private readonly observer: RunObserver
  private readonly network: Network
  private readonly stations: readonly [Station, Station]
  private readonly narrow: NarrowLink[] = []
  private readonly impaired: ImpairedLink[] = []
  private readonly pairs: Pair[] = []
  private readonly decisions: readonly [DecisionWatch, DecisionWatch]
  private readonly progress = new Map<number, Progress>()
  private readonly snapshot = createTcpSnapshot()
  private problem: string | null = null
  private problemUs = 0
  private frames = 0
  private startUs = 0
  private boundUs = 0

  constructor(scenario: Scenario, observer: RunObserver) {
    this.scenario = scenario
    this.observer = observer
    this.network = new Network({ seed: scenario.seed, mtu: scenario.mtu })
    this.decisions = [0, 1].map((side) => new DecisionWatch(side as 0 | 1, observer.decision ?? null)) as [DecisionWatch, DecisionWatch]
    this.stations = [this.addStation(0), this.addStation(1)]
    for (let i = 0; i < scenario.connections; i++) {
      const voices = [2 * i, 2 * i + 1] as const
      const talkers = [new Talker(scenario.client.talk, voices[0], voices[1]), new Talker(scenario.server.talk, voices[1], voices[0])] as const
      this.pairs.push({ talkers, witness: new Witness(voices, scenario.ipVersion), ids: [-1, -1] })
    }
  }

  play(): void {
    this.network.run(readyUs)
    this.startUs = this.network.nowUs
    const changes = [...this.scenario.network]
    while (changes.length > 0 && changes[0].atUs === 0) this.change(changes.shift()!)
    this.open()
    for (const change of changes) {
      if (this.advance(this.startUs + change.atUs)) break
      this.change(change)
    }
    this.advance(this.startUs + this.scenario.healAtUs)
    this.heal()
    this.advance(this.network.nowUs + patienceUs)
    this.judge()
    for (const { talkers } of this.pairs) for (const talker of talkers) talker.abort(this.network.nowUs)
    this.advance(this.network.nowUs + farewellUs)
    if (!this.isOver()) this.note('a connection outlives everything')
  }

  /** Remembers the first problem only. */
  note(problem: string): void {
    if (this.problem !== null) return
    this.problem = problem
    this.problemUs = this.network.nowUs - this.startUs
  }

  result(): RunResult {
    const endings = this.pairs.flatMap(({ talkers }) => talkers.map(({ ending }) => ending ?? 'open'))
    const retransmissions = this.stations.reduce((sum, { host }) => sum + host.statistics().tcp.retransmitted, 0)
    const heardBytes = this.pairs.reduce((sum, { talkers }) => sum + talkers[0].heard + talkers[1].heard, 0)
    return { problem: this.problem, atUs: this.problemUs, frames: this.frames, heardBytes, retransmissions, endings }
  }

  private addStation(side: 0 | 1): Station {
    const { mtu, ipVersion } = this.scenario
    const plan = side === 0 ? this.scenario.client : this.scenario.server
    const station = this.network.add({
      name: sideNames[side], address: ipv4[side], tcp: plan.tcp, send: {}, sink: this.decisions[side],
      host: ipVersion === 6 ? { ipv6: true, ipv6Addresses: [{ address: ipv6[side], prefixLength: 64 }] } : {},
      link: { queueFrames: 512, queueBytes: 512 * (mtu + 40) },
      through: (link) => {
        this.impaired[side] = link as ImpairedLink
        return this.narrow[side] = new NarrowLink(link)
      },
    })
    station.onFrames = (_station, direction, batch) => this.see(side, direction, batch)
    return station
  }

  private open(): void {
    const { network, stations, scenario } = this
    const isPassive = scenario.open === 'passive'
    this.pairs.forEach(({ talkers, ids }, i) => {
      const ports = [firstPort[0] + i, firstPort[1] + i] as const
      if (isPassive) stations[1].applications.serve(ports[1], () => talkers[1].socket === null ? talkers[1] : new Talker({ ...talkers[1].plan, abortAtUs: 0 }, 0, 0))
      for (const side of isPassive ? [0] as const : [0, 1] as const) {
        const remote = scenario.ipVersion === 4 ? ipv4[1 - side] : ipv6[1 - side]
        const id = stations[side].applications.connect(remote, ports[1 - side], talkers[side], { localPort: ports[side] }, network.nowUs)
        if (typeof id !== 'number') return this.note(`no connection: ${id.code}`)
        ids[side] = id
        // What is said before the SYN leaves can go with it.
        if (stations[side].host.connection(id)!.fastOpen !== null) talkers[side].opening(new Socket(stations[side].host, id), network.nowUs)
      }
    })
  }

  private change({ side, impairments, mtu, tells }: NetworkChange): void {
    const index = side === 'client' ? 0 : 1
    this.impaired[index].sendPath.configure(impairments)
    this.narrow[index].mtu = mtu
    this.narrow[index].tells = tells
  }

  private heal(): void {
    for (const side of [0, 1]) this.change({ atUs: 0, side: sideNames[side], impairments: { delayUs: 1000 }, mtu: this.scenario.mtu, tells: false })
  }

  /** Lets everything happen up to a time, applications included. @returns whether nothing can happen any more, or something must not have */
  private advance(untilUs: number): boolean {
    for (;;) {
      if (this.problem !== null || this.isOver()) return true
      this.boundUs = Math.min(this.wakeUs(), untilUs)
      this.network.runWhile(() => this.check() && this.wakeUs() >= this.boundUs, this.boundUs)
      if (this.problem !== null) return true
      for (const { talkers } of this.pairs) for (const talker of talkers) if (talker.nextUs <= this.network.nowUs) talker.tick(this.network.nowUs)
      if (this.network.nowUs >= untilUs) return false
    }
  }

  /** When an application wants to do something by itself. */
  private wakeUs(): number {
    let earliest = Infinity
    for (const { talkers: [client, server] } of this.pairs) earliest = Math.min(earliest, client.nextUs, server.nextUs)
    return earliest
  }

  /** After each event. @returns whether the story goes on */
  private check(): boolean {
    for (const side of [0, 1] as const) {
      this.checkConnections(this.stations[side].host, side)
      const problem = this.decisions[side].problem
      if (problem !== null) this.note(`${sideNames[side]}: ${problem}`)
    }
    for (const { talkers } of this.pairs) for (const { problem } of talkers) if (problem !== null) this.note(problem)
    if (this.frames > maxFrames) this.note(`the two never stop talking: ${this.frames} frames`)
    return this.problem === null && !this.isOver()
  }

  private checkConnections(host: Host, side: 0 | 1): void {
    const { network, snapshot } = this
    for (const record of host.connections()) {
      if (!record.isLive && !this.progress.has(2 * record.id + side)) continue
      record.connection.snapshot(snapshot)
      let progress = this.progress.get(2 * record.id + side)
      if (progress === undefined) this.progress.set(2 * record.id + side, progress = new Progress())
      const problem = brokenInvariant(snapshot, network.nowUs) ?? progress.wentBack(snapshot)
      if (problem !== null) this.note(`${sideNames[side]} in ${tcpStateNames[snapshot.state]}: ${problem}\n${JSON.stringify(snapshot)}`)
      if (!record.isLive) this.progress.delete(2 * record.id + side)
    }
  }

  private see(side: 0 | 1, direction: 'sent' | 'received', batch: FrameBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const at = batch.offset[i]
      const length = batch.capturedLength[i]
      this.observer.frame?.(side, direction, batch.bytes, at, length, this.network.nowUs)
      const segment = tcpOfFrame(batch.bytes, at, length)
      if (segment === null) continue
      const serverPort = (side === 0) === (direction === 'sent') ? segment.destinationPort : segment.sourcePort
      const pair = this.pairs[serverPort - firstPort[1]]
      if (pair === undefined) continue
      if (direction === 'received') {
        pair.witness.delivered(side, segment)
        continue
      }
      this.frames++
      this.decisions[side].frames++
      // A second life of the same ports, by a SYN that came late: another connection.
      const isSecond = (this.decisions[1].accepted.get(serverPort) ?? 0) > 1 || ((segment.flags & TcpFlag.syn) !== 0 && pair.talkers[side].ending !== null)
      if (isSecond) pair.witness.isOff = true
      const problem = pair.witness.sent(side, segment)
      if (problem !== null) this.note(`${sideNames[side]} sends ${problem}`)
    }
    if (direction === 'sent') this.checkFlight(side)
  }

  /** New data left only as the congestion window allows, but for the two segments of limited transmit and probes of one more. */
  private checkFlight(side: 0 | 1): void {
    const { host } = this.stations[side]
    const told = host.statistics().tcp.resetsOut
    if (this.decisions[side].frames > this.decisions[side].sent + told) this.note(`${sideNames[side]} sends a segment without a reason`)
    for (const id of this.decisions[side].takeNewData()) {
      const connection = host.connection(id)
      if (connection === undefined || !isSynchronized(connection.state)) continue
      connection.snapshot(this.snapshot)
      const { pipe, cwnd, sndMss } = this.snapshot
      if (pipe > cwnd + 3 * (sndMss + 40)) this.note(`${sideNames[side]} has ${pipe} bytes out with a congestion window of ${cwnd}\n${JSON.stringify(this.snapshot)}`)
    }
  }

  private isOver(): boolean {
    for (const { talkers: [client, server] } of this.pairs) if (client.ending === null || (server.ending === null && (server.socket !== null || this.scenario.open === 'simultaneous'))) return false
    return this.stations.every(({ host }) => [...host.connections()].every(({ isLive }) => !isLive))
  }

  private judge(): void {
    for (const { talkers, ids } of this.pairs) {
      const views = ([0, 1] as const).map((side) => {
        const connection = this.stations[side].host.connection(talkers[side].socket?.id ?? ids[side])
        if (connection === undefined) return null
        const view = createTcpSnapshot()
        connection.snapshot(view)
        return view
      })
      const mayGiveUp = !this.scenario.patient || this.decisions.some(({ unreachable }) => unreachable)
      const problem = brokenEnding(talkers, views, mayGiveUp)
      if (problem !== null) this.note(problem)
    }
  }
}

function ipv6Of(last: number): Uint8Array {
  const address = new Uint8Array(16)
  address[0] = 0xfd
  address[15] = last
  return address
}
