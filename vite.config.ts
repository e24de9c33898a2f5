import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import type { EnvironmentOptions, Plugin } from 'vite'

const root = path.dirname(fileURLToPath(import.meta.url))

/** Programs of `out/main`, by the name of the built file. */
const mainPrograms = {
  electron: 'main/electron/main.ts',
  tcplab: 'main/cli/tcplab.ts',
  worker: 'main/lab/worker.ts',
  'script-worker': 'main/cli/script-worker.ts',
  helper: 'main/helper/helper.ts',
}

/** Stays outside the bundle: what the machine brings, what holds native code, and accelerators that `ws` and `msgpackr` only try for. */
const external = ['electron', 'cap', 'node-gyp-build', 'bufferutil', 'utf-8-validate', 'msgpackr-extract']

function present(programs: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(programs).map(([name, file]) => [name, path.join(root, file)]).filter(([, file]) => existsSync(file)))
}

const renderer: EnvironmentOptions = {
  build: {
    outDir: path.join(root, 'out/renderer'),
    emptyOutDir: false,
    target: 'chrome120',
    minify: true,
    sourcemap: true,
    // Everything comes from the disk or over loopback, where one file is as good as ten.
    chunkSizeWarningLimit: 4096,
    assetsInlineLimit: 0,
    // The window imports nothing that Chromium cannot load by itself, and its policy forbids the inline script of the polyfill.
    modulePreload: { polyfill: false },
    rolldownOptions: { input: present({ index: 'renderer/index.html' }) },
  },
}

const main: EnvironmentOptions = {
  consumer: 'server',
  resolve: { noExternal: true, external, conditions: ['node', 'module', 'default'] },
  build: {
    ssr: true,
    outDir: path.join(root, 'out/main'),
    emptyOutDir: false,
    copyPublicDir: false,
    target: 'node20.19',
    minify: false,
    sourcemap: true,
    rolldownOptions: {
      input: present(mainPrograms),
      external: (id) => id.endsWith('.node') || external.includes(id),
      // Shared chunks lie beside the programs, so that `new URL('./worker.js', import.meta.url)` means the same in all of them.
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'shared-[name]-[hash].js' },
    },
  },
}

const preload: EnvironmentOptions = {
  consumer: 'server',
  resolve: { noExternal: true, external: ['electron'] },
  build: {
    ssr: true,
    outDir: path.join(root, 'out/preload'),
    emptyOutDir: false,
    copyPublicDir: false,
    target: 'chrome120',
    minify: false,
    sourcemap: true,
    rolldownOptions: {
      input: present({ preload: 'main/preload/preload.ts' }),
      // A sandboxed preload is one CommonJS file that may require `electron` and nothing of ours.
      output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
    },
  },
}

/**
 * Removes what an earlier build left, after the new files are written: emptying the folder first would pull it from under
 * a lab that is running from it.
 */
function removeStale(): Plugin {
  return {
    name: 'remove-stale',
    writeBundle({ dir }, bundle) {
      const kept = new Set(Object.keys(bundle))
      for (const entry of readdirSync(dir!, { withFileTypes: true, recursive: true })) {
        const name = path.relative(dir!, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/')
        if (entry.isFile() && !kept.has(name)) rmSync(path.join(dir!, name))
      }
    },
  }
}

/** What the command line draws PNG pictures with, beside the programs: a drawing library in WebAssembly, and the font of the window. */
const drawingFiles = {
  'resvg.wasm': '@resvg/resvg-wasm/index_bg.wasm',
  'regular.woff2': 'pretendard/dist/web/static/woff2/Pretendard-Regular.woff2',
  'semibold.woff2': 'pretendard/dist/web/static/woff2/Pretendard-SemiBold.woff2',
}

function addDrawingFiles(): Plugin {
  return {
    name: 'add-drawing-files',
    applyToEnvironment: ({ name }) => name === 'main',
    generateBundle() {
      for (const [fileName, source] of Object.entries(drawingFiles)) this.emitFile({ type: 'asset', fileName, source: readFileSync(path.join(root, 'node_modules', source)) })
    },
  }
}

const environments: Record<string, EnvironmentOptions> = { main, preload, client: renderer }

/** `vite build --app` builds every environment whose first file exists; `vite` alone serves the window while it is worked on. */
export default defineConfig({
  root: path.join(root, 'renderer'),
  base: './',
  cacheDir: path.join(root, 'node_modules/.vite'),
  publicDir: false,
  plugins: [vue(), addDrawingFiles(), removeStale()],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  environments,
  builder: {
    async buildApp(builder) {
      for (const name of Object.keys(environments)) {
        const input = environments[name].build?.rolldownOptions?.input as Record<string, string>
        if (Object.keys(input).length > 0) await builder.build(builder.environments[name])
      }
    },
  },
})
