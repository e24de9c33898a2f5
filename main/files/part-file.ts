import { closeSync, existsSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { fault, FaultError } from '../../src/base/fault.ts'

const bufferBytes = 1024 * 1024

/**
 * A file that is written under another name first and takes its own at the end, so that the target is whole or untouched.
 * What is no plain file, as a device or a pipe, is written as it is.
 */
export class PartFile {
  readonly path: string
  /** Bytes written so far. */
  bytes = 0
  private readonly written: string
  private file: number
  private readonly buffer = new Uint8Array(bufferBytes)
  private held = 0

  /** @throws FaultError fileExists, fileNotWritable, diskFull */
  constructor(path: string, overwrite: boolean) {
    this.path = path
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory()) throw this.faultOf({ code: 'EISDIR' })
    if (!overwrite && found !== undefined) throw new FaultError(fault('fileExists', { path }))
    this.written = found === undefined || found.isFile() ? `${path}.part` : path
    this.file = this.attempt(() => openSync(this.written, 'w', 0o644))
  }

  write(bytes: Uint8Array): void {
    this.bytes += bytes.length
    if (bytes.length > this.buffer.length - this.held) this.flush()
    if (bytes.length > this.buffer.length) {
      this.put(bytes)
      return
    }
    this.buffer.set(bytes, this.held)
    this.held += bytes.length
  }

  /** The file has its name and all of its bytes afterwards. */
  finish(): void {
    this.flush()
    closeSync(this.file)
    this.file = -1
    if (this.written !== this.path) this.attempt(() => renameSync(this.written, this.path))
  }

  /** Leaves nothing behind. */
  discard(): void {
    if (this.file >= 0) closeSync(this.file)
    this.file = -1
    if (this.written !== this.path && existsSync(this.written)) rmSync(this.written, { force: true })
  }

  private flush(): void {
    this.put(this.buffer.subarray(0, this.held))
    this.held = 0
  }

  private put(bytes: Uint8Array): void {
    this.attempt(() => { for (let done = 0; done < bytes.length;) done += writeSync(this.file, bytes, done) })
  }

  private attempt<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      throw this.faultOf(error)
    }
  }

  private faultOf(error: unknown): FaultError {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    const isFull = code === 'ENOSPC' || code === 'EDQUOT'
    return new FaultError(isFull ? fault('diskFull', { path: this.path, reason: code }) : fault('fileNotWritable', { path: this.path, reason: code, lost: 0 }), { cause: error })
  }
}
