import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import readline from 'node:readline'
import { fault, FaultError } from '../../src/base/fault.ts'
import type { RemoteCall } from '../../src/script/remote-call.ts'

export interface PeerAnswer { readonly result: number, readonly errno: string | null, readonly value: number | null }

/** A call, the line of the script that it stands in, and what that expects of it. */
export interface PeerRequest { readonly call: RemoteCall, readonly line: string, readonly expected: PeerAnswer }

/** Who performs the system calls at the far end. */
export interface Peer {
  /** Kept when calls can be asked for. @throws FaultError `peerProgramFailed` */
  ready(): Promise<void>
  ask(request: PeerRequest, answered: (answer: PeerAnswer) => void): void
  /** Why nothing can be asked any more, or null. */
  readonly failure: FaultError | null
  close(): Promise<void>
}

/** How long a program may take to begin, over a network and with a password to type. */
const beginsWithinMs = 60_000
/** How long a program gets to end by itself when its input is over. */
const farewellMs = 1000

/** A program of the user's that performs calls: a JSON object a line in, an answer a line out (`docs/live-scripts.md`). */
export class PeerProgram implements Peer {
  failure: FaultError | null = null
  private readonly child: ChildProcess
  private readonly waiting = new Map<number, (answer: PeerAnswer) => void>()
  private readonly ended: Promise<void>
  private nextId = 1
  private onFailure: (reason: FaultError) => void = () => {}
  private isClosing = false

  /** @param command for the shell @param notify an answer came, or none will any more */
  constructor(private readonly command: string, private readonly notify: () => void) {
    this.child = spawn(command, { shell: true, stdio: ['pipe', 'pipe', 'inherit'] })
    readline.createInterface({ input: this.child.stdout! }).on('line', (line) => this.take(line))
    this.child.stdin!.on('error', () => {})
    this.ended = new Promise((resolve) => {
      const over = (reason: string): void => {
        if (!this.isClosing) this.fail(reason)
        resolve()
      }
      this.child.once('error', ({ message }) => over(message))
      this.child.once('exit', (code, signal) => over(`exit ${code ?? signal}`))
    })
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.fail(`${beginsWithinMs / 1000} s`), beginsWithinMs)
      this.onFailure = (reason) => {
        clearTimeout(timer)
        reject(reason)
      }
      this.ask({ call: { call: 'hello' }, line: '', expected: { result: 0, errno: null, value: null } }, () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  ask({ call }: PeerRequest, answered: (answer: PeerAnswer) => void): void {
    const id = this.nextId++
    this.waiting.set(id, answered)
    this.child.stdin!.write(`${JSON.stringify({ id, ...call })}\n`)
  }

  async close(): Promise<void> {
    this.isClosing = true
    this.child.stdin!.end()
    const timer = setTimeout(() => this.child.kill(), farewellMs)
    await this.ended
    clearTimeout(timer)
  }

  private take(line: string): void {
    const answer = readAnswer(line)
    const answered = answer === null ? undefined : this.waiting.get(answer.id)
    if (answer === null || answered === undefined) return this.fail(line.slice(0, 80))
    this.waiting.delete(answer.id)
    answered(answer)
    this.notify()
  }

  private fail(reason: string): void {
    this.failure ??= new FaultError(fault('peerProgramFailed', { command: this.command, reason }))
    this.onFailure(this.failure)
    this.notify()
  }
}

function readAnswer(line: string): (PeerAnswer & { readonly id: number }) | null {
  let given: unknown
  try {
    given = JSON.parse(line)
  } catch {
    return null
  }
  if (typeof given !== 'object' || given === null) return null
  const { id, result, errno = null, value = null } = given as Record<string, unknown>
  const isGood = typeof id === 'number' && typeof result === 'number' && (errno === null || typeof errno === 'string') && (value === null || typeof value === 'number')
  return isGood ? { id, result, errno, value } : null
}
