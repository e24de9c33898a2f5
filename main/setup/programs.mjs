import path from 'node:path'
import { build } from 'vite'
import { root } from './root.mjs'

/**
 * Builds programs of tests and benches to files that Node can start. They lie below `out`, where they find packages and the native
 * binding as the real programs do.
 * @param {Readonly<Record<string, string>>} entries program name → source, from the checkout
 * @param {string} folder below `out`
 * @returns {Promise<string>} the folder; each program is `NAME.mjs` in it
 */
export async function buildPrograms(entries, folder) {
  const outDir = path.join(root, 'out', folder)
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
        input: Object.fromEntries(Object.entries(entries).map(([name, source]) => [name, path.join(root, source)])),
        external: (id) => id.endsWith('.node') || ['cap', 'node-gyp-build', 'vite'].includes(id),
        output: { format: 'es', entryFileNames: '[name].mjs', chunkFileNames: 'shared-[name]-[hash].mjs' },
      },
    },
  })
  return outDir
}
