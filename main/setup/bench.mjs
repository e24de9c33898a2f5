// Builds the benchmarks and runs them: npm run bench [-- [NAME] [--quick] [--json]]
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { buildPrograms } from './programs.mjs'

const outDir = await buildPrograms({ main: 'test/bench/main.ts' }, 'bench')
const { status } = spawnSync(process.execPath, ['--enable-source-maps', path.join(outDir, 'main.mjs'), ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(status ?? 1)
