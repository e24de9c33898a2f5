import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { machineClock } from '../../main/lab/clock.ts'
import { Driver } from '../../main/lab/driver.ts'
import { openNicLink } from '../../main/link/nic-link.ts'
import { Random } from '../../src/base/random.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { Link } from '../../src/link/link.ts'
import { macOf } from '../../src/sim/network.ts'
import { Host } from '../../src/stack/host.ts'
import { tcpPreset } from '../../src/tcp/config.ts'
import { Mover } from './engine-kernel-mover.ts'
import { pause, shell, start, startKernelPair, stopAll, turnOffloadsOff } from './kernel-pair.ts'

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
 *     iperf3 client beside the server of {@link startKernelPair}
 */
const seconds = Number(process.argv[2] ?? 3)
const rounds = Number(process.argv[3] ?? 1)
const ourAddress = 0x0a4d0002
const kernelAddress = 0x0a4d0001

try {
  console.log(JSON.stringify(await main()))
} finally {
  stopAll()
}

async function main(): Promise<KernelRun> {
  shell('ip link add lab0 type veth peer name kern0 && ip link set lab0 up && ip link set kern0 up && ip addr add 10.77.0.1/24 dev kern0')
  for (const name of ['lab0', 'kern0']) turnOffloadsOff(name)
  await startKernelPair()
  await pause(500)
  const peer = start(process.execPath, [fileURLToPath(new URL('./engine-kernel-peer.mjs', import.meta.url))])
  await once(peer.stdout!, 'data')
  const run: KernelRun = { kernelGbps: [], sendingGbps: [], receivingGbps: [], retransmitted: 0, lost: 0 }
  for (let round = 0; round < rounds; round++) {
    run.kernelGbps.push(kernelToKernel())
    await measureOurs(run)
  }
  return run
}

/** With an interface opened anew, so that nothing of the round before is left in its buffers. */
async function measureOurs(run: KernelRun): Promise<void> {
  const link = openNicLink({ name: 'lab0', seeSent: false, filter: 'ip or arp' })
  try {
    const sending = await transfer(link, 9)
    const receiving = await transfer(link, 19)
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

/** One connection to the kernel's port, in the lab's own loop; the first quarter of the time is not counted. */
async function transfer(link: Link, port: number): Promise<{ gbps: number, retransmitted: number }> {
  const tcp = { ...tcpPreset('linux'), sendBufferBytes: 4 << 20, receiveBufferBytes: 4 << 20, windowShift: -1 }
  const host = new Host({ mac: macOf(ourAddress), ipv4: ourAddress, prefixLength: 24, mtu: 1500, tcp, probeAddress: false }, new Random(Date.now()))
  host.start(machineClock())
  const id = host.connect(kernelAddress, port, {}, machineClock())
  if (typeof id !== 'number') throw new Error(`connect: ${id.code}`)
  const mover = new Mover(host, id, port === 9)
  let failure: unknown = null
  const driver = new Driver({ onError: (error) => { failure ??= error } })
  driver.speaker = mover
  driver.attach(link)
  await pause(seconds * 250)
  const begin = performance.now()
  const before = mover.moved()
  await pause(seconds * 750)
  const gbps = (mover.moved() - before) * 8 / (performance.now() - begin) / 1e6
  host.abort(id, machineClock())
  driver.flush()
  driver.stop()
  if (failure !== null) throw failure
  return { gbps, retransmitted: mover.snapshot.retransmissions }
}

function kernelToKernel(): number {
  const { stdout, stderr, status } = spawnSync('iperf3', ['-c', '10.78.0.2', '-t', String(Math.max(1, Math.round(seconds))), '-J'], { encoding: 'utf8', timeout: 60_000 })
  if (status !== 0) throw new Error(`iperf3: ${stderr || stdout}`)
  const report = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } }
  return report.end.sum_received.bits_per_second / 1e9
}
