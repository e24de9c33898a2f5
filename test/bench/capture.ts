import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { buildPrograms } from '../../main/setup/programs.mjs'
import type { BenchResult } from './bench.ts'
import type { Round } from './capture-run.ts'

const frames = 1_000_000
const quickFrames = 100_000
const rounds = 3
const programs = ['capture-run', 'capture-reader', 'capture-generator']

/**
 * Capture of a flood on a veth pair in a network namespace of its own: frames of 54 to 1,454 bytes as fast as the generator
 * sends, our nic link in a worker thread and `tcpdump -w /dev/null` in turns. Every frame must be accounted for.
 */
export const bench = {
  name: 'capture',
  async run({ quick = false }: { quick?: boolean } = {}): Promise<BenchResult[]> {
    const folder = await buildPrograms(Object.fromEntries(programs.map((name) => [name, `test/bench/${name}.ts`])), 'bench-capture')
    const count = quick ? quickFrames : frames
    const unshare = process.getuid?.() === 0 ? ['-n'] : ['-Urn']
    const { status, stdout, stderr, error } = spawnSync('unshare', [...unshare, process.execPath, path.join(folder, 'capture-run.mjs'), String(count), String(quick ? 1 : rounds)], {
      encoding: 'utf8', timeout: 300_000,
    })
    if (status !== 0) throw new Error(`the capture bench needs a Linux network namespace and the native binding (exit status ${status}): ${error?.message ?? stderr}`)
    const { ours, tcpdump } = JSON.parse(stdout) as { ours: Round[], tcpdump: Round[] }
    for (const round of ours) assertAccounted(round)
    return results(ours, tcpdump)
  },
}

function results(ours: Round[], tcpdump: Round[]): BenchResult[] {
  const compared = (name: string, unit: string, of: (round: Round) => number): BenchResult => {
    const value = median(ours.map(of))
    if (tcpdump.length === 0) return { name, value, unit }
    const peerValue = median(tcpdump.map(of))
    return { name, value, unit, peer: 'tcpdump -w /dev/null', peerValue, ...(peerValue === 0 ? {} : { ratio: value / peerValue }) }
  }
  const largest = (of: (round: Round) => number) => Math.max(...ours.map(of))
  return [
    compared('captured while the generator sent', 'frames/s', ({ received, generatorSeconds }) => received / generatorSeconds),
    compared('frames sent', 'frames', ({ sent }) => sent),
    compared('frames captured', 'frames', ({ received }) => received),
    compared('dropped by the kernel', 'frames', ({ droppedByKernel }) => droppedByKernel),
    { name: 'dropped by the ring', value: median(ours.map(({ droppedByRing }) => droppedByRing)), unit: 'frames' },
    compared('processor time a million frames', 's', ({ cpuSeconds, received }) => cpuSeconds / received * 1e6),
    { name: 'last frame handed out after it was sent', value: largest(({ lagMs }) => lagMs), unit: 'ms' },
    { name: 'longest pause of the main thread', value: largest(({ mainPauseMs }) => mainPauseMs), unit: 'ms' },
    { name: 'longest pause of the capturing thread', value: largest(({ readerPauseMs }) => readerPauseMs), unit: 'ms' },
  ]
}

function assertAccounted({ sent, received, droppedByKernel, droppedByRing }: Round): void {
  const accounted = received + droppedByKernel + droppedByRing
  if (accounted !== sent) throw new Error(`${sent} frames were sent, but received ${received} + dropped by the kernel ${droppedByKernel} + by the ring ${droppedByRing} = ${accounted}`)
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}
