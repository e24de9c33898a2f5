#!/usr/bin/env node
// The command line from a checkout: sets up and builds when something is missing or stale, then becomes the built program.
import './node-version.mjs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { isBuilt } from './build.mjs'
import { root } from './root.mjs'

const program = path.join(root, 'out/main/tcplab.js')

if (!isBuilt()) {
  // Standard output belongs to the command that was asked for.
  const say = (line) => console.error(line)
  try {
    const { setUp } = await import('./set-up.mjs')
    const { ensureBuilt } = await import('./build.mjs')
    await setUp({ say })
    await ensureBuilt(say)
  } catch (error) {
    console.error(error.message)
    process.exit(1)
  }
}
process.argv[1] = program
await import(pathToFileURL(program).href)
