import { decodePacket, Layer, Packet } from '../wire/packet.ts'
import { decodeInner, maxTunnels } from '../wire/tunnel.ts'
import { isPartial } from './segment-header.ts'

let outer = new Packet()
let inner = new Packet()
const nothing = new Uint8Array(0)

/** The TCP payload of a frame, as far as it was captured, through the tunnels that the tracker follows; nothing for one that is in IP fragments. */
export function segmentPayload(frame: Uint8Array, at: number, captured: number, linkType: number, originalLength: number): Uint8Array {
  decodePacket(frame, at, captured, linkType, outer, originalLength)
  for (let depth = 0; depth < maxTunnels && decodeInner(outer, frame, inner); depth++) {
    const between = outer
    outer = inner
    inner = between
  }
  if ((outer.layers & Layer.tcp) === 0 || (outer.isFragment && isPartial(outer))) return nothing
  return frame.subarray(outer.payloadOffset, outer.payloadOffset + outer.payloadLength)
}
