import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { ensureBuilt } from '../../main/setup/build.mjs'
import { buildPrograms } from '../../main/setup/programs.mjs'
import { root } from '../../main/setup/root.mjs'
import type { BenchResult } from './bench.ts'
import type { LiveRun } from './live-run.ts'
import type { Turns } from './turn-watch.ts'

/** The lab's core in its thread on a veth pair: everything recorded and tracked with findings while an even flood lasts. Each frame is tracked or counted as lost. */
export const bench = { name: 'live', run }

const rate = 300_000
const programs = ['live-generator', 'live-run', 'turn-watch']
/** Beside the flood: opening the lab, and what waits in rings on a busy machine. */
const spareSeconds = 180

async function run({ quick = false, seconds = quick ? 2 : 30, keepPackets = 0 }: { quick?: boolean, seconds?: number, keepPackets?: number } = {}): Promise<BenchResult[]> {
  await ensureBuilt((line) => { console.error(line) })
  const folder = await buildPrograms(Object.fromEntries(programs.map((name) => [name, `test/bench/${name}.ts`])), 'bench-live')
  const unshare = process.getuid?.() === 0 ? ['-n'] : ['-Urn']
  const worker = path.join(root, 'out/main/worker.js')
  const { status, stdout, stderr, error } = spawnSync('unshare', [...unshare, process.execPath, '--import', path.join(folder, 'turn-watch.mjs'), path.join(folder, 'live-run.mjs'), worker, String(seconds), String(rate), String(keepPackets)], {
    encoding: 'utf8', timeout: (seconds + spareSeconds) * 1000,
  })
  if (status !== 0) throw new Error(`the live bench needs a Linux network namespace and the native binding (exit status ${status}): ${error?.message ?? stderr}`)
  const live = JSON.parse(stdout) as LiveRun
  const accounted = live.tracked + live.droppedByKernel + live.droppedByRing
  if (accounted !== live.sent) throw new Error(`${live.sent} frames were sent, but tracked ${live.tracked} + dropped by the kernel ${live.droppedByKernel} + by the ring ${live.droppedByRing} = ${accounted}`)
  if (live.recorded !== live.tracked) throw new Error(`tracked ${live.tracked} frames, recorded ${live.recorded}`)
  return [
    { name: `frames sent in ${live.seconds.toFixed(1)} s`, value: live.sent, unit: 'frames' },
    { name: 'sent', value: Math.round(live.sent / live.seconds), unit: 'frames/s' },
    { name: 'recorded and tracked with findings', value: live.tracked, unit: 'frames' },
    { name: 'lost and counted', value: live.droppedByKernel + live.droppedByRing, unit: 'frames' },
    { name: 'retransmissions found in the flows last told of', value: live.retransmissions, unit: 'segments' },
    ...live.turns.flatMap(turnsOf),
    { name: 'kept', value: live.kept, unit: 'frames' },
    { name: 'memory before', value: live.megabytesBefore, unit: 'MB' },
    { name: 'most memory in the first half of the flood', value: most(live.megabytesBySecond, 0, 0.5), unit: 'MB' },
    { name: 'most memory in the second half', value: most(live.megabytesBySecond, 0.5, 1), unit: 'MB' },
    { name: 'most of the recording on disk', value: live.recordingMegabytes, unit: 'MB' },
    { name: 'memory after', value: live.megabytesAfter, unit: 'MB' },
  ]
}

function turnsOf({ thread, byClock, withoutQueue, byProcessor }: Turns): BenchResult[] {
  const name = `longest turn of the ${thread} thread`
  return [
    { name: `${name} by the clock`, value: Number(byClock.toFixed(1)), unit: 'ms' },
    { name: `${name} without waiting for a processor`, value: Number(withoutQueue.toFixed(1)), unit: 'ms' },
    { name: `${name} by processor time`, value: Number(byProcessor.toFixed(1)), unit: 'ms' },
  ]
}

function most(looks: readonly number[], from: number, to: number): number {
  return Math.max(0, ...looks.slice(Math.floor(from * looks.length), Math.ceil(to * looks.length)))
}
