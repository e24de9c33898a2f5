import { writeSync } from 'node:fs'

const flushBytes = 64 * 1024
/** Text that may wait for a slow reader before whoever makes it pauses. */
const fullBytes = 4 * 1024 * 1024

/** Lines for standard output or error, written in large pieces. */
export class Output {
  /** Called when there is room again after {@link isFull}. */
  onRoom: () => void = () => {}
  /** Nobody reads any more. */
  isBroken = false
  private readonly stream: NodeJS.WriteStream
  private parts: string[] = []
  private bytes = 0
  private waiting = 0

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream
    stream.on('error', () => { this.isBroken = true })
  }

  line(text: string): void {
    this.parts.push(text)
    this.bytes += text.length + 1
    if (this.bytes >= flushBytes) this.flush()
  }

  /** Bytes as they are, behind all lines so far; kept when they are written. */
  async raw(bytes: Uint8Array): Promise<void> {
    this.flush()
    if (!this.isBroken) await new Promise<void>((resolve) => { this.stream.write(bytes, () => resolve()) })
  }

  /** Waits while a slow reader has enough. */
  async room(): Promise<void> {
    if (this.isFull && !this.isBroken) await new Promise<void>((resolve) => { this.onRoom = resolve })
  }

  get isFull(): boolean {
    return this.waiting > fullBytes
  }

  flush(): void {
    if (this.parts.length === 0) return
    const text = `${this.parts.join('\n')}\n`
    this.parts = []
    this.bytes = 0
    if (this.isBroken) return
    this.waiting += text.length
    this.stream.write(text, () => {
      const wasFull = this.isFull
      this.waiting -= text.length
      if (wasFull && !this.isFull) this.onRoom()
    })
  }

  /** Everything is written when the promise is kept. */
  async end(): Promise<void> {
    this.flush()
    if (this.isBroken) return
    await new Promise<void>((resolve) => {
      this.stream.write('', () => resolve())
      this.stream.once('error', () => resolve())
    })
  }
}

/** For the last words of a program that ends at once. */
export function writeNow(descriptor: 1 | 2, text: string): void {
  try { writeSync(descriptor, text) } catch { /* nobody reads */ }
}
