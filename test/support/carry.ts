export const carriers = ['IPv6', 'a VLAN', 'two VLANs', 'IPv6 in a VLAN'] as const
export type Carrier = typeof carriers[number]

/** The TCP segment of an Ethernet frame with IPv4, carried otherwise: its conversation stays the same. Other frames only get the tags. */
export function carriedBy(frame: Uint8Array, carrier: Carrier): Uint8Array {
  const isIpv4 = frame[12] === 0x08 && frame[13] === 0 && frame[14] === 0x45
  const hasIpv6 = isIpv4 && (carrier === 'IPv6' || carrier === 'IPv6 in a VLAN')
  const tags = carrier === 'IPv6' ? [] : carrier === 'two VLANs' ? [0x88, 0xa8, 0, 9, 0x81, 0, 0, 7] : [0x81, 0, 0, 7]
  const type = hasIpv6 ? [0x86, 0xdd] : [frame[12], frame[13]]
  return Uint8Array.from([...frame.subarray(0, 12), ...tags, ...type, ...hasIpv6 ? ipv6Of(frame.subarray(14)) : frame.subarray(14)])
}

function ipv6Of(ipv4: Uint8Array): number[] {
  const payload = ((ipv4[2] << 8) | ipv4[3]) - 20
  const address = (at: number) => [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, ...ipv4.subarray(at, at + 4)]
  return [0x60, 0, 0, 0, (payload >>> 8) & 0xff, payload & 0xff, ipv4[9], 64, ...address(12), ...address(16), ...ipv4.subarray(20)]
}
