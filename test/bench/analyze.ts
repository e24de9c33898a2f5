import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buildPrograms } from '../../main/setup/programs.mjs'
import type { BenchResult } from './bench.ts'

/** Findings of a million packets of 42 conversations, from a file to columns, beside tcptrace and tshark on the same file. */
export const bench = { name: 'analyze', run }

interface Timed { seconds: number, peakKb: number, output: string }

async function run({ quick = false }: { quick?: boolean } = {}): Promise<BenchResult[]> {
  const programs = await buildPrograms({ 'analyze-generator': 'test/bench/analyze-generator.ts', 'analyze-run': 'test/bench/analyze-run.ts' }, 'bench-analyze')
  const packets = quick ? 50_000 : 1_000_000
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-analyze-'))
  try {
    const file = path.join(folder, 'conversations.pcap')
    const program = (name: string) => path.join(programs, `${name}.mjs`)
    timed([process.execPath, program('analyze-generator'), file, String(packets)])
    const rounds = quick ? 1 : 3
    const ours = best(rounds, [process.execPath, program('analyze-run'), file])
    const own = JSON.parse(ours.output) as { packets: number, findings: number, seconds: number }
    if (own.packets !== packets) throw new Error(`analysed ${own.packets} packets of ${packets}`)
    const results: BenchResult[] = [
      { name: 'within the program', value: round(own.seconds), unit: 's' },
      { name: 'packets', value: Math.round(packets / own.seconds), unit: 'packets/s' },
      { name: 'packets with findings', value: own.findings, unit: 'packets' },
      { name: 'peak memory', value: Math.round(ours.peakKb / 1024), unit: 'MB' },
    ]
    results.push(beside('whole process', ours, 'tcptrace', best(rounds, ['tcptrace', '-l', '-r', file])))
    results.push(beside('whole process', ours, 'tshark -2, analysis flags', timed(['tshark', '-2', '-n', '-r', file, '-T', 'fields', '-e', 'tcp.analysis.flags'])))
    return results
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function beside(name: string, ours: Timed, peer: string, theirs: Timed): BenchResult {
  if (theirs.seconds < 0) return { name: `${name} (${peer} is not installed)`, value: round(ours.seconds), unit: 's' }
  return { name, value: round(ours.seconds), unit: 's', peer: `${peer}, ${Math.round(theirs.peakKb / 1024)} MB`, peerValue: round(theirs.seconds), ratio: theirs.seconds / ours.seconds }
}

function best(rounds: number, command: readonly string[]): Timed {
  let fastest = timed(command)
  for (let i = 1; i < rounds; i++) {
    const next = timed(command)
    if (next.seconds < fastest.seconds) fastest = next
  }
  return fastest
}

/** GNU time tells the peak of the whole process; without it that stays 0. @returns seconds -1 where there is no such program */
function timed(command: readonly string[]): Timed {
  if (spawnSync(command[0], ['--version']).error) return { seconds: -1, peakKb: 0, output: '' }
  const hasTime = spawnSync('/usr/bin/time', ['--version']).error === undefined
  const line = hasTime ? ['/usr/bin/time', '-f', '%M', ...command] : [...command]
  const started = process.hrtime.bigint()
  const { stdout, stderr } = spawnSync(line[0], line.slice(1), { encoding: 'utf8', maxBuffer: 1e9 })
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  return { seconds, peakKb: hasTime ? Number(stderr.trim().split('\n').at(-1)) : 0, output: stdout }
}

function round(value: number): number {
  return Number(value.toFixed(3))
}
