// Builds the simulation soak and runs it: npm run soak -- --seeds N [--from S] | --seed S [--pcapng FILE]
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { buildPrograms } from './programs.mjs'

const outDir = await buildPrograms({ main: 'test/soak/main.ts' }, 'soak')
const { status } = spawnSync(process.execPath, ['--enable-source-maps', path.join(outDir, 'main.mjs'), ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(status ?? 1)
