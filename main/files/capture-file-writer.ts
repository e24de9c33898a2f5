import { closeSync, openSync, writeSync } from 'node:fs'
import os from 'node:os'
import { fault, FaultError } from '../../src/base/fault.ts'
import type { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { blockBytesBound, enhancedPacketBytes, writeEnhancedPacket, writeInterfaceDescription, writeSectionHeader } from '../../src/capture-file/pcapng-writer.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'

const bufferBytes = 1024 * 1024

/** Writes frames that a reader hands out to a new pcapng file. @throws FaultError fileNotWritable, diskFull */
export class CaptureFileWriter {
  private readonly path: string
  private readonly file: number
  private buffer = new Uint8Array(bufferBytes)
  private held = 0
  private interfaces = 0

  constructor(path: string, application: string) {
    this.path = path
    this.file = this.attempt(() => openSync(path, 'w', 0o644))
    const words = { hardware: os.arch(), os: `${os.type()} ${os.release()}`, application }
    this.held += writeSectionHeader(this.buffer, 0, words)
  }

  /** @param chosen 0 for each frame of the batch that is left out; null: none is */
  write(batch: FrameBatch, reader: Pick<CaptureReader, 'frameInterfaces' | 'interfaces'>, chosen: Uint8Array | null = null): void {
    for (let i = 0; i < batch.count; i++) {
      if (chosen !== null && chosen[i] === 0) continue
      const index = reader.frameInterfaces[i]
      while (this.interfaces <= index) this.describe(reader, this.interfaces++)
      const length = batch.capturedLength[i]
      this.room(enhancedPacketBytes(length))
      this.held += writeEnhancedPacket(
        this.buffer, this.held, index, batch.timeSec[i], batch.timeNsec[i], batch.direction[i] as 0 | 1 | 2, batch.bytes, batch.offset[i], length, batch.originalLength[i],
      )
    }
  }

  close(): void {
    this.flush()
    closeSync(this.file)
  }

  private describe(reader: Pick<CaptureReader, 'interfaces'>, index: number): void {
    const found = reader.interfaces[index]
    this.room(blockBytesBound(found.name.length + found.description.length + found.filter.length + found.os.length))
    this.held += writeInterfaceDescription(this.buffer, this.held, found)
  }

  private room(bytes: number): void {
    if (this.buffer.length - this.held >= bytes) return
    this.flush()
    if (this.buffer.length < bytes) this.buffer = new Uint8Array(bytes)
  }

  private flush(): void {
    this.attempt(() => { for (let done = 0; done < this.held;) done += writeSync(this.file, this.buffer, done, this.held - done) })
    this.held = 0
  }

  private attempt<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
      const isFull = code === 'ENOSPC' || code === 'EDQUOT'
      throw new FaultError(isFull ? fault('diskFull', { path: this.path, reason: code }) : fault('fileNotWritable', { path: this.path, reason: code, lost: 0 }), { cause: error })
    }
  }
}
