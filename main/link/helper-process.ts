import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export interface StartedHelper {
  readonly socket: net.Socket
  readonly process: ChildProcess
  /** What the helper wrote to its standard error, the last lines of it. */
  readonly complaints: () => string
}

/** The helper could not be started, or ended before it called. */
export class HelperStartError extends Error {
  /** What it wrote to its standard error. */
  readonly complaints: string

  constructor(message: string, complaints: string) {
    super(message)
    this.name = 'HelperStartError'
    this.complaints = complaints
  }
}

const answerWithinMs = 10_000
const keptComplaints = 4000

/**
 * Starts a helper and waits until it calls back. The socket lies in a folder that only this user can enter, and its name is
 * gone as soon as the one call has come in, so that a killed lab leaves nothing behind.
 * @param wrapper the program that starts it elsewhere, such as `['unshare', '-n']`; may be empty
 * @param args for the helper
 * @throws HelperStartError
 */
export async function startHelper(wrapper: readonly string[], args: readonly string[]): Promise<StartedHelper> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-'))
  const address = path.join(folder, 'link')
  const server = net.createServer()
  try {
    await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(address, resolve) })
    const child = spawnHelper(wrapper, [...args, '--socket', address])
    const complaints = collect(child)
    try {
      return { socket: await firstCall(server, child), process: child, complaints }
    } catch (error) {
      child.kill('SIGKILL')
      throw new HelperStartError((error as Error).message, complaints())
    }
  } finally {
    server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function spawnHelper(wrapper: readonly string[], args: readonly string[]): ChildProcess {
  const [command, ...rest] = [...wrapper, process.execPath, helperProgram(), ...args]
  // Electron's binary is a Node too when it is told so; options meant for the lab are not meant for its helper.
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: '', ...(process.versions.electron ? { ELECTRON_RUN_AS_NODE: '1' } : {}) }
  return spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'], env })
}

/** The built helper: beside this file once built, in `out` from the sources. */
function helperProgram(): string {
  const here = path.dirname(fileURLToPath(import.meta.url))
  const places = [path.join(here, 'helper.js'), path.join(here, '../../out/main/helper.js')]
  const found = places.find((place) => existsSync(place))
  if (found === undefined) throw new HelperStartError('the helper program has not been built', '')
  return found
}

function collect(child: ChildProcess): () => string {
  let text = ''
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => { text = (text + chunk).slice(-keptComplaints) })
  // The lab's end must not wait for a helper, nor for its last words.
  child.unref();
  (child.stderr as net.Socket).unref()
  return () => text.trim()
}

function firstCall(server: net.Server, child: ChildProcess): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the helper did not answer within ${answerWithinMs / 1000} s`)), answerWithinMs)
    const settle = (act: () => void) => { clearTimeout(timer); act() }
    server.once('connection', (socket) => settle(() => resolve(socket)))
    child.once('error', (error) => settle(() => reject(error)))
    // Its standard error may still be on its way when the process is gone.
    child.once('close', (status, signal) => settle(() => reject(new Error(`it ended with ${signal ?? `exit code ${status}`}`))))
  })
}
