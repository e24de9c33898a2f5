import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { replay } from './replay.ts'
import { soak } from './soak.ts'

const usage = `npm run soak -- --seeds N [--from S] [--jobs K] [--json]
npm run soak -- --seed S [--pcapng FILE] [--story]

Two hosts talk over a network that loses, reorders, repeats, corrupts, delays and cuts; all of it is drawn from a seed.
  --seeds N      so many seeds, beginning with the one of --from (1 unless said)
  --jobs K       in so many processes; one for each core unless said
  --seed S       one seed alone, told in detail
  --pcapng FILE  write what both hosts saw of it
  --story        print every frame and decision, not only the last
The exit code is 1 when something went wrong.`

async function main(): Promise<void> {
  const args = readArguments()
  process.exitCode = args.seed === null ? await soak(args) : replay(args.seed, args.pcapng, args.story)
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string' }, from: { type: 'string', default: '1' }, jobs: { type: 'string', default: String(availableParallelism()) }, json: { type: 'boolean', default: false },
        seed: { type: 'string' }, pcapng: { type: 'string' }, story: { type: 'boolean', default: false },
      },
    })
    if ((values.seeds === undefined) === (values.seed === undefined)) throw new Error('say either --seeds or --seed')
    return {
      seeds: natural('seeds', values.seeds ?? '1'), from: natural('from', values.from), jobs: Math.max(1, natural('jobs', values.jobs)), json: values.json,
      seed: values.seed === undefined ? null : natural('seed', values.seed), pcapng: values.pcapng ?? null, story: values.story,
    }
  } catch (error) {
    console.error(`soak: ${(error as Error).message}\n${usage}`)
    process.exit(2)
  }
}

function natural(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`--${name} takes a whole number, not "${text}"`)
  return Number(text)
}

await main()
