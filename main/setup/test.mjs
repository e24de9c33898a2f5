// npm test: sets up, then runs every check. `npm test -- lint unit` runs only those.
import './node-version.mjs'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { build } from './build.mjs'
import { findChromium } from './chromium.mjs'
import { root } from './root.mjs'
import { run } from './run.mjs'
import { setUp } from './set-up.mjs'

const minute = 60_000
const modules = path.join(root, 'node_modules')

/**
 * In this order: what is quick and says most comes first, and the window tests run what the build made.
 * The limits end what hangs; a busy machine takes several times as long as a quiet one.
 */
const steps = [
  { name: 'lint', work: () => program(path.join(modules, 'eslint/bin/eslint.js'), ['.', '--max-warnings', '0'], 6 * minute) },
  { name: 'types', work: () => program(path.join(root, 'main/setup/types.mjs'), [], 6 * minute) },
  { name: 'unit', work: () => tests('unit', 10 * minute) },
  { name: 'build', work: () => build(true) },
  { name: 'interop', work: () => process.platform === 'linux' ? tests('interop', 20 * minute) : skipped('network namespaces and the kernel at the far end are Linux\'s') },
  { name: 'window', work: () => findChromium() === null ? skipped('no Chromium, Chrome or Edge was found; CHROMIUM may name one') : tests('window', 15 * minute) },
  {
    name: 'package',
    work: () => process.platform === 'linux'
      ? program(path.join(root, 'main/setup/package-check.mjs'), [], 6 * minute)
      : skipped('the stand-in for Electron is laid out as on Linux; the release workflow packages for this system'),
  },
]

const total = { passed: 0, failed: 0, skipped: 0 }
const lines = []
const reasons = []

await main()

async function main() {
  const only = process.argv.slice(2)
  const unknown = only.find((name) => !steps.some((step) => step.name === name))
  if (unknown !== undefined) {
    console.error(`There is no step ${unknown}. Steps: ${steps.map(({ name }) => name).join(' ')}`)
    process.exit(2)
  }
  try {
    await prepare()
  } catch (error) {
    console.error(error.message)
    record('set-up', { ok: false }, 0)
    finish()
  }
  for (const step of steps) {
    if (only.length > 0 && !only.includes(step.name)) continue
    console.log(`\n== ${step.name}`)
    const startedAt = performance.now()
    const result = await step.work().catch((error) => ({ ok: false, error }))
    record(step.name, result, (performance.now() - startedAt) / 1000)
  }
  finish()
}

async function prepare() {
  const { missing, nativeReason } = await setUp({ say: (line) => console.log(line), forTests: true })
  if (missing.length > 0) reasons.push(`what needs these system packages: ${missing.join(' ')} (not installed)`)
  if (nativeReason !== null) reasons.push(`what needs the native capture binding (${nativeReason})`)
}

/** A step that is one program: passed or failed. */
async function program(file, args, timeoutMs) {
  return run(process.execPath, [file, ...args], { show: true, timeoutMs })
}

/** A vitest project: each test counts. */
async function tests(project, timeoutMs) {
  const folder = path.join(root, 'test', project)
  if (!existsSync(folder) || !readdirSync(folder, { recursive: true }).some((name) => String(name).endsWith('.test.ts'))) return skipped(`test/${project} has no tests`)
  const reportPath = path.join(os.tmpdir(), `tcplab-test-${process.pid}-${project}.json`)
  const args = ['run', '--project', project, '--reporter', 'default', '--reporter', path.join(root, 'main/setup/test-reporter.mjs')]
  const result = await run(process.execPath, [path.join(modules, 'vitest/vitest.mjs'), ...args], { show: true, timeoutMs, env: { TCPLAB_TEST_REPORT: reportPath, ...pythonWithScapy() } })
  const report = existsSync(reportPath) ? JSON.parse(readFileSync(reportPath, 'utf8')) : null
  rmSync(reportPath, { force: true })
  return { ...result, report }
}

/** Debian's packages belong to Debian's Python, which need not be the first on the path. */
function pythonWithScapy() {
  return process.env.TCPLAB_PYTHON === undefined && existsSync('/usr/lib/python3/dist-packages/scapy') ? { TCPLAB_PYTHON: '/usr/bin/python3' } : {}
}

async function skipped(reason) {
  return { skipped: reason }
}

function record(name, result, seconds) {
  const took = `${seconds.toFixed(1)} s`
  if (result.skipped !== undefined) {
    total.skipped++
    reasons.push(`${name}: ${result.skipped}`)
    lines.push([name, 'skipped', took, result.skipped])
    return
  }
  if (result.error !== undefined) console.error(result.error)
  if (result.timedOut) console.error(`${name} was stopped after ${took}`)
  const counts = result.report === undefined ? { passed: result.ok ? 1 : 0, failed: result.ok ? 0 : 1, skipped: 0 } : countTests(name, result)
  for (const key of Object.keys(total)) total[key] += counts[key]
  lines.push([name, counts.failed > 0 ? 'FAILED' : 'passed', took, result.report ? `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped` : ''])
}

function countTests(name, { ok, report }) {
  if (report === null) return { passed: 0, failed: 1, skipped: 0 }
  const unexplained = report.skipped.filter(({ reason }) => reason === null)
  for (const test of unexplained) console.error(`${test.name} was skipped without a reason: call skip('the reason'), or end its name in the reason: '… (needs tshark)'`)
  for (const test of report.skipped) if (test.reason !== null) reasons.push(`${name}: ${test.name}: ${test.reason}`)
  const failed = report.failed + report.broken.length + unexplained.length
  // A run can fail with every test passed, for instance when nothing matched or a worker died.
  return { passed: report.passed, failed: failed === 0 && !ok ? 1 : failed, skipped: report.skipped.length - unexplained.length }
}

function finish() {
  console.log('')
  for (const [name, outcome, took, detail] of lines) console.log(`${name.padEnd(9)} ${outcome.padEnd(8)} ${took.padStart(8)}  ${detail}`)
  if (reasons.length > 0) console.log(`\nNot run here:\n${reasons.map((reason) => `  ${reason}`).join('\n')}`)
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  process.exit(total.failed > 0 ? 1 : 0)
}
