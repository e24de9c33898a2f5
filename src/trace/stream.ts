import { TcpFlag } from '../wire/tcp.ts'
import type { Flow } from './flow.ts'
import { PacketMark, PacketRecord } from './packet-store.ts'
import type { PacketStore } from './packet-store.ts'
import { PayloadCache } from './payload-cache.ts'
import type { PayloadReader } from './payload-cache.ts'
import { StreamDirection } from './stream-direction.ts'

/** Steps between two questions whether the time is over. */
const stepsAtOnce = 64

/**
 * Both directions of a TCP flow, put together as far as {@link advance} has come; packets that arrive later are taken by the next call.
 * Memory and time grow with the packets of the flow and the bytes that were sent more than once, whatever the packets claim.
 */
export class TcpStream {
  /** What the client has sent, and what the server has. */
  directions: readonly [StreamDirection, StreamDirection]
  /** Packets of the flow that have been taken. */
  taken = 0
  /** Grows when all begins anew, because a SYN was seen late. */
  restarts = 0

  private readonly record = new PacketRecord()
  private readonly cache: PayloadCache
  private taking: StreamDirection | null = null

  constructor(private readonly store: PacketStore, private readonly flow: Flow, payloadOf: PayloadReader) {
    this.cache = new PayloadCache(payloadOf)
    this.directions = this.begin()
  }

  get packets(): number { return this.flow.packets.length }

  /** @returns whether every packet of the flow has been taken; otherwise the time was over */
  advance(isOver: () => boolean): boolean {
    this.noteLateSyn()
    for (let steps = 0; this.taking !== null || this.taken < this.packets; steps++) {
      if (steps % stepsAtOnce === stepsAtOnce - 1 && isOver()) return false
      if (this.taking === null) this.takePacket()
      else this.taking.step()
      if (this.taking?.isTaking === false) this.taking = null
    }
    return true
  }

  /** Payload of a packet, as far as it was captured. */
  payload(packet: number): Uint8Array {
    return this.cache.read(packet)
  }

  private takePacket(): void {
    const { record } = this
    const packet = this.flow.packets.at(this.taken++)
    this.store.read(packet - 1, record)
    if ((record.marks & PacketMark.quoting) !== 0 || (record.flags & TcpFlag.rst) !== 0) return
    const from = (record.marks & PacketMark.fromServer) !== 0 ? 1 : 0
    this.directions[1 - from].takeAck(record)
    this.directions[from].take(record, packet)
    this.taking = this.directions[from]
  }

  private begin(): readonly [StreamDirection, StreamDirection] {
    const { client, server } = this.flow
    return [new StreamDirection(client.isn, this.cache.read), new StreamDirection(server.isn, this.cache.read)]
  }

  /** Where a capture is put together while it grows, a number from which to count may come after the data. */
  private noteLateSyn(): void {
    const { directions: [client, server], flow } = this
    if ((client.isn >= 0 || flow.client.isn < 0) && (server.isn >= 0 || flow.server.isn < 0)) return
    this.directions = this.begin()
    this.taken = 0
    this.taking = null
    this.restarts++
  }
}
