import { availableParallelism, cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { Bench, BenchResult } from './bench.ts'

/** Loaded by name, so that one bench does not need what another needs. */
const benches: Readonly<Record<string, () => Promise<{ bench: Bench }>>> = {
  analyze: () => import('./analyze.ts'),
  capture: () => import('./capture.ts'),
  decoders: () => import('./decoders.ts'),
  engine: () => import('./engine.ts'),
  filter: () => import('./filter.ts'),
  fuzz: () => import('./fuzz.ts'),
  hostile: () => import('./hostile.ts'),
  live: () => import('./live.ts'),
  pages: () => import('./pages.ts'),
  goodput: () => import('./goodput.ts'),
  scripts: () => import('./scripts.ts'),
  trace: () => import('./trace.ts'),
}

const usage = `npm run bench [-- [NAME] [--quick] [--seconds N] [--packets N] [--keep-packets N] [--json]]      NAME: ${Object.keys(benches).join(' | ')}; all of them unless said`

interface Arguments { names: string[], quick: boolean, json: boolean, seconds: number | undefined, packets: number | undefined, keepPackets: number | undefined }

async function main(): Promise<void> {
  const { names, quick, json, seconds, packets, keepPackets } = readArguments(process.argv.slice(2))
  for (const name of names) {
    const { bench } = await benches[name]()
    const results = await bench.run({ quick, ...seconds !== undefined && { seconds }, ...packets !== undefined && { packets }, ...keepPackets !== undefined && { keepPackets } })
    console.log(json ? JSON.stringify({ bench: name, machine: machine(), results }) : `${name} (${machine().cpu}, ${machine().cores} cores)\n${table(results)}\n`)
  }
}

function readArguments(args: readonly string[]): Arguments {
  try {
    const options = { quick: { type: 'boolean' }, json: { type: 'boolean' }, seconds: { type: 'string' }, packets: { type: 'string' }, 'keep-packets': { type: 'string' } } as const
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const unknown = positionals.find((name) => !Object.hasOwn(benches, name))
    if (unknown !== undefined) throw new Error(`there is no bench "${unknown}"`)
    const seconds = values.seconds === undefined ? undefined : wholeNumber('seconds', values.seconds)
    const packets = values.packets === undefined ? undefined : wholeNumber('packets', values.packets)
    const keepPackets = values['keep-packets'] === undefined ? undefined : wholeNumber('keep-packets', values['keep-packets'])
    return { names: positionals.length > 0 ? positionals : Object.keys(benches), quick: values.quick === true, json: values.json === true, seconds, packets, keepPackets }
  } catch (error) {
    console.error(`bench: ${(error as Error).message}\n${usage}`)
    process.exit(2)
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} takes a whole number, not "${text}"`)
  return Number(text)
}

function machine(): Record<string, string | number> {
  return { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism(), memoryBytes: totalmem(), platform: `${process.platform} ${process.arch}`, node: process.version }
}

function table(results: readonly BenchResult[]): string {
  const rows = results.map(({ name, value, unit, min, max, peer, peerValue, ratio }) => [
    name, figure(value), unit, min === undefined || max === undefined ? '' : `${figure(min)} … ${figure(max)}`, peerValue === undefined ? '' : figure(peerValue), peer ?? '',
    ratio === undefined ? '' : `× ${ratio.toPrecision(3)}`,
  ])
  const cells = [['', 'ours', '', 'least … most', 'peer', '', 'ratio'], ...rows]
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  const isRight = (column: number) => column === 1 || column === 4
  return cells.map((row) => row.map((cell, column) => (isRight(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join('  ').trimEnd()).join('\n')
}

function figure(value: number): string {
  return value.toLocaleString('en-US', value !== 0 && Math.abs(value) < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 })
}

await main()
