import { accessSync, constants, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './root.mjs'
import { lastLines, run } from './run.mjs'

const folder = path.join(root, 'main/link/native')
const binary = path.join(folder, 'build/Release/tcplab_pcap.node')
const stamp = path.join(folder, 'build/built-with.json')

/**
 * Builds the capture binding with node-gyp when its sources are newer than the binary.
 * @param {{ say?: (line: string) => void, force?: boolean }} options
 * @returns {Promise<{ ok: boolean, built: boolean, reason: string | null }>} `reason`: one line, what is missing and how to get it
 */
export async function ensureNative({ say = () => {}, force = false } = {}) {
  if (!force && isUpToDate()) return { ok: true, built: false, reason: null }
  const missing = firstMissing()
  if (missing !== null) return hasPrebuilt() ? { ok: true, built: false, reason: null } : { ok: false, built: false, reason: missing }
  say('Building the native capture binding …')
  const { ok, output } = await run(process.execPath, [nodeGyp(), 'rebuild', '-C', folder, '--loglevel=error', ...headersOfThisNode()], { timeoutMs: 300_000 })
  if (!ok || !existsSync(binary)) return { ok: false, built: false, reason: `node-gyp failed: ${reasonIn(output)}` }
  mkdirSync(path.dirname(stamp), { recursive: true })
  writeFileSync(stamp, JSON.stringify(builtWith()))
  return { ok: true, built: true, reason: null }
}

/** Node-API keeps one binary good for every Node; only another platform or processor needs another. */
function builtWith() {
  return { platform: process.platform, arch: process.arch }
}

function isUpToDate() {
  if (!existsSync(binary) || !existsSync(stamp)) return false
  let known
  try { known = readFileSync(stamp, 'utf8') } catch { return false }
  if (known !== JSON.stringify(builtWith())) return false
  const builtAt = statSync(binary).mtimeMs
  const sources = [path.join(folder, 'binding.gyp'), ...readdirSync(path.join(folder, 'src')).map((name) => path.join(folder, 'src', name))]
  return sources.every((source) => statSync(source).mtimeMs <= builtAt)
}

function hasPrebuilt() {
  return existsSync(path.join(folder, 'prebuilds', `${process.platform}-${process.arch}`))
}

function nodeGyp() {
  return createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
}

/** Headers beside the running Node spare a download; without them node-gyp fetches its own. */
function headersOfThisNode() {
  if (process.platform === 'win32') return []
  const prefix = path.resolve(path.dirname(realpathSync(process.execPath)), '..')
  return existsSync(path.join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
}

/** What the build needs and does not find, as one line to act on; null when all is there. */
function firstMissing() {
  try { nodeGyp() } catch { return 'node-gyp is not installed: run npm ci' }
  const checks = { linux: missingOnLinux, darwin: missingOnMac, win32: missingOnWindows }
  return (checks[process.platform] ?? missingOnLinux)()
}

function missingOnLinux() {
  const install = 'on Debian or Ubuntu: apt-get install build-essential python3 libpcap-dev; on Fedora: dnf install gcc make python3 libpcap-devel'
  if (!process.env.CC && !onPath('cc') && !onPath('gcc') && !onPath('clang')) return `there is no C compiler (${install})`
  if (!onPath('make')) return `there is no make (${install})`
  if (!process.env.PYTHON && !onPath('python3') && !onPath('python')) return `there is no Python, which node-gyp needs (${install})`
  const headers = [...(process.env.CPATH ?? '').split(':').filter((entry) => entry !== ''), '/usr/include', '/usr/local/include']
  if (!headers.some((entry) => existsSync(path.join(entry, 'pcap/pcap.h')))) return `the headers of libpcap are missing (${install})`
  return null
}

function missingOnMac() {
  return onPath('cc') && onPath('make') ? null : 'the command line tools are missing (xcode-select --install)'
}

function missingOnWindows() {
  const sdk = process.env.NPCAP_SDK ?? 'C:/npcap-sdk'
  if (existsSync(path.join(sdk, 'Include/pcap.h'))) return null
  return `the Npcap SDK is missing: unpack it from https://npcap.com into ${sdk}, or set NPCAP_SDK to its folder`
}

function onPath(name) {
  return (process.env.PATH ?? '').split(path.delimiter).some((entry) => {
    try {
      accessSync(path.join(entry, name), constants.X_OK)
      return entry !== ''
    } catch {
      return false
    }
  })
}

/** The compiler's or node-gyp's first own line of complaint. */
function reasonIn(output) {
  const lines = output.split('\n').map((line) => line.trim())
  return lines.find((line) => /\berror\b[: ]/i.test(line) && !/^gyp ERR! (System|command|cwd|node|not ok)/.test(line)) ?? lastLines(output, 1)
}

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  const { ok, built, reason } = await ensureNative({ say: console.log, force: process.argv.includes('--force') })
  if (ok) console.log(built ? 'The native capture binding is built.' : 'The native capture binding is up to date.')
  else console.error(`The native capture binding was not built: ${reason}`)
  process.exitCode = ok ? 0 : 1
}
