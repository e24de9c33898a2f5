/** What an operand is: a number of the sequence space of the packet's sender, or of the other end, or a plain one (µs where its name ends in `Us`). */
export type OperandKind = 'own' | 'other' | 'plain'

export type InsightSeverity = 'error' | 'warn' | 'note'

export interface InsightRule {
  readonly severity: InsightSeverity
  /** What the rule is read from. */
  readonly source: string
  /** At most three, in the order in which they are stored. */
  readonly operands: Readonly<Record<string, OperandKind>>
}

/**
 * What is found in packets beyond the names of Wireshark: what the RFCs say where its rules say something else, and what only several
 * packets together tell. The place in the table is the number that is stored.
 */
export const insightTable = {
  resentByTimestamp: { severity: 'note', source: 'RFC 7323 §4.3', operands: { tsVal: 'plain', tsBefore: 'plain' } },
  resentByIpId: { severity: 'note', source: 'RFC 6864 §4', operands: { ipId: 'plain', ipIdBefore: 'plain' } },
  reorderedByTimestamp: { severity: 'note', source: 'RFC 7323 §4.3', operands: { tsVal: 'plain', tsBefore: 'plain' } },
  reorderedByIpId: { severity: 'note', source: 'RFC 6864 §4', operands: { ipId: 'plain', ipIdBefore: 'plain' } },
  duplicateFrame: { severity: 'warn', source: 'RFC 6864 §4', operands: { ipId: 'plain' } },
  byteResent: { severity: 'warn', source: 'RFC 1122 §4.2.3.6', operands: { seq: 'own' } },
  closedWindowProbe: { severity: 'note', source: 'RFC 9293 §3.8.6.1', operands: {} },
  notDuplicateAck: { severity: 'note', source: 'RFC 5681 §2', operands: { ack: 'other' } },
  duplicateAckByRfc: { severity: 'note', source: 'RFC 5681 §2', operands: { ack: 'other' } },
  duplicateAckBySack: { severity: 'note', source: 'RFC 6675 §2', operands: { ack: 'other', left: 'other', right: 'other' } },
  dsackOfRetransmission: { severity: 'note', source: 'RFC 2883 §4', operands: { left: 'other', right: 'other' } },
  dsackOfDuplicate: { severity: 'note', source: 'RFC 3708 §3', operands: { left: 'other', right: 'other' } },
  needlessByDsack: { severity: 'warn', source: 'RFC 3708 §3', operands: {} },
  needlessByEifel: { severity: 'warn', source: 'RFC 3522 §3.2', operands: { tsEcr: 'plain', tsVal: 'plain' } },
  windowShrunk: { severity: 'warn', source: 'RFC 9293 §3.8.6', operands: { before: 'other', edge: 'other' } },
  sillyWindow: { severity: 'warn', source: 'RFC 1122 §4.2.3.3', operands: { advance: 'plain', least: 'plain' } },
  sillySegment: { severity: 'warn', source: 'RFC 1122 §4.2.3.4', operands: { length: 'plain', least: 'plain' } },
  windowReopened: { severity: 'warn', source: 'RFC 9293 §3.8.6', operands: { stalledUs: 'plain', window: 'plain' } },
  delayedAck: { severity: 'note', source: 'RFC 1122 §4.2.3.2', operands: { waitedUs: 'plain', pathUs: 'plain' } },
  ackTooLate: { severity: 'warn', source: 'RFC 1122 §4.2.3.2', operands: { waitedUs: 'plain' } },
  nagleDelayedAck: { severity: 'warn', source: 'RFC 1122 §4.2.3.4', operands: { waitedUs: 'plain', length: 'plain' } },
  synRetry: { severity: 'warn', source: 'RFC 9293 §3.8.3', operands: { count: 'plain', waitedUs: 'plain' } },
  synAckRetry: { severity: 'warn', source: 'RFC 9293 §3.8.3', operands: { count: 'plain', waitedUs: 'plain' } },
  resetRefused: { severity: 'error', source: 'RFC 9293 §3.10.7.1', operands: {} },
  resetUnacceptableAck: { severity: 'warn', source: 'RFC 9293 §3.10.7.3', operands: { ack: 'own' } },
  resetAbort: { severity: 'warn', source: 'RFC 9293 §3.10.5', operands: { unacked: 'plain', idleUs: 'plain' } },
  resetUnread: { severity: 'warn', source: 'RFC 1122 §4.2.2.13', operands: { bytes: 'plain' } },
  resetAfterClose: { severity: 'warn', source: 'RFC 9293 §3.6.1', operands: { bytes: 'plain' } },
  resetHalfOpen: { severity: 'error', source: 'RFC 9293 §3.5.1', operands: { idleUs: 'plain' } },
  resetLate: { severity: 'note', source: 'RFC 9293 §3.10.7.1', operands: { ack: 'own' } },
  resetTimeout: { severity: 'error', source: 'RFC 9293 §3.8.3', operands: { repeats: 'plain', waitedUs: 'plain' } },
  resetRepeated: { severity: 'note', source: 'RFC 9293 §3.5.1', operands: {} },
  resetStray: { severity: 'warn', source: 'RFC 5961 §3.2', operands: { seq: 'own', expected: 'own' } },
  foreignTtl: { severity: 'error', source: 'RFC 791 §3.2', operands: { ttl: 'plain', usual: 'plain' } },
  superSegment: { severity: 'note', source: 'RFC 9293 §3.7.1', operands: { length: 'plain', mss: 'plain' } },
  unfinishedChecksum: { severity: 'note', source: 'RFC 9293 §3.1', operands: {} },
} as const satisfies Record<string, InsightRule>

export type InsightName = keyof typeof insightTable

export const insightNames = Object.keys(insightTable) as readonly InsightName[]

/** Numbers by name, as they are stored. */
export const Insight = Object.fromEntries(insightNames.map((name, number) => [name, number])) as Readonly<Record<InsightName, number>>
