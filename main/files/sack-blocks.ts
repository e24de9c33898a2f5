import type { PacketView } from '../../src/filter/packet-view.ts'
import type { SackReader } from '../../src/trace/series.ts'
import { Layer } from '../../src/wire/packet.ts'
import { scanTcpOptions, TcpOptionFields } from '../../src/wire/tcp-options.ts'
import { tcpHeaderBytes } from '../../src/wire/tcp.ts'

/** SACK blocks of a stream, kept while its frames pass by: afterwards the frames may be gone. Only packets that have any take room. */
export class SackBlocks {
  private readonly options = new TcpOptionFields()
  private readonly kept = new Map<number, Uint32Array>()

  take(view: PacketView): void {
    const frame = view.levels.at(0)
    if (frame === undefined || (frame.packet.layers & Layer.tcp) === 0) return
    const { packet, bytes } = frame
    const at = packet.transportOffset + tcpHeaderBytes
    scanTcpOptions(bytes, at, Math.min(packet.tcp.optionsLength, bytes.length - at), this.options)
    if (this.options.sackCount > 0) this.kept.set(view.index + 1, this.options.sackEdges.slice(0, 2 * this.options.sackCount))
  }

  readonly read: SackReader = (packet, edges) => {
    const found = this.kept.get(packet)
    if (found === undefined) return 0
    edges.set(found)
    return found.length / 2
  }
}
