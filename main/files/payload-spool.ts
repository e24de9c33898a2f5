import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fault, FaultError } from '../../src/base/fault.ts'
import { PageCache } from '../lab/page-cache.ts'

const bufferBytes = 1024 * 1024

/** Payloads of chosen packets, kept in a file without a name: a capture from a pipe, or a packed one, cannot be read twice. */
export class PayloadSpool {
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-stream-'))
  private readonly descriptor = openSync(path.join(this.folder, 'payloads'), 'w+', 0o600)
  private readonly cache = new PageCache()
  private readonly buffer = new Uint8Array(bufferBytes)
  private buffered = 0
  private written = 0
  private readonly places = new Map<number, { offset: number, length: number }>()

  constructor() {
    if (process.platform !== 'win32') rmSync(this.folder, { recursive: true, force: true })
  }

  /** @throws FaultError diskFull, fileNotWritable */
  add(packet: number, payload: Uint8Array): void {
    if (payload.length === 0) return
    this.places.set(packet, { offset: this.written + this.buffered, length: payload.length })
    for (let done = 0; done < payload.length;) {
      const count = Math.min(payload.length - done, bufferBytes - this.buffered)
      this.buffer.set(payload.subarray(done, done + count), this.buffered)
      this.buffered += count
      done += count
      if (this.buffered === bufferBytes) this.flush()
    }
  }

  /** As `PayloadReader`. */
  readonly read = (packet: number): Uint8Array => {
    const place = this.places.get(packet)
    if (place === undefined) return new Uint8Array(0)
    this.flush()
    return this.cache.read(this.descriptor, place.offset, place.length, this.written) ?? new Uint8Array(0)
  }

  close(): void {
    closeSync(this.descriptor)
    rmSync(this.folder, { recursive: true, force: true })
  }

  private flush(): void {
    try {
      for (let done = 0; done < this.buffered;) done += writeSync(this.descriptor, this.buffer, done, this.buffered - done, this.written + done)
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error)
      throw new FaultError(fault(reason === 'ENOSPC' || reason === 'EDQUOT' ? 'diskFull' : 'fileNotWritable', { path: os.tmpdir(), reason, lost: 0 }), { cause: error })
    }
    this.written += this.buffered
    this.buffered = 0
  }
}
