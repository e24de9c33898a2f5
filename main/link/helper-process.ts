import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
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
  /** Its exit code, where it ended with one. */
  readonly status: number | null
  readonly timedOut: boolean

  constructor(message: string, { complaints = '', status = null, timedOut = false }: { complaints?: string, status?: number | null, timedOut?: boolean } = {}) {
    super(message)
    this.name = 'HelperStartError'
    this.complaints = complaints
    this.status = status
    this.timedOut = timedOut
  }
}

/** What starts the helper elsewhere: words in front of its command, such as `['unshare', '-n']`, or what makes another command of it. */
export type HelperWrapper = readonly string[] | ((command: readonly string[], env: Readonly<Record<string, string>>) => string[])

const defaultAnswerWithinMs = 10_000
const keptComplaints = 4000

/**
 * Starts a helper and waits until it calls back. The socket lies in a folder that only this user can enter, and its name is
 * gone as soon as the one call has come in, so that a killed lab leaves nothing behind.
 * @param wrapper may be empty
 * @param args for the helper
 * @throws HelperStartError
 */
export async function startHelper(wrapper: HelperWrapper, args: readonly string[], answerWithinMs = defaultAnswerWithinMs): Promise<StartedHelper> {
  const { address, remove } = makeAddress()
  const server = net.createServer()
  try {
    await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(address, resolve) })
    const child = spawnHelper(wrapper, [...args, '--socket', address])
    const complaints = collect(child)
    try {
      return { socket: await firstCall(server, child, answerWithinMs), process: child, complaints }
    } catch (error) {
      // One that has more rights than the lab cannot be killed by it: it ends by itself when it finds the socket gone.
      child.on('error', () => {}).kill('SIGKILL')
      const { message, status, timedOut } = error as HelperStartError
      throw new HelperStartError(message, { complaints: complaints(), status, timedOut })
    }
  } finally {
    server.close()
    remove()
  }
}

/** Windows has no sockets in folders but pipes with names; nobody guesses this one. */
function makeAddress(): { address: string, remove: () => void } {
  if (process.platform === 'win32') return { address: `\\\\.\\pipe\\tcplab-${randomBytes(16).toString('hex')}`, remove: () => {} }
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-'))
  return { address: path.join(folder, 'link'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function spawnHelper(wrapper: HelperWrapper, args: readonly string[]): ChildProcess {
  const helper = [process.execPath, helperProgram(), ...args]
  // Electron's binary is a Node too when it is told so; options meant for the lab are not meant for its helper.
  const asNode: Record<string, string> = process.versions.electron ? { ELECTRON_RUN_AS_NODE: '1' } : {}
  const [command, ...rest] = typeof wrapper === 'function' ? wrapper(helper, asNode) : [...wrapper, ...helper]
  return spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NODE_OPTIONS: '', ...asNode }, windowsHide: true })
}

/** The built helper: beside this file once built, in `out` from the sources. */
function helperProgram(): string {
  const here = path.dirname(fileURLToPath(import.meta.url))
  const places = [path.join(here, 'helper.js'), path.join(here, '../../out/main/helper.js')]
  const found = places.find((place) => existsSync(place))
  if (found === undefined) throw new HelperStartError('the helper program has not been built')
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

function firstCall(server: net.Server, child: ChildProcess, answerWithinMs: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const late = new HelperStartError(`the helper did not answer within ${answerWithinMs / 1000} s`, { timedOut: true })
    const timer = setTimeout(() => reject(late), answerWithinMs)
    const settle = (act: () => void) => { clearTimeout(timer); act() }
    server.once('connection', (socket) => settle(() => resolve(socket)))
    child.once('error', (error) => settle(() => reject(new HelperStartError(error.message))))
    // Its standard error may still be on its way when the process is gone.
    child.once('close', (status, signal) => settle(() => reject(new HelperStartError(`it ended with ${signal ?? `exit code ${status}`}`, { status }))))
  })
}
