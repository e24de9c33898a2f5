import { fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import net from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as Electron from 'electron'
import { _electron, chromium } from 'playwright-core'
import type { Page } from 'playwright-core'
import { installedElectron } from '../../main/setup/electron-binary.mjs'
import { buildDouble } from './double/build-double.ts'

/** A started application, the same for the double and for a real Electron. */
export interface ElectronRun {
  readonly page: Page
  readonly process: ChildProcess
  /** Runs a function in the main process; it sees the module `electron` and its argument, and nothing around it. */
  evaluate<Argument, Result>(work: (electron: typeof Electron, argument: Argument) => Result | Promise<Result>, argument?: Argument): Promise<Result>
  /** Asks the application to quit. @returns its exit code */
  quit(): Promise<number | null>
  /** All that it printed. */
  output(): string
}

export interface LaunchOptions {
  /** Folder for the application's own data; a second start with the same folder is a second instance. */
  readonly userData: string
  readonly args?: readonly string[]
  readonly locale?: string
}

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const program = path.join(root, 'out/main/electron.js')
export const isReal = process.env.TCPLAB_REAL_ELECTRON === '1'

let register: Promise<string> | null = null

export function launch(options: LaunchOptions): Promise<ElectronRun> {
  return isReal ? launchReal(options) : launchDouble(options)
}

/** Starts it a second time, which must hand its arguments to the first and end. @returns its exit code */
export async function launchSecond(options: LaunchOptions): Promise<number | null> {
  const args = [...options.args ?? []]
  const child = isReal
    ? spawn(installedElectron()!, [root, `--user-data-dir=${options.userData}`, ...args], { env: environment(options), stdio: 'ignore' })
    : fork(program, args, { execArgv: ['--import', await doubleProgram()], env: environment(options), stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  return exitOf(child)
}

async function launchDouble(options: LaunchOptions): Promise<ElectronRun> {
  const port = await freePort()
  const env = { ...environment(options), ELECTRON_DOUBLE_CDP_PORT: String(port) }
  const child = fork(program, [...options.args ?? []], { execArgv: ['--import', await doubleProgram()], env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const output = outputOf(child)
  const exit = exitOf(child)
  const browser = await retry(() => chromium.connectOverCDP(`http://127.0.0.1:${port}`), () => child.exitCode !== null, output)
  const page = await retry(async () => {
    const found = browser.contexts().flatMap((context) => context.pages()).find((candidate) => candidate.url().includes('electron-double'))
    if (found === undefined) throw new Error('no window')
    return found
  }, () => child.exitCode !== null, output)
  let lastRequest = 0
  const evaluate = (work: unknown, argument: unknown) => new Promise<unknown>((resolve, reject) => {
    const id = ++lastRequest
    const take = (message: { id: number, value: unknown, error?: string }) => {
      if (message.id !== id) return
      child.off('message', take as never)
      if (message.error === undefined) resolve(message.value)
      else reject(new Error(message.error))
    }
    child.on('message', take as never)
    child.send({ id, source: String(work), argument })
  })
  const quit = async () => {
    child.send({ id: 0, source: '(electron) => { electron.app.quit() }', argument: null })
    const code = await exit
    await browser.close().catch(() => {})
    return code
  }
  return { page, process: child, evaluate: evaluate as ElectronRun['evaluate'], quit, output }
}

async function launchReal(options: LaunchOptions): Promise<ElectronRun> {
  const app = await _electron.launch({ executablePath: installedElectron()!, args: [root, `--user-data-dir=${options.userData}`, ...options.args ?? []], env: environment(options) as Record<string, string> })
  const child = app.process()
  const output = outputOf(child)
  const exit = exitOf(child)
  const page = await app.firstWindow()
  const quit = async () => {
    await app.evaluate(({ app: application }) => application.quit())
    return exit
  }
  return { page, process: child, evaluate: app.evaluate.bind(app) as unknown as ElectronRun['evaluate'], quit, output }
}

function environment({ userData, locale = 'en-US' }: LaunchOptions): NodeJS.ProcessEnv {
  // Recordings go below the test's own folder.
  return { ...process.env, ELECTRON_DOUBLE_USER_DATA: userData, ELECTRON_DOUBLE_LOCALE: locale, LANGUAGE: locale, XDG_DATA_HOME: path.join(userData, 'data'), LOCALAPPDATA: path.join(userData, 'data') }
}

function doubleProgram(): Promise<string> {
  register ??= buildDouble()
  return register
}

function outputOf(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Uint8Array) => { text += Buffer.from(chunk).toString() })
  return () => text
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => { child.once('exit', (code) => resolve(code)) })
}

async function retry<Result>(attempt: () => Promise<Result>, isOver: () => boolean, output: () => string): Promise<Result> {
  const end = performance.now() + 20_000
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (isOver() || performance.now() > end) throw new Error(`the application did not come up: ${error instanceof Error ? error.message : String(error)}\n${output()}`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
}
