/**
 * Counts since the host was made: one number for each frame, packet and datagram that came in, went out, or was dropped and why.
 * Plain numbers, so that it can be copied to another thread.
 */
export function createStatistics() {
  return {
    ethernet: { in: 0, out: 0, notForUs: 0, truncated: 0, unknownType: 0, tagged: 0, ipv6: 0, queueFull: 0 },
    arp: { in: 0, requestsOut: 0, repliesOut: 0, announcementsOut: 0, malformed: 0, conflicts: 0, unresolved: 0, pendingDropped: 0 },
    ipv4: { in: 0, out: 0, malformed: 0, badChecksum: 0, notForUs: 0, badSource: 0, unknownProtocol: 0, noRoute: 0, tooBig: 0, ...fragments() },
    icmp: { in: 0, out: 0, malformed: 0, badChecksum: 0, echoAnswered: 0, errorsIn: 0, errorsForTcp: 0, errorsLimited: 0, redirectsTaken: 0, unknownType: 0, ignored: 0 },
    ipv6: { in: 0, out: 0, malformed: 0, notForUs: 0, badSource: 0, badOption: 0, unknownProtocol: 0, noRoute: 0, tooBig: 0, ...fragments() },
    icmpv6: { in: 0, out: 0, malformed: 0, badChecksum: 0, echoAnswered: 0, errorsIn: 0, errorsForTcp: 0, errorsLimited: 0, unknownType: 0, ignored: 0 },
    ndp: {
      in: 0, solicitationsOut: 0, advertisementsOut: 0, routerAdvertisementsIn: 0, malformed: 0, conflicts: 0, unresolved: 0, pendingDropped: 0, redirectsTaken: 0, ignored: 0,
    },
    mld: { queriesIn: 0, reportsOut: 0, ignored: 0 },
    udp: { in: 0, out: 0, malformed: 0, badChecksum: 0, noPort: 0, delivered: 0, queueFull: 0, errorsIn: 0 },
    tcp: {
      in: 0, out: 0, malformed: 0, badChecksum: 0, unfinishedChecksum: 0, noPort: 0, resetsOut: 0, backlogFull: 0,
      cookiesSent: 0, cookiesTaken: 0, tableFull: 0, retransmitted: 0,
    },
  }
}

function fragments() {
  return { fragments: 0, fragmentsDropped: 0, reassembled: 0, reassemblyTimeouts: 0, fragmentsOut: 0 }
}

export type HostStatistics = ReturnType<typeof createStatistics>
