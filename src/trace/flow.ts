import { EndAnalysis } from './end-analysis.ts'
import { PacketList } from './packet-list.ts'
import { FlowAnalysis } from './segment-analysis.ts'

/** The numbers of the engine's `TcpState` (RFC 9293 §3.3.2), and -1: the trace cannot tell. */
export const InferredState = {
  unknown: -1, closed: 0, listen: 1, synSent: 2, synReceived: 3, established: 4, finWait1: 5, finWait2: 6, closeWait: 7, closing: 8, lastAck: 9, timeWait: 10,
} as const
export type InferredState = typeof InferredState[keyof typeof InferredState]

/** A window scale that was not offered, and one that was not seen. */
export const noWindowScale = -1
export const unseenWindowScale = -2

/** One end of a flow: what it has sent, and what that says of its state. Numbers that are not known are -1. */
export class FlowEnd {
  /** Number in the address table. */
  address = 0
  /** Port, or the identifier of ICMP echo. */
  port = 0
  packets = 0
  /** Payload bytes, repeated ones included. */
  bytes = 0

  isn = -1
  mss = -1
  /** As offered in its SYN, or one of the two constants above. */
  windowScale = unseenWindowScale
  offeredSack = false
  offeredTimestamps = false

  /** Behind the highest byte sent. */
  nxt = -1
  /** Highest acknowledgment sent. */
  maxAck = -1
  /** Last window sent, unscaled. */
  window = -1
  /** Behind its FIN. */
  finEnd = -1

  /** Its state once everything captured so far has arrived. */
  state: InferredState = -1
  /** Number of the packet that gave it this state; -1 none. */
  proof = -1
  /** The state that a row showed last. */
  shown: InferredState = -1

  /** It sent a SYN that we saw. */
  synSent = false
  /** Its first SYN was a SYN+ACK: the open was passive. */
  isPassive = false
  synAckSent = false
  /** It has the other's SYN; `Proven` by its own acknowledgment, otherwise because that SYN was on its way. */
  peerSynTaken = false
  peerSynProven = false
  /** It has the acknowledgment of its SYN. */
  synAcked = false
  /** It was talking before the capture began, or without a SYN that we saw. */
  isMidStream = false
  /** It sent data that was new, so it had not closed. */
  sentNewData = false
  finSent = false
  /** It has the acknowledgment of its FIN. */
  finAcked = false
  /** It has the other's FIN; `Proven` as above. */
  peerFinTaken = false
  peerFinProven = false
  /** It closed before it had the other's FIN. */
  closedFirst = false
  /** CLOSED or LISTEN once a RST was sent or taken; -1 not. */
  resetTo: InferredState = -1
  isResetSender = false
  /** Second at which TIME-WAIT began (again). */
  timeWaitSince = 0
  isTimeWaitOver = false

  /** State for the findings; TCP only. */
  readonly analysis = new EndAnalysis()
}

/** A conversation. Its size does not grow with its packets, but for the list of their numbers. */
export class Flow {
  readonly client = new FlowEnd()
  readonly server = new FlowEnd()
  readonly packets = new PacketList()
  /** The client is the lower end of its tuple. */
  isClientLower = false
  firstSec = 0
  firstNsec = 0
  lastSec = 0
  lastNsec = 0
  retransmissions = 0
  /** Packets with findings. */
  findings = 0
  resets = 0
  /** Of the client's latest SYN; -1 none. */
  synSec = -1
  synNsec = 0
  /** From the client's latest SYN to its first ACK behind it; -1 unknown. */
  handshakeRttUs = -1
  /** It has left with its packets; its number may be a later flow's. */
  hasLeft = false
  /** Waits in the tracker's list of changed flows. */
  isChanged = false

  readonly analysis = new FlowAnalysis()

  /**
   * @param number among all flows
   * @param stream among those of its protocol, as Wireshark counts them (`tcp.stream`, `udp.stream`)
   */
  constructor(readonly number: number, readonly protocol: number, readonly stream: number) {}
}
