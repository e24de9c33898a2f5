// Builds the benchmarks and runs them: npm run bench [-- [NAME] [--quick] [--json]]
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { build } from 'vite'
import { root } from './root.mjs'

const outDir = path.join(root, 'out/bench')

await build({
  configFile: false,
  root,
  logLevel: 'warn',
  build: {
    ssr: true,
    outDir,
    emptyOutDir: true,
    target: 'node20.19',
    minify: false,
    sourcemap: true,
    rolldownOptions: {
      input: { main: path.join(root, 'test/bench/main.ts') },
      external: (id) => id.endsWith('.node') || ['cap', 'node-gyp-build', 'vite'].includes(id),
      output: { format: 'es', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
    },
  },
})
const { status } = spawnSync(process.execPath, ['--enable-source-maps', path.join(outDir, 'main.mjs'), ...process.argv.slice(2)], { stdio: 'inherit' })
process.exit(status ?? 1)
