/** Bits of a packet's `findings` column: what tshark calls `tcp.analysis.*`, in the order in which it prints them. */
export const Finding = {
  retransmission: 1 << 0,
  fastRetransmission: 1 << 1,
  spuriousRetransmission: 1 << 2,
  outOfOrder: 1 << 3,
  reusedPorts: 1 << 4,
  lostSegment: 1 << 5,
  ackLostSegment: 1 << 6,
  windowUpdate: 1 << 7,
  windowFull: 1 << 8,
  keepAlive: 1 << 9,
  keepAliveAck: 1 << 10,
  duplicateAck: 1 << 11,
  zeroWindowProbe: 1 << 12,
  zeroWindow: 1 << 13,
  zeroWindowProbeAck: 1 << 14,
  tfoSyn: 1 << 15,
  tfoAck: 1 << 16,
  tfoIgnored: 1 << 17,
} as const

export type FindingName = keyof typeof Finding

/** Field names of Wireshark, for comparing with it line by line. */
export const wiresharkNames: Readonly<Record<FindingName, string>> = {
  retransmission: 'tcp.analysis.retransmission',
  fastRetransmission: 'tcp.analysis.fast_retransmission',
  spuriousRetransmission: 'tcp.analysis.spurious_retransmission',
  outOfOrder: 'tcp.analysis.out_of_order',
  reusedPorts: 'tcp.analysis.reused_ports',
  lostSegment: 'tcp.analysis.lost_segment',
  ackLostSegment: 'tcp.analysis.ack_lost_segment',
  windowUpdate: 'tcp.analysis.window_update',
  windowFull: 'tcp.analysis.window_full',
  keepAlive: 'tcp.analysis.keep_alive',
  keepAliveAck: 'tcp.analysis.keep_alive_ack',
  duplicateAck: 'tcp.analysis.duplicate_ack',
  zeroWindowProbe: 'tcp.analysis.zero_window_probe',
  zeroWindow: 'tcp.analysis.zero_window',
  zeroWindowProbeAck: 'tcp.analysis.zero_window_probe_ack',
  tfoSyn: 'tcp.analysis.tfo_syn',
  tfoAck: 'tcp.analysis.tfo_ack',
  tfoIgnored: 'tcp.analysis.tfo_ignored',
}

export const findingNames = Object.keys(Finding) as readonly FindingName[]

/** The findings of a `findings` column, in the order of the table. */
export function findingsOf(bits: number): FindingName[] {
  return findingNames.filter((name) => (bits & Finding[name]) !== 0)
}
