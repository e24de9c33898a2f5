const bytesKept = 8 * 1024 * 1024
const payloadsKept = 32_768

/**
 * The payload of a packet as far as it was captured; nothing where it is not there (any more). It stays as it is.
 * @param packet its number
 */
export type PayloadReader = (packet: number) => Uint8Array

/** The payloads that were read last: what is sent again is compared with what was sent before, over and over. */
export class PayloadCache {
  /** Insertion order is order of use. */
  private readonly payloads = new Map<number, Uint8Array>()
  private bytes = 0

  constructor(private readonly source: PayloadReader) {}

  readonly read = (packet: number): Uint8Array => {
    const { payloads } = this
    let payload = payloads.get(packet)
    if (payload === undefined) {
      payload = this.source(packet)
      this.bytes += payload.buffer.byteLength
    } else {
      payloads.delete(packet)
    }
    payloads.set(packet, payload)
    if (payloads.size > payloadsKept || this.bytes > bytesKept) this.dropOldest()
    return payload
  }

  private dropOldest(): void {
    for (const [packet, payload] of this.payloads) {
      if (this.payloads.size <= 1 || (this.payloads.size <= payloadsKept && this.bytes <= bytesKept)) return
      this.payloads.delete(packet)
      this.bytes -= payload.buffer.byteLength
    }
  }
}
