import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './root.mjs'
import { run } from './run.mjs'
import { words } from './words.mjs'

/**
 * Runs `npm ci` when what is installed is not what the lock file says.
 * @param {(line: string) => void} say
 * @throws when npm fails
 */
export async function ensureNpmPackages(say) {
  if (isInstalled()) return
  say(words('installingNpm'))
  const cli = process.env.npm_execpath
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const options = { timeoutMs: 900_000, env: nodeHeaders() }
  // Without npm's own path there is only the shell script `npm`, which Windows starts through a shell.
  const { ok, output } = cli?.endsWith('.js')
    ? await run(process.execPath, [cli, ...args], options)
    : await run('npm', args, { ...options, shell: process.platform === 'win32' })
  if (!ok) throw new Error(words('npmFailed', { output: complaint(output) }))
}

/** Where packages with native code find Node's headers, so that they need not be downloaded; nothing where they are not installed. */
function nodeHeaders() {
  const prefix = path.resolve(path.dirname(process.execPath), '..')
  return existsSync(path.join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {}
}

/** npm's own words, without the manual page that it puts behind them. */
function complaint(output) {
  const lines = output.split('\n').map((line) => line.replace(/^npm error ?/, '').trimEnd()).filter((line) => line !== '' && !line.startsWith('npm '))
  const manual = lines.findIndex((line) => line.startsWith('Usage:'))
  return (manual > 0 ? lines.slice(0, manual) : lines).slice(0, 15).join('\n')
}

/** Compares the lock file with npm's own note of what lies in `node_modules`; optional packages may be absent. */
function isInstalled() {
  const notePath = path.join(root, 'node_modules/.package-lock.json')
  if (!existsSync(notePath)) return false
  try {
    const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages
    const installed = JSON.parse(readFileSync(notePath, 'utf8')).packages
    return Object.entries(wanted).every(([name, entry]) => name === '' || (installed[name]?.version ?? (entry.optional || entry.devOptional || entry.peer ? entry.version : undefined)) === entry.version)
  } catch {
    return false
  }
}
