import { seqAdd, seqDiff, seqGe, seqLe, seqLt } from '../../tcp/seq.ts'
import type { TcpSnapshot } from '../../tcp/snapshot.ts'
import { isSynchronized, TcpState } from '../../tcp/state.ts'

const maxHeldRanges = 64
/** Six numbers of six moves (src/tcp/state-path.ts). */
const maxPathLength = 73

/** What holds in every state once everything that wants to be sent was sent. @returns what does not, or null */
export function brokenInvariant(view: TcpSnapshot, nowUs: number): string | null {
  return brokenSendSide(view) ?? brokenReceiveSide(view) ?? brokenTimers(view, nowUs)
}

function brokenSendSide(view: TcpSnapshot): string | null {
  if (!seqLe(view.sndUna, view.sndNxt)) return 'SND.UNA is beyond SND.NXT'
  if (!seqGe(view.sndResendNxt, view.sndUna) || !seqLe(view.sndResendNxt, view.sndNxt)) return 'resending outside of what is out'
  if (view.sendQueuedBytes < 0 || view.sendUnackedBytes < 0) return 'a negative amount of data'
  if (view.sendQueuedBytes + view.sendUnackedBytes > view.sendBufferBytes) return 'more to send than the buffer holds'
  if (view.sndWnd > view.maxSndWnd) return 'SND.WND is beyond its maximum'
  if (view.rack.on && (view.rack.lost < 0 || view.pipe > view.flightSize)) return 'a pipe that cannot be'
  let least = view.sndUna
  for (const { start, end } of view.sackedRanges) {
    if (!seqLe(least, start) || !seqLt(start, end) || !seqLe(end, view.sndNxt)) return 'reported ranges out of order'
    least = seqAdd(end, 1)
  }
  if (!(view.cwnd >= 0) || !(view.ssthresh >= 0) || !(view.pipe >= 0)) return 'a congestion window that is no amount'
  const synIsAcked = isSynchronized(view.state) && view.sndUna !== view.iss
  if (synIsAcked && !(view.cwnd >= 1)) return 'a congestion window that lets nothing through'
  return null
}

function brokenReceiveSide(view: TcpSnapshot): string | null {
  if (isSynchronized(view.state) && !seqLe(view.rcvNxt, view.rcvAdvertisedEdge)) return 'RCV.NXT is beyond the window'
  if (view.receiveRanges.length > maxHeldRanges || view.path.length > maxPathLength) return 'a list without an end'
  let edge = view.rcvNxt
  for (const { start, end } of view.receiveRanges) {
    if (!seqLt(edge, start) || !seqLt(start, end)) return 'held ranges out of order'
    if (isSynchronized(view.state) && !seqLe(end, view.rcvAdvertisedEdge)) return 'bytes held beyond the window'
    edge = end
  }
  return null
}

/** Exactly one of the timers against loss runs while something is out or waits, none runs for nothing, and none is due already. */
function brokenTimers(view: TcpSnapshot, nowUs: number): string | null {
  for (const [name, deadline] of Object.entries(view.timers)) if (deadline !== -1 && !(deadline >= nowUs)) return `the timer ${name} was due in the past`
  const { retransmit, persist, reorder, lossProbe } = view.timers
  const armed = [retransmit, persist, reorder, lossProbe].filter((deadline) => deadline !== -1).length
  const carriesData = isSynchronized(view.state) && view.state !== TcpState.timeWait
  const finWaits = !view.finSent && (view.state === TcpState.finWait1 || view.state === TcpState.lastAck || view.state === TcpState.closing)
  const isBusy = carriesData && (view.sndUna !== view.sndNxt || view.sendQueuedBytes > 0 || finWaits)
  const opens = view.state === TcpState.synSent || view.state === TcpState.synReceived
  if (armed > 1) return 'more than one timer against loss'
  if (isBusy && armed !== 1) return 'no timer against loss'
  if (opens && retransmit === -1) return 'a handshake without a timer'
  if (!isBusy && !opens && armed > 0) return 'a timer for nothing'
  if (view.state === TcpState.closed && Object.values(view.timers).some((deadline) => deadline !== -1)) return 'a timer of a closed connection'
  return null
}

/** What only ever grows in the life of a connection; remembers one moment to compare the next with. */
export class Progress {
  private state = -1
  private iss = 0
  private irs = 0
  private sndUna = 0
  private rcvNxt = 0
  private edge = 0
  private maxReceiveBytes = 0

  /** @returns what went back since the last look, or null */
  wentBack(view: TcpSnapshot): string | null {
    const isSame = this.state >= TcpState.established && isSynchronized(view.state) && this.iss === view.iss && this.irs === view.irs
    const problem = isSame ? this.compare(view) : null
    this.state = view.state
    this.iss = view.iss
    this.irs = view.irs
    this.sndUna = view.sndUna
    this.rcvNxt = view.rcvNxt
    this.edge = view.rcvAdvertisedEdge
    this.maxReceiveBytes = Math.max(this.maxReceiveBytes, view.receiveBufferBytes)
    return problem ?? this.tooMuchHeld(view)
  }

  private compare(view: TcpSnapshot): string | null {
    if (seqLt(view.sndUna, this.sndUna)) return 'SND.UNA went back'
    if (seqLt(view.rcvNxt, this.rcvNxt)) return 'RCV.NXT went back'
    if (seqLt(view.rcvAdvertisedEdge, this.edge)) return 'the window\'s edge moved left'
    return null
  }

  /** A limit that was lowered meanwhile does not take back what was offered under the old one. */
  private tooMuchHeld(view: TcpSnapshot): string | null {
    const held = view.receiveUnreadBytes + view.receiveOutOfOrderBytes
    if (held > this.maxReceiveBytes) return `${held} bytes in a receive buffer of ${this.maxReceiveBytes}`
    const offered = isSynchronized(view.state) ? seqDiff(view.rcvAdvertisedEdge, view.rcvNxt) + view.receiveUnreadBytes : 0
    return offered > Math.max(this.maxReceiveBytes, 1) + 1 ? `a window of ${offered} over a buffer of ${this.maxReceiveBytes}` : null
  }
}
