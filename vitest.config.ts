import { defineConfig } from 'vitest/config'

/**
 * Three projects, fastest first: `unit` needs nothing but Node, `interop` a Linux kernel and the native binding, `window` Chromium.
 * Interop files wait more than they work, each in a network of its own: two at a time. Windows are drawn one at a time.
 */
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', setupFiles: 'test/support/random-seed.ts', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'interop', globalSetup: 'test/support/built.ts', include: ['test/interop/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000, maxWorkers: 2 } },
      { test: { name: 'window', globalSetup: 'test/support/built.ts', include: ['test/window/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000, fileParallelism: false } },
    ],
  },
})
