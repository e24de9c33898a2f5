import type { HostStatistics } from '../stack/statistics.ts'
import type { TcpConnection } from '../tcp/connection.ts'
import type { DecisionSink, DecisionVerb } from '../tcp/decision.ts'
import { allReasons, Reason } from '../tcp/reasons.ts'
import type { ReasonId, ReasonIndex } from '../tcp/reasons.ts'
import { TcpState } from '../tcp/state.ts'

/** Counts what the engine decides, and passes it on. */
export class DecisionCounts implements DecisionSink {
  private readonly next: DecisionSink
  private readonly byReason = new Uint32Array(allReasons.length)
  private retransmitted = 0
  private resets = 0
  private timeouts = 0
  private failedOpens = 0
  private resetConnections = 0

  constructor(next: DecisionSink) {
    this.next = next
  }

  decide(connection: TcpConnection, verb: DecisionVerb, reason: ReasonIndex, nowUs: number, seq: number, lengthBytes: number, a: number, b: number, c: number, d: number): void {
    this.byReason[reason]++
    if (verb === 'again' && reason !== Reason.windowProbe && reason !== Reason.keepAliveProbe) this.retransmitted++
    else if (verb === 'reset') this.resets++
    else if (verb === 'state' && b === TcpState.closed) {
      if (a === TcpState.synSent || a === TcpState.synReceived) this.failedOpens++
      else if (a === TcpState.established || a === TcpState.closeWait) this.resetConnections++
    } else if (reason === Reason.setBackoff && connection.state !== TcpState.synReceived) this.timeouts++
    this.next.decide(connection, verb, reason, nowUs, seq, lengthBytes, a, b, c, d)
  }

  /**
   * Counters under the names that Linux gives them (/proc/net/snmp, /proc/net/netstat; RFC 4022 for those of Tcp), since the host was made.
   * Only those of which our engine knows the same as Linux are here.
   */
  read(host: HostStatistics, accepted: number, established: number): Map<string, number> {
    const of = (...ids: ReasonId[]) => ids.reduce((sum, id) => sum + this.byReason[Reason[id]], 0)
    return new Map<string, number>([
      ['IpInReceives', host.ipv4.in], ['IpOutRequests', host.ipv4.out], ['Ip6InReceives', host.ipv6.in], ['Ip6OutRequests', host.ipv6.out], ['IcmpInMsgs', host.icmp.in], ['IcmpOutMsgs', host.icmp.out],
      ['TcpActiveOpens', of('onActiveOpen')], ['TcpPassiveOpens', accepted], ['TcpAttemptFails', this.failedOpens], ['TcpEstabResets', this.resetConnections], ['TcpCurrEstab', established],
      ['TcpInSegs', host.tcp.in], ['TcpRetransSegs', this.retransmitted], ['TcpInErrs', host.tcp.malformed + host.tcp.badChecksum], ['TcpOutRsts', this.resets + host.tcp.resetsOut], ['TcpInCsumErrors', host.tcp.badChecksum],
      ['UdpInDatagrams', host.udp.delivered], ['UdpNoPorts', host.udp.noPort], ['UdpInErrors', host.udp.malformed + host.udp.badChecksum], ['UdpOutDatagrams', host.udp.out], ['UdpRcvbufErrors', host.udp.queueFull],
      ['UdpInCsumErrors', host.udp.badChecksum],
      ['TcpExtSyncookiesSent', host.tcp.cookiesSent], ['TcpExtSyncookiesRecv', host.tcp.cookiesTaken], ['TcpExtTW', of('onTimeout2Msl')],
      ['TcpExtPAWSEstab', of('dropOldTimestamp')], ['TcpExtDelayedACKs', of('ackDelayTimer')],
      ['TcpExtTCPTimeouts', this.timeouts], ['TcpExtTCPSynRetrans', of('synTimeout')], ['TcpExtTCPLossProbes', of('probeNew', 'probeLast')], ['TcpExtTCPLossProbeRecovery', of('setProbeLoss')],
      ['TcpExtTCPRenoRecovery', of('setFastRecovery')], ['TcpExtTCPSackRecovery', of('setSackRecovery', 'setRackRecovery')],
      ['TcpExtTCPFastRetrans', of('fastRetransmit', 'partialAck', 'sackFirstHole', 'sackLost', 'sackUnlost', 'sackRescue', 'rackFirst', 'rackLost')], ['TcpExtTCPSlowStartRetrans', of('lossRecovery')],
      ['TcpExtTCPSpuriousRTOs', of('setFrtoSpurious')], ['TcpExtTCPDSACKUndo', of('setDsackSpurious')], ['TcpExtTCPDSACKRecv', of('setDsack')],
      ['TcpExtTCPOFOQueue', of('ackOutOfOrder')], ['TcpExtTCPChallengeACK', of('challengeRst', 'challengeSyn', 'challengeOldAck')], ['TcpExtTCPSYNChallenge', of('challengeSyn')],
      ['TcpExtTCPACKSkippedChallenge', of('dropChallengeLimit')], ['TcpExtTCPKeepAlive', of('keepAliveProbe')], ['TcpExtTCPWinProbe', of('windowProbe')],
      ['TcpExtTCPAbortOnTimeout', of('onUserTimeout')], ['TcpExtTCPMTUPSuccess', of('setPathMtuRaised')],
    ])
  }
}
