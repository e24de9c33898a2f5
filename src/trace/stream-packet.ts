import { seqAdd } from '../tcp/seq.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { PacketMark } from './packet-store.ts'
import type { PacketRecord } from './packet-store.ts'
import type { TcpStream } from './stream.ts'
import { nowhere } from './stretch-index.ts'

const seqSpace = 2 ** 32

/**
 * Where the bytes of a packet stand in its direction, as the direction counts. Sequence numbers come round every 4 GiB: the place is the one
 * whose bytes are this packet's, first or again.
 * @returns null where it carried none
 */
export function packetOffset(stream: TcpStream, record: PacketRecord, packet: number): { end: 0 | 1, offset: number } | null {
  if (record.payloadLength === 0 || (record.marks & PacketMark.quoting) !== 0 || (record.flags & TcpFlag.rst) !== 0) return null
  const end = (record.marks & PacketMark.fromServer) !== 0 ? 1 : 0
  const { data, repeats, zeroSeq, begin, end: last } = stream.directions[end]
  const seq = (record.flags & TcpFlag.syn) !== 0 ? seqAdd(record.seq, 1) : record.seq
  const rest = (seq - zeroSeq) >>> 0
  let first: number | null = null
  for (let offset = rest + Math.floor((begin - rest) / seqSpace) * seqSpace; offset < last; offset += seqSpace) {
    if (offset + record.payloadLength <= begin) continue
    first ??= offset
    const piece = data.endingAfter(offset)
    if (piece !== nowhere && data.packet(piece) === packet) return { end, offset }
    const limit = offset + record.payloadLength
    for (let place = repeats.beginningFrom(offset); place !== nowhere && repeats.offset(place) < limit; place = repeats.next(place)) {
      if (repeats.packet(place) === packet) return { end, offset: repeats.offset(place) }
    }
  }
  return first === null ? null : { end, offset: first }
}
