import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { ensureBuilt } from '../../main/setup/build.mjs'
import { root } from '../../main/setup/root.mjs'
import type { BenchResult } from './bench.ts'

/** A thousand scripts from the command line: ours, again and again. */
export const bench = { name: 'scripts', run }

async function run({ quick = false }: { quick?: boolean } = {}): Promise<BenchResult[]> {
  await ensureBuilt(() => {})
  const folder = path.join(root, 'test/scripts')
  const own = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.pkt')).map((name) => path.join(folder, name))
  const files = Array.from({ length: quick ? 200 : 1000 }, (_, i) => own[i % own.length])
  const serial = medianSeconds(files, 1)
  return [1, ...availableParallelism() > 1 ? [availableParallelism()] : []].map((jobs) => {
    const seconds = jobs === 1 ? serial : medianSeconds(files, jobs)
    return { name: `${files.length} scripts, -j ${jobs}`, value: seconds, unit: 's', ...jobs === 1 ? {} : { peer: '-j 1', peerValue: serial, ratio: serial / seconds } }
  })
}

function medianSeconds(files: readonly string[], jobs: number): number {
  const times = [0, 1, 2].map(() => {
    const startedMs = performance.now()
    const { status, stderr } = spawnSync(process.execPath, [path.join(root, 'out/main/tcplab.js'), 'run', '--json', '-j', String(jobs), ...files], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`the scripts did not pass: ${stderr}`)
    return (performance.now() - startedMs) / 1000
  })
  return times.toSorted((a, b) => a - b)[1]
}
