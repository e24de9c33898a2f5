// Type-checks every layer with its own tsconfig, so that what a layer must not see does not exist for it. What one check learned makes the next one shorter.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const require = createRequire(import.meta.url)
const tsc = require.resolve('typescript/bin/tsc')
const vueTsc = require.resolve('vue-tsc/bin/vue-tsc.js')
const layers = [['src', tsc], ['main', tsc], ['main/preload', tsc], ['renderer', vueTsc], ['test', tsc]]
const only = process.argv.slice(2)

let failed = 0
for (const [layer, compiler] of layers) {
  if (only.length > 0 && !only.includes(layer)) continue
  if (!existsSync(path.join(root, layer, 'tsconfig.json'))) continue
  const { status } = spawnSync(process.execPath, [compiler, '-p', path.join(root, layer), '--incremental', '--tsBuildInfoFile', path.join(root, 'node_modules/.cache/types', `${layer.replace('/', '-')}.json`)], { cwd: root, stdio: 'inherit' })
  if (status !== 0) { failed++; console.error(`types: ${layer} failed`) }
}
process.exit(failed > 0 ? 1 : 0)
