import type { StatisticsSummary } from '../../rpc/statistics-contract.ts'
import { findingNames } from '../finding.ts'
import type { CaptureStatistics } from './capture-statistics.ts'

export function statisticsSummary({ packets, bytes, seconds, protocols, lengths, findings, pairs }: CaptureStatistics): StatisticsSummary {
  return {
    packets, bytes, seconds, protocols: protocols.nodes(), lengths: lengths.rows(),
    findings: findingNames.flatMap((name) => findings.has(name) ? [{ name, ...findings.get(name)! }] : []),
    conversations: { eth: pairs.eth.used, ipv4: pairs.ipv4.used, ipv6: pairs.ipv6.used, tcp: pairs.tcp.used, udp: pairs.udp.used },
  }
}
