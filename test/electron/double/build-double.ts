import { copyFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const here = path.dirname(fileURLToPath(import.meta.url))

/** Inside the checkout, where the double finds its packages. */
const folder = path.resolve(here, '../../../out/electron-double')

/** Bundles the double and its two page scripts. @returns path of the `register.mjs` beside them */
export async function buildDouble(): Promise<string> {
  const common = { configFile: false, logLevel: 'error', root: here, publicDir: false } as const
  const out = { outDir: folder, emptyOutDir: false, minify: false }
  await build({
    ...common,
    build: { ...out, ssr: true, target: 'node20', rolldownOptions: { input: path.join(here, 'electron.ts'), output: { format: 'es', entryFileNames: 'electron.mjs', codeSplitting: false }, external: ['playwright-core'] } },
  })
  for (const name of ['main-world', 'isolated-world']) {
    await build({ ...common, build: { ...out, target: 'chrome120', rolldownOptions: { input: path.join(here, `${name}.ts`), output: { format: 'iife', entryFileNames: `${name}.js` } } } })
  }
  copyFileSync(path.join(here, 'register.mjs'), path.join(folder, 'register.mjs'))
  return path.join(folder, 'register.mjs')
}
