import type { PacketView } from '../../src/filter/packet-view.ts'
import { Layer } from '../../src/wire/packet.ts'
import { scanTcpOptions, TcpOptionFields } from '../../src/wire/tcp-options.ts'
import { tcpHeaderBytes } from '../../src/wire/tcp.ts'

/** Reads SACK blocks off packets. */
export class SackOptions {
  private readonly options = new TcpOptionFields()

  /** @returns left and right edge of each block of the packet, good until the next call; empty where it has none, or its bytes are gone */
  of(view: PacketView): Uint32Array {
    const frame = view.levels.at(0)
    if (frame === undefined || (frame.packet.layers & Layer.tcp) === 0) return none
    const { packet, bytes } = frame
    const at = packet.transportOffset + tcpHeaderBytes
    scanTcpOptions(bytes, at, Math.min(packet.tcp.optionsLength, bytes.length - at), this.options)
    return this.options.sackEdges.subarray(0, 2 * this.options.sackCount)
  }
}

const none = new Uint32Array(0)
