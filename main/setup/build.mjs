import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './root.mjs'
import { lastLines, run } from './run.mjs'
import { words } from './words.mjs'

const sources = ['src', 'main', 'renderer', 'vite.config.ts', 'package.json', 'package-lock.json', 'tsconfig.base.json']
const notSources = new Set(['node_modules', 'build', 'prebuilds', 'setup'])
const stampPath = path.join(root, 'out/built.json')
const lockPath = path.join(root, 'node_modules/.tcplab-build-lock')

/**
 * Builds `out` when the sources are not the ones it was built from.
 * @param {(line: string) => void} say
 * @throws with what the build printed
 */
export async function ensureBuilt(say) {
  if (isBuilt()) return
  await withLock(say, async () => {
    if (isBuilt()) return
    say(words('building'))
    const { ok, output } = await build(false)
    if (!ok) throw new Error(words('buildFailed', { output: lastLines(withoutStack(output), 30) }))
  })
}

/** Where in the builder it failed tells nobody anything. */
function withoutStack(output) {
  return output.split('\n').filter((line) => !/^\s+at /.test(line)).join('\n')
}

/** Builds without asking whether it is needed; the result is that of {@link run}. */
export async function build(show) {
  const digest = sourceDigest()
  rmSync(stampPath, { force: true })
  const result = await run(process.execPath, [path.join(root, 'node_modules/vite/bin/vite.js'), 'build', '--app', '--logLevel', 'warn'], { show, timeoutMs: 300_000, env: { NO_COLOR: '1' } })
  if (result.ok) {
    mkdirSync(path.dirname(stampPath), { recursive: true })
    writeFileSync(stampPath, JSON.stringify({ digest }))
  }
  return result
}

/** Whether `out` was built from the sources as they are now. */
export function isBuilt() {
  try {
    return JSON.parse(readFileSync(stampPath, 'utf8')).digest === sourceDigest()
  } catch {
    return false
  }
}

/** Names, sizes and times of all sources: looking at 400 files takes a few milliseconds, reading them would take more. */
function sourceDigest() {
  const hash = createHash('sha256')
  const visit = (name) => {
    const stat = statSync(path.join(root, name), { throwIfNoEntry: false })
    if (stat === undefined) return
    if (!stat.isDirectory()) hash.update(`${name}\0${stat.size}\0${stat.mtimeMs}\0`)
    else for (const entry of readdirSync(path.join(root, name)).sort()) if (!notSources.has(entry)) visit(`${name}/${entry}`)
  }
  sources.forEach(visit)
  return hash.digest('hex')
}

/** Two programs started at once must not build into the same folder; a lock left by a dead process is taken over. */
async function withLock(say, work) {
  let told = false
  while (!takeLock()) {
    if (isLockStale()) rmSync(lockPath, { recursive: true, force: true })
    else if (!told) say(words('buildWaiting'))
    told = true
    await sleep(200)
  }
  const release = () => rmSync(lockPath, { recursive: true, force: true })
  process.once('exit', release)
  try {
    await work()
  } finally {
    release()
    process.off('exit', release)
  }
}

function takeLock() {
  try {
    mkdirSync(lockPath)
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
  writeFileSync(path.join(lockPath, 'pid'), String(process.pid))
  return true
}

function isLockStale() {
  try {
    process.kill(Number(readFileSync(path.join(lockPath, 'pid'), 'utf8')), 0)
    return false
  } catch (error) {
    if (error.code === 'EPERM') return false
    if (error.code === 'ESRCH') return true
    // No owner in it yet: just being made, or left half-made.
    const madeAt = statSync(lockPath, { throwIfNoEntry: false })?.mtimeMs
    return madeAt !== undefined && Date.now() - madeAt > 5000
  }
}
