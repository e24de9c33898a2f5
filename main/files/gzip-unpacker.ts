import { once } from 'node:events'
import { createGunzip } from 'node:zlib'
import { UnpackError } from './unpacker.ts'
import type { ByteTaker, Unpacker } from './unpacker.ts'

/** gzip (RFC 1952), several members one behind the other too. A piece comes out at most a thousandfold: no more is held. */
export class GzipUnpacker implements Unpacker {
  readonly hasMore = false
  private readonly stream = createGunzip({ chunkSize: 256 * 1024 })
  private into: ByteTaker | null = null
  private error: NodeJS.ErrnoException | null = null

  constructor() {
    // What comes out of a piece is handed on before the piece is said to be taken, so what stands before damage is never lost.
    this.stream.on('data', (chunk: Uint8Array) => this.into?.feed(chunk))
    this.stream.on('error', (error) => { this.error = error })
  }

  async unpack(piece: Uint8Array, into: ByteTaker): Promise<void> {
    this.into = into
    await new Promise<void>((resolve) => {
      this.stream.once('error', () => resolve())
      this.stream.write(Uint8Array.from(piece), () => resolve())
    })
    this.stream.removeAllListeners('error').on('error', (error) => { this.error = error })
    this.check()
  }

  async finish(): Promise<void> {
    this.stream.end()
    if (this.error === null && !this.stream.readableEnded) await Promise.race([once(this.stream, 'end'), once(this.stream, 'close')]).catch(() => {})
    this.check()
  }

  private check(): void {
    if (this.error !== null) throw new UnpackError(this.error.code === 'Z_BUF_ERROR' ? 'cutCompression' : 'badCompression')
  }
}
