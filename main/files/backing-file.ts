import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { ByteSource } from './byte-source.ts'
import { openForReading } from './open-file.ts'
import { UnpackError } from './unpacker.ts'

/** A file whose bytes can be read at any place: the capture file itself or, where that is compressed, what has been unpacked of it so far. */
export interface BackingFile {
  readonly descriptor: number
  /** Bytes that are there now. */
  readonly sizeBytes: number
  /** No more will come. */
  readonly isComplete: boolean
  /** Why it ends too early. */
  readonly fault: Fault | null
  /** Called when there is more, or no more will come. */
  onGrown: () => void
  /** Reads no further. */
  stop(): void
  close(): void
}

/** @throws FaultError fileNotFound, fileNotReadable */
export async function openBackingFile(filePath: string): Promise<BackingFile> {
  const source = await ByteSource.open(filePath)
  if (!source.isPlain) return new UnpackedFile(filePath, source)
  source.close()
  return new PlainFile(filePath)
}

/** The file as it is: nothing of it is copied. */
class PlainFile implements BackingFile {
  readonly descriptor: number
  readonly sizeBytes: number
  readonly isComplete = true
  readonly fault = null
  onGrown = (): void => {}

  constructor(filePath: string) {
    this.descriptor = openForReading(filePath)
    this.sizeBytes = fstatSync(this.descriptor).size
  }

  stop(): void {}

  close(): void {
    closeSync(this.descriptor)
  }
}

/**
 * Unpacks into a file of its own that has no name where the system allows that, so that nothing of it is left, however the lab ends.
 * Whoever reads it may begin at once.
 */
class UnpackedFile implements BackingFile {
  descriptor: number
  sizeBytes = 0
  isComplete = false
  fault: Fault | null = null
  onGrown = (): void => {}
  private readonly folder: string
  private isStopped = false
  private isClosed = false

  constructor(private readonly filePath: string, private readonly source: ByteSource) {
    this.folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-unpacked-'))
    this.descriptor = openSync(path.join(this.folder, 'capture'), 'w+', 0o600)
    if (process.platform !== 'win32') rmSync(this.folder, { recursive: true, force: true })
    void this.unpack()
  }

  stop(): void {
    this.isStopped = true
  }

  close(): void {
    this.stop()
    this.isClosed = true
    if (this.isComplete) this.release()
  }

  private async unpack(): Promise<void> {
    const space = new Uint8Array(0)
    const into = { space: () => space, filled: () => {}, feed: (bytes: Uint8Array) => { this.append(bytes) } }
    try {
      while (!this.isStopped && await this.source.feed(into)) {
        this.onGrown()
        await new Promise(setImmediate)
      }
    } catch (error) {
      this.fault = this.faultOf(error)
    }
    this.source.close()
    this.isComplete = true
    if (this.isClosed) this.release()
    this.onGrown()
  }

  private append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) done += writeSync(this.descriptor, bytes, done, bytes.length - done, this.sizeBytes + done)
    this.sizeBytes += bytes.length
  }

  private faultOf(error: unknown): Fault {
    if (error instanceof UnpackError) return fault('fileDamaged', { path: this.filePath, offset: this.source.positionBytes, reason: error.reason })
    if (error instanceof FaultError) return error.fault
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    return reason === 'ENOSPC' || reason === 'EDQUOT' ? fault('diskFull', { path: os.tmpdir(), reason }) : fault('fileNotWritable', { path: os.tmpdir(), reason, lost: 0 })
  }

  private release(): void {
    if (this.descriptor < 0) return
    closeSync(this.descriptor)
    this.descriptor = -1
    rmSync(this.folder, { recursive: true, force: true })
  }
}
