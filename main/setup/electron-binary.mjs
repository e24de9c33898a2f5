import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './root.mjs'
import { run } from './run.mjs'
import { words } from './words.mjs'

const home = path.join(root, 'node_modules/electron')
const answerWithinSeconds = 4

/**
 * Finds Electron's binary, or downloads it where its server answers quickly.
 * @param {(line: string) => void} say
 * @returns {Promise<{ binary: string | null, reason: string }>} why there is none, in words
 */
export async function findElectron(say) {
  if (!existsSync(path.join(home, 'package.json'))) return { binary: null, reason: words('reasonNotInstalled') }
  const present = installedElectron()
  if (present !== null) return { binary: present, reason: '' }
  const obstacle = await download(say)
  const binary = obstacle === null ? installedElectron() : null
  return { binary, reason: words('reasonNoElectron', { reason: obstacle ?? words('reasonDownload') }) }
}

/** Path of the binary where it is already there, or null; never touches the network. */
export function installedElectron() {
  try {
    const name = readFileSync(path.join(home, 'path.txt'), 'utf8')
    const file = path.join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? path.join(home, 'dist'), name)
    return existsSync(file) ? file : null
  } catch {
    return null
  }
}

async function download(say) {
  const { version } = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8'))
  const hasProxy = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].some((name) => process.env[name])
  const mirror = process.env.ELECTRON_MIRROR ?? process.env.npm_config_electron_mirror ?? 'https://github.com/electron/electron/releases/download/'
  if (!hasProxy && !(await answers(mirror))) return words('reasonNotReached', { host: new URL(mirror).host })
  say(words('electronDownloading', { version }))
  const { ok } = await run(process.execPath, [path.join(home, 'install.js')], { timeoutMs: 300_000, env: hasProxy ? { ELECTRON_GET_USE_PROXY: '1' } : {} })
  return ok ? null : words('reasonDownload')
}

/** A server that does not answer now would keep the user waiting for minutes; a proxy's answer cannot be asked for so simply. */
async function answers(url) {
  try {
    const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(answerWithinSeconds * 1000) })
    // A filter in the way answers too: with a refusal, or for the whole host.
    return answer.status !== 403 && answer.status !== 407 && answer.status < 500
  } catch {
    return false
  }
}
