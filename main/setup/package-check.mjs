// npm run package:check: assembles the package as electron-builder would, offline, and looks at everything in it.
import './node-version.mjs'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { ensureBuilt } from './build.mjs'
import { root } from './root.mjs'
import { lastLines, run } from './run.mjs'
import { setUp } from './set-up.mjs'

const say = (line) => console.log(line)
const binding = 'main/link/native/build/Release/tcplab_pcap.node'
/** Order of the fuse wire; what each has to be comes from electron-builder.yml. */
const fuseNames = ['runAsNode', 'enableCookieEncryption', 'enableNodeOptionsEnvironmentVariable', 'enableNodeCliInspectArguments',
  'enableEmbeddedAsarIntegrityValidation', 'onlyLoadAppFromAsar', 'loadBrowserProcessSpecificV8Snapshot', 'grantFileProtocolExtraPrivileges']
const problems = []

if (process.platform !== 'linux') {
  say('package check: not run here, because its stand-in for Electron is laid out as on Linux; the release workflow packages for this system')
  process.exit(0)
}
const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-package-'))
try {
  const { nativeReason } = await setUp({ say })
  await ensureBuilt(say)
  await layOutStandIn()
  await assemble()
  const asar = await import('@electron/asar')
  checkArchive(asar)
  checkResources(nativeReason)
  await checkFuses()
  await checkPrograms(asar, nativeReason)
} catch (error) {
  problems.push(error.message)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
for (const problem of problems) console.error(`package check: ${problem}`)
if (problems.length === 0) say('package check: complete, nothing missing and nothing extra')
process.exit(problems.length > 0 ? 1 : 0)

/** What electron-builder expects of Electron's own distribution, with more languages than the package may keep. */
async function layOutStandIn() {
  const dist = path.join(folder, 'electron')
  mkdirSync(path.join(dist, 'locales'), { recursive: true })
  mkdirSync(path.join(dist, 'resources'))
  const compiler = process.env.CC ?? 'cc'
  const { ok, output } = await run(compiler, ['-O0', '-o', path.join(dist, 'electron'), path.join(root, 'packaging/stand-in-runtime.c')])
  if (!ok) throw new Error(`the stand-in for Electron could not be compiled: ${lastLines(output, 5)}`)
  for (const language of ['de', 'en-US', 'ko', 'zh-CN']) writeFileSync(path.join(dist, `locales/${language}.pak`), language)
  for (const name of ['LICENSE', 'LICENSES.chromium.html', 'version', 'chrome-sandbox']) writeFileSync(path.join(dist, name), electronVersion())
  chmodSync(path.join(dist, 'chrome-sandbox'), 0o755)
}

async function assemble() {
  const args = ['--dir', '--linux', '--publish', 'never', `-c.electronDist=${path.join(folder, 'electron')}`, `-c.electronVersion=${electronVersion()}`, `-c.directories.output=${path.join(folder, 'release')}`]
  const cli = path.join(root, 'node_modules/electron-builder/cli.js')
  const { ok, output } = await run(process.execPath, [cli, ...args], { timeoutMs: 150_000, env: { NO_UPDATE_NOTIFIER: '1', ELECTRON_SKIP_BINARY_DOWNLOAD: '1' } })
  if (!ok) throw new Error(`electron-builder failed:\n${lastLines(output, 25)}`)
}

function checkArchive(asar) {
  const packed = asar.listPackage(archive()).map((name) => name.slice(1)).filter((name) => !('files' in asar.statFile(archive(), name)))
  const wanted = [...['main', 'preload', 'renderer'].flatMap((part) => filesBelow(`out/${part}`)).filter((name) => !name.endsWith('.map')), 'package.json']
  for (const name of wanted) if (!packed.includes(name)) problems.push(`${name} is missing in app.asar`)
  const isExpected = (name) => wanted.includes(name) || name === binding || name.startsWith('main/link/native/prebuilds/') || name.startsWith('node_modules/node-gyp-build/')
  for (const name of packed) if (!isExpected(name)) problems.push(`${name} does not belong into app.asar`)
  const { main } = JSON.parse(asar.extractFile(archive(), 'package.json').toString())
  if (!packed.includes(main)) problems.push(`package.json names ${main} as its main program, which is not in app.asar`)
  for (const program of ['electron.js', 'tcplab.js', 'worker.js', 'helper.js']) if (!packed.includes(`out/main/${program}`)) problems.push(`out/main/${program} was not built`)
  say(`app.asar: ${packed.length} files, ${(statSync(archive()).size / 1e6).toFixed(1)} MB`)
}

function checkResources(nativeReason) {
  const unpacked = filesIn(path.join(unpackedHome(), 'resources/app.asar.unpacked'))
  if (nativeReason === null && !unpacked.includes(binding)) problems.push(`${binding} does not lie beside app.asar`)
  for (const name of unpacked) if (!name.endsWith('.node')) problems.push(`${name} lies beside app.asar and need not`)
  const languages = readdirSync(path.join(unpackedHome(), 'locales')).sort().join(' ')
  if (languages !== 'en-US.pak ko.pak') problems.push(`the package carries the languages ${languages}`)
  if (!existsSync(path.join(unpackedHome(), 'tcplab'))) problems.push('the program is not called tcplab')
}

/** The packaged program itself says how its fuses are set. */
async function checkFuses() {
  const { output } = await run(path.join(unpackedHome(), 'tcplab'), [])
  const wanted = fuseNames.map((name) => new RegExp(`^  ${name}: (true|false)$`, 'm').exec(readFileSync(path.join(root, 'electron-builder.yml'), 'utf8'))?.[1])
  fuseNames.forEach((name, i) => {
    const is = { 0: 'false', 1: 'true' }[output.trim()[i]]
    if (wanted[i] === undefined) problems.push(`electron-builder.yml does not set the fuse ${name}`)
    else if (is !== wanted[i]) problems.push(`the fuse ${name} is ${is} and should be ${wanted[i]}`)
  })
}

/** Far from the checkout and its packages, the packed programs find everything they import. */
async function checkPrograms(asar, nativeReason) {
  const home = path.join(folder, 'elsewhere')
  // Without Electron's file system, which reads archives, the archive is a folder of the same name.
  asar.extractAll(archive(), path.join(home, 'app.asar'))
  if (existsSync(`${archive()}.unpacked`)) await run('cp', ['-r', `${archive()}.unpacked`, path.join(home, 'app.asar.unpacked')])
  const start = (program, ...args) => run(process.execPath, [path.join(home, 'app.asar/out/main', program), ...args], { timeoutMs: 30_000 })
  const helper = await start('helper.js')
  if (helper.status !== 2 || !helper.output.includes('--socket')) problems.push(`the packed helper does not start:\n${lastLines(helper.output, 6)}`)
  if (!existsSync(path.join(root, 'out/main/tcplab.js'))) return
  const help = await start('tcplab.js', '--help')
  if (!help.ok) problems.push(`the packed command line does not start:\n${lastLines(help.output, 6)}`)
  if (nativeReason !== null) { say(`not checked: whether the packed binding loads (${nativeReason})`); return }
  const interfaces = await start('tcplab.js', 'interfaces', '--json')
  if (!interfaces.ok || !interfaces.output.includes('"lo"')) problems.push(`the packed binding does not load:\n${lastLines(interfaces.output, 6)}`)
}

function electronVersion() {
  return JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).devDependencies.electron
}

function unpackedHome() {
  return path.join(folder, 'release', process.arch === 'x64' ? 'linux-unpacked' : `linux-${process.arch}-unpacked`)
}

function archive() {
  return path.join(unpackedHome(), 'resources/app.asar')
}

function filesBelow(name) {
  return filesIn(path.join(root, name)).map((file) => `${name}/${file}`)
}

function filesIn(from) {
  if (!existsSync(from)) return []
  return readdirSync(from, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map((entry) => path.relative(from, path.join(entry.parentPath, entry.name)))
}
