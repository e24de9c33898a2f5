import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openNicLink } from '../../main/link/nic-link.ts'
import { Random } from '../../src/base/random.ts'
import { FrameWriter } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { Link } from '../../src/link/link.ts'
import { macOf } from '../../src/sim/network.ts'
import { Host } from '../../src/stack/host.ts'
import { tcpPreset } from '../../src/tcp/config.ts'
import { createTcpSnapshot } from '../../src/tcp/snapshot.ts'
import { summedBytes } from '../../src/wire/summed-memory.ts'

/** One entry for each round; the three of a round were measured one after the other. */
export interface KernelRun {
  readonly kernelGbps: number[]
  readonly sendingGbps: number[]
  readonly receivingGbps: number[]
  retransmitted: number
  lost: number
}

/**
 * Runs inside a network namespace. Arguments: seconds for each measurement, rounds. Prints one {@link KernelRun} as JSON.
 *
 *     our host on lab0 ── veth ── kern0, the kernel with 10.77.0.1
 *     iperf3 client on a0 ── veth ── b0 in a second namespace, iperf3 server
 */
const seconds = Number(process.argv[2] ?? 3)
const rounds = Number(process.argv[3] ?? 1)
const ourAddress = 0x0a4d0002
const kernelAddress = 0x0a4d0001
const children: ChildProcess[] = []

try {
  console.log(JSON.stringify(await main()))
} finally {
  for (const child of children) child.kill('SIGKILL')
}

async function main(): Promise<KernelRun> {
  shell('ip link set lo up')
  shell('ip link add lab0 type veth peer name kern0 && ip link set lab0 up && ip link set kern0 up && ip addr add 10.77.0.1/24 dev kern0')
  for (const name of ['lab0', 'kern0']) offloadsOff(name)
  await startKernelPair()
  const peer = start(process.execPath, [fileURLToPath(new URL('./engine-kernel-peer.mjs', import.meta.url))])
  await once(peer.stdout!, 'data')
  const run: KernelRun = { kernelGbps: [], sendingGbps: [], receivingGbps: [], retransmitted: 0, lost: 0 }
  for (let round = 0; round < rounds; round++) {
    run.kernelGbps.push(kernelToKernel())
    measureOurs(run)
  }
  return run
}

/** With an interface opened anew, so that nothing of the round before is left in its buffers. */
function measureOurs(run: KernelRun): void {
  const link = openNicLink({ name: 'lab0', seeSent: false, filter: 'ip or arp' })
  try {
    const sending = transfer(link, 9)
    const receiving = transfer(link, 19)
    const counts = emptyStatistics()
    link.statistics(counts)
    run.sendingGbps.push(sending.gbps)
    run.receivingGbps.push(receiving.gbps)
    run.retransmitted += sending.retransmitted + receiving.retransmitted
    run.lost += counts.droppedByKernel + counts.droppedByRing
  } finally {
    link.close()
  }
}

/** One connection to the kernel's port, driven as fast as one thread can; the first quarter of the time is not counted. */
function transfer(link: Link, port: number): { gbps: number, retransmitted: number } {
  const tcp = { ...tcpPreset('linux'), sendBufferBytes: 4 << 20, receiveBufferBytes: 4 << 20, windowShift: -1 }
  const host = new Host({ mac: macOf(ourAddress), ipv4: ourAddress, prefixLength: 24, mtu: 1500, tcp, probeAddress: false }, new Random(Date.now()))
  const writer = new FrameWriter(256, 256 * 1536, summedBytes(256 * 1536))
  const chunk = new Uint8Array(256 * 1024)
  const snapshot = createTcpSnapshot()
  host.start(clockUs())
  const id = host.connect(kernelAddress, port, {}, clockUs())
  if (typeof id !== 'number') throw new Error(`connect: ${id.code}`)
  const begin = performance.now()
  let isOpen = false
  let received = 0
  let countFrom: { at: number, bytes: number } | null = null
  const moved = () => {
    host.connection(id)!.snapshot(snapshot)
    return port === 9 ? snapshot.bytesAcked : received
  }
  for (let now = begin; now - begin < seconds * 1000; now = performance.now()) {
    const nowUs = clockUs()
    link.drain((batch) => host.handleBatch(batch, nowUs), 1024)
    if (host.pollTimeout() <= nowUs) host.handleTimeout(nowUs)
    for (let event = host.pollEvent(); event !== null; event = host.pollEvent()) {
      if (event.kind === 'connected') isOpen = true
      else if (['reset', 'refused', 'timedOut', 'unreachable'].includes(event.kind)) throw new Error(`the connection to port ${port} ended: ${event.kind}`)
    }
    if (isOpen && port === 9) while (host.send(id, chunk, 0, chunk.length, nowUs) > 0);
    if (isOpen && port !== 9) for (let count = 1; count > 0; received += Math.max(0, count)) count = host.receive(id, chunk, 0, chunk.length, nowUs)
    transmit(host, link, writer, nowUs)
    if (countFrom === null && now - begin > seconds * 250) countFrom = { at: now, bytes: moved() }
  }
  const gbps = (moved() - countFrom!.bytes) * 8 / (performance.now() - countFrom!.at) / 1e6
  host.abort(id, clockUs())
  transmit(host, link, writer, clockUs())
  return { gbps, retransmitted: snapshot.retransmissions }
}

/** Frames that the link does not take at once are offered again: the interface's queue drains by itself. */
function transmit(host: Host, link: Link, writer: FrameWriter, nowUs: number): void {
  for (let round = 0; round < 8; round++) {
    if (writer.count === 0) {
      writer.clear()
      if (host.pollTransmit(nowUs, writer) === 0) return
    }
    writer.batch.dropFirst(link.send(writer.batch))
    if (writer.count > 0) return
  }
}

/** Two kernels, or one with two network stacks, at the ends of a veth pair like ours. */
async function startKernelPair(): Promise<void> {
  const other = start('unshare', ['-n', 'sleep', '600'])
  await pause(200)
  const inside = `nsenter -t ${other.pid} -n`
  shell(`ip link add a0 type veth peer name b0 && ip link set b0 netns ${other.pid} && ip link set a0 up && ip addr add 10.78.0.1/24 dev a0`)
  shell(`${inside} ip link set b0 up && ${inside} ip addr add 10.78.0.2/24 dev b0`)
  offloadsOff('a0')
  offloadsOff('b0', inside)
  start('nsenter', ['-t', String(other.pid), '-n', 'iperf3', '-s'])
  await pause(500)
}

function kernelToKernel(): number {
  const { stdout, stderr, status } = spawnSync('iperf3', ['-c', '10.78.0.2', '-t', String(Math.max(1, Math.round(seconds))), '-J'], { encoding: 'utf8', timeout: 60_000 })
  if (status !== 0) throw new Error(`iperf3: ${stderr || stdout}`)
  const report = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } }
  return report.end.sum_received.bits_per_second / 1e9
}

function offloadsOff(name: string, prefix = ''): void {
  shell(`${prefix} ethtool -K ${name} tx off rx off gso off gro off tso off`)
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  return child
}

function shell(command: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

function clockUs(): number {
  return Math.floor(performance.now() * 1000)
}
