// npm start: sets up what is missing, builds, and opens the lab in Electron or, without it, in the browser.
import './node-version.mjs'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { ensureBuilt } from './build.mjs'
import { findElectron } from './electron-binary.mjs'
import { root } from './root.mjs'
import { setUp } from './set-up.mjs'
import { words } from './words.mjs'

const say = (line) => console.log(line)

try {
  const options = parseOptions(process.argv.slice(2))
  await setUp({ say })
  await ensureBuilt(say)
  const { binary, reason } = await chooseWindow(options)
  if (binary === null) serve(options, reason)
  else openElectron(binary, options)
} catch (error) {
  console.error(error.message)
  process.exit(1)
}

function parseOptions(args) {
  const options = { headless: false, port: null, open: true, files: [] }
  const rest = [...args]
  while (rest.length > 0) {
    const argument = rest.shift()
    const [name, inlineValue] = argument.split('=', 2)
    if (name === '--headless') options.headless = true
    else if (name === '--no-open') options.open = false
    else if (name === '--port') options.port = parsePort(inlineValue ?? rest.shift())
    else if (name === '--help' || name === '-h') endWith(0, words('startUsage'))
    else if (name.startsWith('-')) endWith(2, words('badOption', { option: name, usage: words('startUsage') }))
    else options.files.push(path.resolve(process.env.INIT_CWD ?? process.cwd(), argument))
  }
  return options
}

function parsePort(value) {
  if (!/^\d{1,5}$/.test(value ?? '') || Number(value) > 65535) endWith(2, words('badPort', { value: value ?? '' }))
  return value
}

function endWith(status, text) {
  if (status === 0) console.log(text)
  else console.error(text)
  process.exit(status)
}

/** @returns {Promise<{ binary: string | null, reason: string }>} */
async function chooseWindow({ headless, port }) {
  if (headless || port !== null) return { binary: null, reason: words('reasonAsked') }
  if (!hasScreen()) return { binary: null, reason: words('reasonNoScreen') }
  if (process.platform === 'linux' && process.getuid() === 0) return { binary: null, reason: words('reasonRoot') }
  return findElectron(say)
}

function hasScreen() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}

function openElectron(binary, options) {
  say(words('electronStarting'))
  const startedAt = Date.now()
  const child = spawn(binary, [root, ...options.files], { stdio: 'inherit' })
  child.on('error', (error) => serve(options, words('reasonNotStarted', { reason: error.message })))
  child.on('exit', (status, signal) => {
    // Missing libraries and forbidden sandboxes show at once; a lab that ran and failed is a failure of its own.
    if (status !== 0 && signal !== 'SIGINT' && signal !== 'SIGTERM' && Date.now() - startedAt < 3000) serve(options, words('reasonNotStarted', { reason: signal ?? `exit code ${status}` }))
    else process.exit(status ?? 0)
  })
  passSignals(child)
}

function serve(options, reason) {
  say(words('headlessBecause', { reason }))
  const args = [path.join(root, 'out/main/tcplab.js'), 'serve', ...(options.port === null ? [] : ['--port', options.port])]
  const mayOpen = options.open && hasScreen() && !process.env.CI
  const child = spawn(process.execPath, args, { stdio: ['inherit', mayOpen ? 'pipe' : 'inherit', 'inherit'] })
  if (mayOpen) openFirstUrl(child.stdout)
  child.on('error', (error) => { console.error(error.message); process.exit(1) })
  child.on('exit', (status, signal) => process.exit(status ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)))
  passSignals(child)
}

/** Shows what the server prints, and opens the user's browser on the first address in it. */
function openFirstUrl(output) {
  let text = ''
  let opened = false
  output.on('data', (chunk) => {
    process.stdout.write(chunk)
    if (opened) return
    text += chunk
    const url = /http:\/\/\S+(?=\s)/.exec(text)?.[0]
    if (url === undefined) return
    opened = true
    const [command, ...args] = { darwin: ['open', url], win32: ['cmd', '/c', 'start', '""', url.replaceAll('&', '^&')] }[process.platform] ?? ['xdg-open', url]
    // No browser is no failure: the address is on the screen.
    spawn(command, args, { stdio: 'ignore', detached: true }).on('error', () => {}).unref()
  })
}

/** Ctrl-C in a terminal reaches the child by itself; sent a second time it would mean "at once". */
function passSignals(child) {
  process.on('SIGINT', () => { if (!process.stdin.isTTY) child.kill('SIGINT') })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
}
