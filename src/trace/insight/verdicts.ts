import type { FlowVerdict } from '../../rpc/flows-contract.ts'
import type { FlowInsight } from './flow-insight.ts'
import type { InsightName, InsightSeverity } from './insight.ts'
import { Limit } from './limit.ts'
import { isFlightOver } from './judge-data.ts'
import type { OneWay } from './one-way.ts'

/** What a flow comes to. Names that packets have too say what the first such packet says. */
export const verdictTable = {
  noAnswer: 'error',
  halfOpen: 'error',
  midStream: 'note',
  synRetries: 'warn',
  synAckRetries: 'warn',
  resetRefused: 'error',
  resetUnacceptableAck: 'warn',
  resetAbort: 'warn',
  resetUnread: 'warn',
  resetAfterClose: 'warn',
  resetHalfOpen: 'error',
  resetLate: 'note',
  resetTimeout: 'error',
  resetStray: 'warn',
  foreignTtl: 'error',
  gaveUp: 'error',
  windowLimited: 'warn',
  networkLimited: 'note',
  applicationLimited: 'note',
  zeroWindowStalls: 'warn',
  zeroWindowOpen: 'error',
  needlessRetransmissions: 'warn',
  reordering: 'note',
  duplicateFrames: 'warn',
  nagleDelayedAcks: 'warn',
  delayedAcks: 'note',
  tinySegments: 'warn',
  sillyWindows: 'warn',
  sillySegments: 'warn',
  windowShrunk: 'warn',
  superSegments: 'note',
  unfinishedChecksums: 'note',
  initialWindow: 'note',
  initialWindowAtLeast: 'note',
  controllerReno: 'note',
  controllerCubic: 'note',
  controllerBbr: 'note',
  controllerUnknown: 'note',
} as const satisfies Record<string, InsightSeverity>

export type VerdictName = keyof typeof verdictTable

/** What was gathered of a flow, as sentences need it: the opening first, then how it ended, then each direction. */
export function flowVerdicts(insight: FlowInsight): FlowVerdict[] {
  const found: FlowVerdict[] = []
  const add: Add = (name, side, params, packets = []) => {
    found.push({ name, side, params: Object.fromEntries(Object.entries(params).map(([key, value]) => [key, Math.round(value)])), packets: packets.filter((packet) => packet > 0) })
  }
  judgeOpening(insight, add)
  judgeEnding(insight, add)
  for (const side of [0, 1] as const) {
    const way = side === 0 ? insight.client : insight.server
    judgeTime(way, side, add)
    judgeWindows(way, side, add)
    judgeRepetitions(way, side, add)
    judgeSizes(way, side, add)
    judgeCapture(way, side, add)
    judgeController(insight, side, add)
  }
  return found
}

type Add = (name: VerdictName, side: 0 | 1, params: Record<string, number>, packets?: readonly number[]) => void

/** Below so much is not worth a word. */
const leastSegments = 10
const leastUs = 10_000
const triesAtLeast = 3

function judgeOpening(insight: FlowInsight, add: Add): void {
  const { client, server } = insight
  if (client.syns > 1) add('synRetries', 0, { count: client.syns - 1 }, [client.synPacket])
  if (server.syns > 1) add('synAckRetries', 1, { count: server.syns - 1 }, [server.synPacket])
  if (insight.hasSyn && server.anyPacket === 0) add('noAnswer', 0, { syns: client.syns }, [client.synPacket])
  else if (insight.synAckPacket > 0 && !insight.isOpened && insight.reset === null) add('halfOpen', 0, { answers: server.syns }, [insight.synAckPacket])
  else if (!insight.hasSyn && insight.synAckPacket === 0) add('midStream', 0, {})
}

function judgeEnding(insight: FlowInsight, add: Add): void {
  const { reset, client, server, lastUs } = insight
  if (reset !== null && isVerdict(reset.cause)) add(reset.cause, reset.isFromClient ? 0 : 1, {}, [reset.packet])
  if (insight.foreignTtlPacket > 0) add('foreignTtl', insight.isForeignFromClient ? 0 : 1, {}, [insight.foreignTtlPacket])
  if (reset !== null) return
  for (const side of [0, 1] as const) {
    const way = side === 0 ? client : server
    if (way.unansweredRepeats >= triesAtLeast) add('gaveUp', side, { repeats: way.unansweredRepeats, waitedUs: lastUs - way.unansweredUs }, [way.unansweredPacket])
  }
}

function isVerdict(name: InsightName): name is InsightName & VerdictName {
  return name in verdictTable
}

function judgeTime(way: OneWay, side: 0 | 1, add: Add): void {
  const { time } = way
  const { sumUs } = time
  if (way.segments < leastSegments || sumUs < leastUs) return
  const share = (...limits: Limit[]): number => 100 * limits.reduce<number>((sum, limit) => sum + time.totalUs(limit), 0) / sumUs
  const window = share(Limit.window, Limit.zeroWindow)
  const network = share(Limit.network, Limit.recovery)
  const application = share(Limit.application)
  const name = window >= network && window >= application ? 'windowLimited' : network >= application ? 'networkLimited' : 'applicationLimited'
  add(name, side, { window, network, application, recovery: share(Limit.recovery), totalUs: sumUs })
}

function judgeWindows(way: OneWay, side: 0 | 1, add: Add): void {
  const { counts } = way
  if (counts.zeroStalls > 0) add('zeroWindowStalls', side, { count: counts.zeroStalls, totalUs: counts.zeroStalledUs, longestUs: counts.longestStallUs }, [counts.longestStallPacket])
  if (way.zeroSinceUs >= 0 && way.resetPacket === 0) add('zeroWindowOpen', side, {}, [way.zeroPacket])
  if (counts.windowShrunk > 0) add('windowShrunk', side, { count: counts.windowShrunk })
  if (counts.sillyWindows > 0) add('sillyWindows', side, { count: counts.sillyWindows })
}

function judgeRepetitions({ counts }: OneWay, side: 0 | 1, add: Add): void {
  const needless = Math.max(counts.needlessByDsack, counts.needlessByEifel)
  if (needless > 0) add('needlessRetransmissions', side, { count: needless, of: counts.retransmissions, byDsack: counts.needlessByDsack, byEifel: counts.needlessByEifel })
  if (counts.reordered > 0) add('reordering', side, { count: counts.reordered })
  const duplicates = Math.max(counts.duplicateFrames, counts.dsackOfDuplicate)
  if (duplicates > 0) add('duplicateFrames', side, { count: duplicates })
}

function judgeSizes(way: OneWay, side: 0 | 1, add: Add): void {
  const { counts } = way
  if (counts.nagleDelayed > 0) add('nagleDelayedAcks', side, { count: counts.nagleDelayed, totalUs: counts.nagleDelayedUs }, [counts.naglePacket])
  if (counts.delayedAcks > 0) add('delayedAcks', side, { count: counts.delayedAcks, meanUs: counts.delayedUs / counts.delayedAcks })
  if (counts.tinyAhead >= leastSegments && counts.tiny * 2 >= way.segments) {
    add('tinySegments', side, { count: counts.tiny, of: way.segments, meanBytes: counts.tinyBytes / counts.tiny, ahead: counts.tinyAhead }, [counts.tinyPacket])
  }
  if (counts.sillySegments > 0) add('sillySegments', side, { count: counts.sillySegments })
}

function judgeCapture({ counts }: OneWay, side: 0 | 1, add: Add): void {
  if (counts.superSegments > 0) add('superSegments', side, { count: counts.superSegments }, [counts.superPacket])
  if (counts.unfinishedChecksums > 0) add('unfinishedChecksums', side, { count: counts.unfinishedChecksums }, [counts.unfinishedPacket])
}

function judgeController(insight: FlowInsight, side: 0 | 1, add: Add): void {
  const [way, other] = side === 0 ? [insight.client, insight.server] : [insight.server, insight.client]
  if (way.flightState === 'whole' || way.flightState === 'atLeast' || (way.flightState === 'open' && isFlightOver(way, other, insight.lastUs))) {
    // What the end of its data or the receiver's window cut short was at least so much.
    add(way.flightState === 'whole' ? 'initialWindow' : 'initialWindowAtLeast', side, { segments: way.flightSegments, bytes: way.flightBytes })
  }
  const { controller, ...evidence } = way.growth.evidence()
  const names = { reno: 'controllerReno', cubic: 'controllerCubic', bbr: 'controllerBbr', unknown: 'controllerUnknown' } as const
  if (controller !== 'unknown' || evidence.reductions > 0) add(names[controller], side, { ...evidence })
}
