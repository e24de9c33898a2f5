import { fork } from 'node:child_process'
import { runScenario } from '../../src/sim/soak/run.ts'
import { scenarioOf } from '../../src/sim/soak/scenario.ts'

export interface SoakOptions { readonly seeds: number, readonly from: number, readonly jobs: number, readonly json: boolean }

interface Part { seeds: number, frames: number, heardBytes: number, retransmissions: number, endings: Record<string, number>, problems: { seed: number, problem: string }[] }

const shownProblems = 20
const progressMs = 10_000

/** Runs many seeds and prints what came of them. @returns the exit code */
export async function soak(options: SoakOptions): Promise<number> {
  const { seeds, jobs, json } = options
  const startedAt = performance.now()
  const parts = jobs === 1 ? [runPart(options)] : await Promise.all(slices(options).map(runApart))
  // A part of another process says it there.
  if (process.send !== undefined) {
    process.send(parts[0])
    return 0
  }
  const whole = parts.reduce(joined)
  const seconds = (performance.now() - startedAt) / 1000
  if (json) console.log(JSON.stringify({ seconds, ...whole }))
  else print(whole, seconds)
  return whole.problems.length > 0 || whole.seeds < seeds ? 1 : 0
}

function runPart({ seeds, from }: SoakOptions): Part {
  const part: Part = { seeds: 0, frames: 0, heardBytes: 0, retransmissions: 0, endings: {}, problems: [] }
  let saidAt = performance.now()
  for (let seed = from; seed < from + seeds; seed++) {
    const { problem, frames, heardBytes, retransmissions, endings } = runScenario(scenarioOf(seed))
    part.seeds++
    part.frames += frames
    part.heardBytes += heardBytes
    part.retransmissions += retransmissions
    for (const ending of endings) part.endings[ending] = (part.endings[ending] ?? 0) + 1
    if (problem !== null) {
      part.problems.push({ seed, problem })
      console.error(`npm run soak -- --seed ${seed} --pcapng soak-${seed}.pcapng\n  ${firstLine(problem)}`)
    }
    if (performance.now() - saidAt < progressMs) continue
    saidAt = performance.now()
    console.error(`${part.seeds} of ${seeds} seeds from ${from}, ${part.problems.length} went wrong`)
  }
  return part
}

function slices({ seeds, from, jobs, json }: SoakOptions): SoakOptions[] {
  const size = Math.ceil(seeds / jobs)
  return Array.from({ length: Math.ceil(seeds / size) }, (_, i) => ({ seeds: Math.min(size, seeds - i * size), from: from + i * size, jobs: 1, json }))
}

function runApart({ seeds, from }: SoakOptions): Promise<Part> {
  return new Promise((resolve, reject) => {
    const child = fork(process.argv[1], ['--seeds', String(seeds), '--from', String(from), '--jobs', '1'], { execArgv: process.execArgv })
    let part: Part | null = null
    child.on('message', (message) => { part = message as Part })
    child.on('error', reject)
    child.on('exit', (code) => part === null ? reject(new Error(`the process for the seeds from ${from} ended with ${code}`)) : resolve(part))
  })
}

function joined(a: Part, b: Part): Part {
  const endings = { ...a.endings }
  for (const [ending, count] of Object.entries(b.endings)) endings[ending] = (endings[ending] ?? 0) + count
  return {
    seeds: a.seeds + b.seeds, frames: a.frames + b.frames, heardBytes: a.heardBytes + b.heardBytes, retransmissions: a.retransmissions + b.retransmissions, endings,
    problems: [...a.problems, ...b.problems],
  }
}

function print({ seeds, frames, heardBytes, retransmissions, endings, problems }: Part, seconds: number): void {
  const figure = (value: number) => value.toLocaleString('en-US')
  console.log(`${figure(seeds)} seeds in ${seconds.toFixed(1)} s: ${figure(frames)} segments, ${figure(retransmissions)} of them sent again, ${figure(heardBytes)} bytes heard`)
  console.log(`ends: ${Object.entries(endings).toSorted((a, b) => b[1] - a[1]).map(([ending, count]) => `${ending} ${figure(count)}`).join(', ')}`)
  console.log(`${problems.length} went wrong`)
  for (const { seed, problem } of problems.slice(0, shownProblems)) console.log(`  npm run soak -- --seed ${seed} --pcapng soak-${seed}.pcapng\n    ${firstLine(problem)}`)
  if (problems.length > shownProblems) console.log(`  and ${problems.length - shownProblems} more`)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]
}
