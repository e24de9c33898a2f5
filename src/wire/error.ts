/** What a decoder says of broken bytes. A broken inner layer leaves its good outer layers decoded. */
export interface WireError {
  readonly layer: LayerName
  /** Byte offset of the trouble: in `bytes` for a single codec, from the start of the frame in a `Packet`. */
  readonly offset: number
  readonly reason: WireReason
}

export const layerNames = ['ethernet', 'vlan', 'linuxSll', 'linuxSll2', 'bsdNull', 'radiotap', 'wlan', 'llc', 'ppp', 'pppoe', 'mpls', 'chdlc', 'medium', 'arp', 'ipv4', 'ipv6', 'icmp', 'icmpv6', 'udp', 'tcp'] as const

export type LayerName = typeof layerNames[number]

/**
 * - `truncated`: fewer bytes than the fixed header needs
 * - `badVersion`: the IP version field is not the one expected here
 * - `badHeaderLength`: a header length below the fixed header (IPv4 IHL < 5, TCP data offset < 5)
 * - `headerTooLong`: a header length beyond the bytes there are
 * - `badLength`: a length field that contradicts its own header (IPv4 total length below the header, UDP length below 8)
 * - `lengthTooLong`: a length field beyond the frame
 * - `badOptionLength`: an option length of 0 or 1, or beyond the options
 * - `tooManyTags`, `tooManyExtensionHeaders`: more than we are willing to walk
 * - `unknownLinkType`: a link type we have no codec for
 */
export const wireReasons = [
  'truncated', 'badVersion', 'badHeaderLength', 'headerTooLong', 'badLength', 'lengthTooLong', 'badOptionLength',
  'tooManyTags', 'tooManyExtensionHeaders', 'unknownLinkType',
] as const

export type WireReason = typeof wireReasons[number]

export function wireError(layer: LayerName, offset: number, reason: WireReason): WireError {
  return { layer, offset, reason }
}
