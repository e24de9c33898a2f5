import type { InsightName } from './insight.ts'
import { OneWay } from './one-way.ts'

/** What is gathered of a TCP flow beyond what the tracker keeps. Its size does not grow with its packets. */
export class FlowInsight {
  /** What each end sends. */
  readonly client = new OneWay()
  readonly server = new OneWay()
  /** The client's ACK of the SYN+ACK was seen. */
  isOpened = false
  hasSyn = false
  synAckPacket = 0
  /** Why the first RST was sent; null none. */
  reset: { cause: InsightName, packet: number, isFromClient: boolean } | null = null
  foreignTtlPacket = 0
  isForeignFromClient = false
  lastUs = 0

  /** @param isWhole it was followed from its first packet */
  constructor(readonly isWhole: boolean) {}
}
