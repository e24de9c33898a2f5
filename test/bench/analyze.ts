import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ensureBuilt } from '../../main/setup/build.mjs'
import { buildPrograms } from '../../main/setup/programs.mjs'
import { root } from '../../main/setup/root.mjs'
import type { BenchResult } from './bench.ts'

/**
 * Findings of a million packets of kernel transfers, from a file to lines: the program as users start it, beside tcptrace and tshark on the same file.
 * Each turn runs all of them one behind the other, and the median turn is shown.
 */
export const bench = { name: 'analyze', run }

interface Timed { wallSeconds: number, userSeconds: number, peakKb: number, output: string }

const turns = 5

async function run({ quick = false }: { quick?: boolean } = {}): Promise<BenchResult[]> {
  await ensureBuilt((line) => { console.error(line) })
  const packets = quick ? 50_000 : 1_000_000
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-analyze-'))
  try {
    const file = path.join(folder, 'transfers.pcap')
    const source = await makeCapture(file, packets)
    const program = [process.execPath, path.join(root, 'out/main/tcplab.js'), 'analyze', file]
    const commands = { findings: [...program, '--findings', 'tsv'], summary: program, tcptrace: ['tcptrace', '-l', '-r', file] }
    const runs: Record<keyof typeof commands, Timed[]> = { findings: [], summary: [], tcptrace: [] }
    for (let turn = 0; turn < (quick ? 1 : turns); turn++) for (const name of Object.keys(commands) as (keyof typeof commands)[]) runs[name].push(timed(commands[name]))
    const [findings, summary, tcptrace] = [runs.findings, runs.summary, runs.tcptrace].map(median)
    const lines = findings.output.split('\n').length - 1
    return [
      { name: `packets of ${source}`, value: packets, unit: 'packets' },
      { name: 'packets with findings', value: lines, unit: 'packets' },
      beside('findings, wall', findings.wallSeconds, 'tcptrace', tcptrace.wallSeconds),
      beside('findings, user CPU', findings.userSeconds, 'tcptrace', tcptrace.userSeconds),
      ...tsharkResults(file, findings),
      { name: 'findings, peak memory', value: Math.round(findings.peakKb / 1024), unit: 'MB', peer: 'tcptrace', peerValue: Math.round(tcptrace.peakKb / 1024) },
      beside('with states, flows and every packet kept, user CPU', summary.userSeconds, 'tcptrace', tcptrace.userSeconds),
      { name: 'the same, peak memory', value: Math.round(summary.peakKb / 1024), unit: 'MB' },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @returns what the packets are */
async function makeCapture(file: string, packets: number): Promise<string> {
  const programs = await buildPrograms({ 'analyze-generator': 'test/bench/analyze-generator.ts', 'analyze-kernel': 'test/bench/analyze-kernel.ts' }, 'bench-analyze')
  const unshare = process.getuid?.() === 0 ? ['-n'] : ['-Urn']
  const { status, stderr, error } = spawnSync('unshare', [...unshare, process.execPath, path.join(programs, 'analyze-kernel.mjs'), file, String(packets)], { encoding: 'utf8', timeout: 180_000 })
  if (status === 0 && statSync(file).size > packets * 60) return 'kernel transfers'
  console.error(`analyze: no kernel transfers (${error?.message ?? stderr.trim().split('\n').at(-1)}), so made ones`)
  const made = spawnSync(process.execPath, [path.join(programs, 'analyze-generator.mjs'), file, String(packets)], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  return 'made transfers'
}

/** Once: a run takes a minute. */
function tsharkResults(file: string, ours: Timed): BenchResult[] {
  const theirs = timed(['tshark', '-2', '-n', '-r', file, '-T', 'fields', '-e', 'tcp.analysis.flags'])
  return [beside('findings, wall', ours.wallSeconds, `tshark -2, ${Math.round(theirs.peakKb / 1024)} MB`, theirs.wallSeconds)]
}

function beside(name: string, ours: number, peer: string, theirs: number): BenchResult {
  return theirs < 0 ? { name: `${name} (${peer} is not installed)`, value: round(ours), unit: 's' } : { name, value: round(ours), unit: 's', peer, peerValue: round(theirs), ratio: theirs / ours }
}

function median(runs: readonly Timed[]): Timed {
  return [...runs].sort((a, b) => a.userSeconds - b.userSeconds)[runs.length >> 1]
}

/** By GNU time: wall clock, user CPU and peak of the whole process. @returns seconds -1 where there is no such program */
function timed(command: readonly string[]): Timed {
  if (spawnSync(command[0], ['--version']).error) return { wallSeconds: -1, userSeconds: -1, peakKb: 0, output: '' }
  const { stdout, stderr, error } = spawnSync('/usr/bin/time', ['-f', '%e %U %M', ...command], { encoding: 'utf8', maxBuffer: 1e9 })
  if (error) throw new Error('the bench needs GNU time (package time)')
  const [wall, user, peak] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number)
  return { wallSeconds: wall, userSeconds: user, peakKb: peak, output: stdout }
}

function round(value: number): number {
  return Number(value.toFixed(3))
}
