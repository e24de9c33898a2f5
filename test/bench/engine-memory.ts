import { GCProfiler, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Random } from '../../src/base/random.ts'
import { FrameWriter } from '../../src/link/frame-batch.ts'
import { memoryLinkPair } from '../../src/link/memory.ts'
import type { MemoryLink } from '../../src/link/memory.ts'
import { macOf } from '../../src/sim/network.ts'
import { Host } from '../../src/stack/host.ts'
import { defaultTcpConfig } from '../../src/tcp/config.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import { TcpState } from '../../src/tcp/state.ts'
import { takeStretch } from '../../src/wire/common-memory.ts'
import type { BenchResult } from './bench.ts'
import { copyBound } from './copy-bound.ts'
import { resultBeside, resultOf, usualRuns } from './runs.ts'

const clientAddress = 0x0a4d0002
const serverAddress = 0x0a4d0001
const batchFrames = 128
/** Room for a window of frames and little more: the hosts of all runs together have to find theirs in the common memory. */
const linkBytes = 3 << 19

/** What two hosts of ours do over a cable in memory: everything but the network card. */
export async function memoryResults(quick: boolean): Promise<BenchResult[]> {
  const seconds = quick ? 0.5 : 1.5
  // First, while nothing else has been allocated that could be freed meanwhile.
  const idle = await idleConnections(quick ? 1_000 : 50_000)
  return [
    ...bulk(1500, seconds),
    ...bulk(9000, seconds),
    repeated('handshakes', '1/s', quick ? 2_048 : 16_384, handshakes),
    repeated('connections opened and closed', '1/s', quick ? 1_000 : 8_192, lives),
    repeated('snapshot of a connection', 'µs', quick ? 20_000 : 200_000, snapshots),
    ...idle,
  ]
}

/** @param measure for `count` of its things; the first time it does not count, as nothing is compiled yet */
function repeated(name: string, unit: string, count: number, measure: (count: number) => number): BenchResult {
  measure(count)
  return resultOf(name, unit, Array.from({ length: usualRuns }, () => measure(count)))
}

class End {
  readonly host: Host
  private readonly link: MemoryLink
  private readonly writer: FrameWriter

  constructor(address: number, link: MemoryLink, mtu: number, tcp: Partial<TcpConfig>) {
    const config = { mac: macOf(address), ipv4: address, prefixLength: 24, mtu, tcp: { ...defaultTcpConfig, ...tcp }, probeAddress: false, historyLength: 16 }
    this.host = new Host(config, new Random(address))
    this.link = link
    const areaBytes = batchFrames * (mtu + 22)
    this.writer = new FrameWriter(batchFrames, areaBytes, takeStretch(areaBytes))
  }

  transmit(nowUs: number): number {
    let total = 0
    for (;;) {
      this.writer.clear()
      const count = this.host.pollTransmit(nowUs, this.writer)
      if (count === 0) return total
      this.link.send(this.writer.batch)
      total += count
    }
  }

  receive(nowUs: number): number {
    return this.link.drain((batch) => this.host.handleBatch(batch, nowUs), 4096)
  }

  tick(nowUs: number): void {
    if (this.host.pollTimeout() <= nowUs) this.host.handleTimeout(nowUs)
  }
}

export function twoHosts(mtu: number, tcp: Partial<TcpConfig> = {}): { client: End, server: End } {
  const [a, b] = memoryLinkPair({ mtu, queueFrames: 8192, queueBytes: linkBytes, common: true })
  const client = new End(clientAddress, a, mtu, tcp)
  const server = new End(serverAddress, b, mtu, tcp)
  client.host.start(0)
  server.host.start(0)
  return { client, server }
}

/** One round of both ends at one moment. @returns frames moved */
export function turn({ client, server }: { client: End, server: End }, nowUs: number): number {
  const moved = client.transmit(nowUs) + server.receive(nowUs) + server.transmit(nowUs) + client.receive(nowUs) + client.transmit(nowUs)
  client.tick(nowUs)
  server.tick(nowUs)
  return moved
}

export function clockUs(): number {
  return Math.floor(performance.now() * 1000)
}

/** Where others use the machine too, what processors did for it says more than the clock. */
function bulk(mtu: number, seconds: number): BenchResult[] {
  goodput(mtu, 2 * seconds)
  copyBound(mtu, seconds / 4)
  const ours: number[] = []
  const byProcessorTime: number[] = []
  const bounds: number[] = []
  const collecting: number[] = []
  let collected = 0
  let sent = 0
  for (let run = 0; run < usualRuns; run++) {
    const profiler = new GCProfiler()
    profiler.start()
    const before = process.cpuUsage()
    const { bytes, segments, elapsed } = goodput(mtu, seconds)
    const { user, system } = process.cpuUsage(before)
    const { statistics } = profiler.stop()
    ours.push(bytes * 8 / elapsed / 1e9)
    byProcessorTime.push(bytes * 8 / (user + system) / 1e3)
    collecting.push(sumOf(statistics, ({ cost }) => cost) / elapsed / 1e4)
    collected += sumOf(statistics, ({ beforeGC, afterGC }) => beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize)
    sent += segments
    bounds.push(copyBound(mtu, seconds / 4))
  }
  return [
    resultBeside(`goodput in memory, MTU ${mtu}, checksums both sides`, 'Gbit/s', ours, 'its bytes copied twice, summed twice', bounds),
    resultOf(`the same by processor time, MTU ${mtu}`, 'Gbit/s', byProcessorTime),
    resultOf(`time in garbage collection, MTU ${mtu}`, '%', collecting),
    { name: `garbage a segment, MTU ${mtu}`, value: collected / sent, unit: 'bytes' },
  ]
}

function sumOf<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((sum, value) => sum + of(value), 0)
}

/** One connection, one direction, for so long. @throws where bytes are lost, changed or retransmitted */
function goodput(mtu: number, seconds: number): { bytes: number, segments: number, elapsed: number } {
  const ends = twoHosts(mtu, { sendBufferBytes: 1 << 20, receiveBufferBytes: 1 << 20, mslUs: 1000 })
  const { client, server } = ends
  server.host.listen(9)
  const id = client.host.connect(serverAddress, 9, {}, clockUs()) as number
  let accepted = -1
  for (let round = 0; accepted < 0; round++) {
    if (round > 1000) throw new Error('no connection in memory')
    turn(ends, clockUs())
    for (let event = server.host.pollEvent(); event !== null; event = server.host.pollEvent()) if (event.kind === 'accepted') accepted = event.connection
  }
  const chunk = Uint8Array.from({ length: 65_536 }, (_, i) => i * 7)
  const into = new Uint8Array(65_536)
  let sent = 0
  let received = 0
  const begin = performance.now()
  let now = begin
  while (now - begin < seconds * 1000) {
    const nowUs = Math.floor(now * 1000)
    for (let taken = 1; taken > 0;) sent += taken = client.host.send(id, chunk, sent & 0xffff, 65_536 - (sent & 0xffff), nowUs)
    client.tick(nowUs)
    server.tick(nowUs)
    client.transmit(nowUs)
    server.receive(nowUs)
    for (let count = server.host.receive(accepted, into, 0, into.length, nowUs); count > 0; count = server.host.receive(accepted, into, 0, into.length, nowUs)) {
      if (into[0] !== (received * 7 & 0xff) || into[count - 1] !== ((received + count - 1) * 7 & 0xff)) throw new Error(`wrong bytes at ${received}`)
      received += count
    }
    server.transmit(nowUs)
    client.receive(nowUs)
    while (client.host.pollEvent() !== null);
    while (server.host.pollEvent() !== null);
    now = performance.now()
  }
  const { tcp } = client.host.statistics()
  if (tcp.retransmitted > 0 || tcp.badChecksum > 0) throw new Error(`${tcp.retransmitted} retransmissions, ${tcp.badChecksum} bad checksums in memory`)
  return { bytes: received, segments: tcp.out, elapsed: (now - begin) / 1000 }
}

/** A first connection on its own: of the SYNs that wait for ARP only a few are kept, and the others would come again a second later. @returns when it was, µs */
function meet(ends: { client: End, server: End }): number {
  const nowUs = clockUs()
  ends.client.host.connect(serverAddress, 9, {}, nowUs)
  while (turn(ends, nowUs) > 0);
  for (const { host } of [ends.client, ends.server]) while (host.pollEvent() !== null);
  return nowUs
}

/** From connect to accepted, 1,024 at a time; that they are aborted afterwards does not count. @returns so many a second */
function handshakes(count: number): number {
  const ends = twoHosts(1500)
  ends.server.host.listen(9, { backlog: 4096 })
  meet(ends)
  let spentMs = 0
  let done = 0
  while (done < count) {
    const begin = performance.now()
    const ids = Array.from({ length: 1024 }, () => ends.client.host.connect(serverAddress, 9, {}, clockUs()))
    let accepted = 0
    for (let round = 0; accepted < ids.length; round++) {
      if (round > 1000) throw new Error(`only ${accepted} of ${ids.length} connections were accepted`)
      turn(ends, clockUs())
      for (let event = ends.server.host.pollEvent(); event !== null; event = ends.server.host.pollEvent()) if (event.kind === 'accepted') accepted++
    }
    spentMs += performance.now() - begin
    done += accepted
    for (const id of ids) ends.client.host.abort(id as number, clockUs())
    turn(ends, clockUs())
    for (const { host } of [ends.client, ends.server]) while (host.pollEvent() !== null);
  }
  return done / spentMs * 1000
}

/** Whole lives: connect, accept, close from both sides, TIME-WAIT; nobody waits for it, as time jumps to where something is due. @returns so many a second */
function lives(count: number): number {
  const ends = twoHosts(1500, { sendBufferBytes: 4096, receiveBufferBytes: 4096 })
  const hosts = [ends.client.host, ends.server.host]
  ends.server.host.listen(9, { backlog: 4096 })
  let nowUs = meet(ends)
  let begun = 0
  let ended = 0
  const begin = performance.now()
  while (ended < count) {
    if (performance.now() - begin > 60_000) throw new Error(`only ${ended} of ${count} connections ended in a minute`)
    for (; begun < count && begun - ended < 1024; begun++) {
      const id = ends.client.host.connect(serverAddress, 9, {}, nowUs)
      if (typeof id !== 'number') throw new Error(`connect ${begun}: ${id.code}`)
    }
    if (turn(ends, nowUs) === 0) nowUs = Math.max(nowUs + 1, Math.min(...hosts.map((host) => host.pollTimeout())))
    for (const host of hosts) {
      for (let event = host.pollEvent(); event !== null; event = host.pollEvent()) {
        if (event.kind === 'connected' || event.kind === 'remoteClosed') host.close(event.connection, nowUs)
        else if (event.kind === 'closed' && host === ends.client.host) ended++
      }
    }
  }
  return count / (performance.now() - begin) * 1000
}

/** @returns µs for each */
function snapshots(count: number): number {
  const ends = twoHosts(1500)
  ends.server.host.listen(9)
  const id = ends.client.host.connect(serverAddress, 9, {}, 0) as number
  for (let i = 0; i < 10; i++) turn(ends, i)
  const connection = ends.client.host.connection(id)!
  const snapshot = createTcpSnapshot()
  const begin = performance.now()
  for (let i = 0; i < count; i++) connection.snapshot(snapshot)
  return (performance.now() - begin) * 1000 / count
}

/** Established and silent, both ends counted: what they weigh, and what a turn of a host costs that has them. */
async function idleConnections(count: number): Promise<BenchResult[]> {
  const ends = twoHosts(1500)
  const ports = [9, 10, 11, 12]
  for (const port of ports) ends.server.host.listen(port, { backlog: 1024 })
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = async () => {
    for (let i = 0; i < 3; i++) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = await used()
  for (let i = 0; i < count; i++) {
    ends.client.host.connect(serverAddress, ports[i % ports.length], {}, i)
    if (i % 128 === 127 || i === count - 1) while (turn(ends, i) > 0) for (const { host } of [ends.client, ends.server]) while (host.pollEvent() !== null);
  }
  const perConnection = (await used() - before) / (2 * count)
  const turns = 100_000
  const begin = performance.now()
  for (let i = 0; i < turns; i++) turn(ends, count + i)
  const turnUs = (performance.now() - begin) * 1000 / turns / 2
  // Looked at only now, so that they are alive while they are weighed.
  let established = 0
  for (const { host } of [ends.client, ends.server]) for (const { connection } of host.connections()) if (connection.state === TcpState.established) established++
  if (established !== 2 * count) throw new Error(`${established} of ${2 * count} connections are established`)
  const said = (2 * count).toLocaleString('en')
  return [
    { name: 'memory of an idle connection', value: perConnection, unit: 'bytes' },
    { name: established === 100_000 ? 'memory of 100,000 idle connections' : `memory of 100,000 idle connections, going by ${said}`, value: perConnection / 10, unit: 'MB' },
    { name: `turn of a host with ${count.toLocaleString('en')} idle connections`, value: turnUs, unit: 'µs' },
  ]
}
