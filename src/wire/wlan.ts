import { readU16 } from '../base/bytes.ts'
import { wireError } from './error.ts'
import { EtherType, ethernetHeaderBytes } from './ethernet.ts'
import { decodeLlc } from './llc.ts'
import type { WireError } from './error.ts'
import type { LinkShims } from './link-shim.ts'

/*
 * IEEE 802.11 data frame, little endian          radiotap                        PPI
 *    0  frame control   2                          0  version      1               0  version, flags  2
 *    2  duration        2                          1  padding      1               2  length          2
 *    4  addresses 1-3  18                          2  length       2               4  link type       4
 *   22  sequence        2                          4  present      4 each, bit 31: another one
 *   24  address 4       6, from AP to AP           n  fields, aligned to their own size
 *    n  QoS control     2
 *    n  HT control      4
 */
const frameBytes = 24
const dataType = 2
const Control = { typeShift: 2, noData: 0x40, qos: 0x80, toDs: 0x100, fromDs: 0x200, isProtected: 0x4000, order: 0x8000 } as const
const aggregate = 0x80
const linkType = { ethernet: 1, rawIp: 101, wlan: 105 } as const
const RadiotapFlag = { padded: 0x20 } as const

/**
 * Follows a data frame into LLC. Management and control frames, encrypted ones, later fragments and aggregates end here, without an error.
 * @param isPadded the radio pads the header to a multiple of 4
 */
export function decodeWlan(bytes: Uint8Array, at: number, end: number, isPadded: boolean, into: LinkShims): WireError | null {
  into.etherType = 0
  if (at + 2 > end) return wireError('wlan', at, 'truncated')
  const control = bytes[at] | (bytes[at + 1] << 8)
  if (((control >>> Control.typeShift) & 3) !== dataType) {
    into.add('wlan', at, Math.min(frameBytes, end - at))
    return null
  }
  const isBetweenAps = (control & (Control.toDs | Control.fromDs)) === (Control.toDs | Control.fromDs)
  const isQos = (control & Control.qos) !== 0
  const qosAt = at + frameBytes + (isBetweenAps ? 6 : 0)
  const headerEnd = qosAt + (isQos ? 2 : 0) + (isQos && (control & Control.order) !== 0 ? 4 : 0)
  const dataAt = isPadded ? at + ((headerEnd - at + 3) & ~3) : headerEnd
  if (dataAt > end) return wireError('wlan', at, 'truncated')
  into.add('wlan', at, dataAt - at)
  const isLaterFragment = (bytes[at + 22] & 0x0f) !== 0
  const isAggregate = isQos && (bytes[qosAt] & aggregate) !== 0
  if ((control & (Control.noData | Control.isProtected)) !== 0 || isLaterFragment || isAggregate) return null
  return decodeLlc(bytes, dataAt, end, into)
}

export function decodeRadiotap(bytes: Uint8Array, at: number, end: number, into: LinkShims): WireError | null {
  into.etherType = 0
  if (at + 8 > end) return wireError('radiotap', at, 'truncated')
  const length = bytes[at + 2] | (bytes[at + 3] << 8)
  if (length < 8) return wireError('radiotap', at + 2, 'badLength')
  if (at + length > end) return wireError('radiotap', at + 2, 'headerTooLong')
  into.add('radiotap', at, length)
  return decodeWlan(bytes, at + length, end, (radiotapFlags(bytes, at, at + length) & RadiotapFlag.padded) !== 0, into)
}

/** The headers of older drivers: Prism's has its length in the capturing machine's order, AVS in network order. */
export function decodePrism(bytes: Uint8Array, at: number, end: number, into: LinkShims): WireError | null {
  into.etherType = 0
  if (at + 8 > end) return wireError('radiotap', at, 'truncated')
  const big = ((bytes[at + 4] << 24) | (bytes[at + 5] << 16) | (bytes[at + 6] << 8) | bytes[at + 7]) >>> 0
  const little = ((bytes[at + 7] << 24) | (bytes[at + 6] << 16) | (bytes[at + 5] << 8) | bytes[at + 4]) >>> 0
  const length = Math.min(big, little)
  if (length < 8) return wireError('radiotap', at + 4, 'badLength')
  if (at + length > end) return wireError('radiotap', at + 4, 'headerTooLong')
  into.add('prism', at, length)
  return decodeWlan(bytes, at + length, end, false, into)
}

/** PPI in front of a frame of 802.11 or Ethernet, or of an IP packet; what else it may carry is left alone. */
export function decodePpi(bytes: Uint8Array, at: number, end: number, into: LinkShims): WireError | null {
  into.etherType = 0
  if (at + 8 > end) return wireError('radiotap', at, 'truncated')
  const length = bytes[at + 2] | (bytes[at + 3] << 8)
  if (length < 8) return wireError('radiotap', at + 2, 'badLength')
  if (at + length > end) return wireError('radiotap', at + 2, 'headerTooLong')
  into.add('ppi', at, length)
  switch (bytes[at + 4]) {
    case linkType.wlan: return decodeWlan(bytes, at + length, end, false, into)
    case linkType.ethernet: return decodePlainEthernet(bytes, at + length, end, into)
    case linkType.rawIp:
      if (at + length < end) into.etherType = bytes[at + length] >>> 4 === 6 ? EtherType.ipv6 : EtherType.ipv4
      return null
    default: return null
  }
}

function decodePlainEthernet(bytes: Uint8Array, at: number, end: number, into: LinkShims): WireError | null {
  if (at + ethernetHeaderBytes > end) return wireError('ethernet', at, 'truncated')
  into.add('medium', at, ethernetHeaderBytes)
  into.etherType = readU16(bytes, at + 12)
  return null
}

/** The field of flags, the second one, behind a time stamp of 8 bytes that starts at a multiple of 8; 0 where it is not there. */
function radiotapFlags(bytes: Uint8Array, at: number, end: number): number {
  const present = bytes[at + 4]
  if ((present & 2) === 0) return 0
  let fieldAt = at + 4
  while ((bytes[fieldAt + 3] & 0x80) !== 0 && fieldAt + 8 <= end) fieldAt += 4
  fieldAt += 4
  if ((present & 1) !== 0) fieldAt = at + ((fieldAt - at + 7) & ~7) + 8
  return fieldAt < end ? bytes[fieldAt] : 0
}
