import { Direction, FrameBatch } from '../../src/link/frame-batch.ts'
import type { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { newCaptureInterface } from '../../src/capture-file/format.ts'
import { LinkType } from '../../src/wire/packet.ts'
import { CaptureFileWriter } from '../files/capture-file-writer.ts'

const usPerSecond = 1_000_000

/** Writes the packets of scripts to a pcapng file: an interface a script, times from its begin. */
export class ScriptRecorder {
  private readonly writer: CaptureFileWriter
  private readonly interfaces: CaptureReader['interfaces'] = []
  private readonly frameInterfaces: CaptureReader['frameInterfaces'] = new Uint32Array(1)
  private readonly source = { interfaces: this.interfaces, frameInterfaces: this.frameInterfaces }
  private readonly batch = new FrameBatch(1)

  constructor(path: string, application: string) {
    this.writer = new CaptureFileWriter({ path, overwrite: true, application })
  }

  begin(name: string): void {
    this.frameInterfaces[0] = this.interfaces.length
    this.interfaces.push({ ...newCaptureInterface(LinkType.ethernet, 0, 1e9), name })
  }

  take(frame: Uint8Array, direction: 'sent' | 'received', nowUs: number): void {
    const { batch } = this
    batch.clear()
    batch.bytes = frame
    batch.add(0, frame.length, frame.length, Math.floor(nowUs / usPerSecond), (nowUs % usPerSecond) * 1000, direction === 'sent' ? Direction.sent : Direction.received)
    this.writer.write(batch, this.source)
  }

  close(): void {
    this.writer.finish()
  }
}
