import { Sending } from '../tcp/send-times.ts'
import type { TcpSnapshot } from '../tcp/snapshot.ts'
import { TcpState } from '../tcp/state.ts'
import { infoStates } from './constants.ts'
import type { CodeValue } from './code.ts'
import type { SocketLayer } from './sockets/layer.ts'

const unknownThreshold = 0x7fff_ffff
const timestampBytes = 12
const usPerMillisecond = 1000

/** The variables `tcpi_…` of this moment, of the socket under test: TCP_INFO of Linux by its names; the windows in segments there, in bytes on FreeBSD. */
export function measure(layer: SocketLayer): Map<string, CodeValue> {
  const values = new Map<string, CodeValue>()
  const { underTest, profile } = layer
  if (underTest === null) return values
  const set = (name: string, value: number) => values.set(`tcpi_${name}`, value)
  const state = layer.stateOf(underTest)
  // Linux gives TIME-WAIT to a record of its own, and the socket is closed.
  set('state', infoStates[state === TcpState.timeWait && profile.sockets.timeWaitLooksClosed ? TcpState.closed : state])
  const view = layer.view(underTest)
  if (view === null) return values
  const isLinux = profile.sockets.system === 'linux'
  const mss = Math.max(1, view.sndMss)
  const inUnits = (bytes: number) => isLinux ? Math.floor(bytes / mss) : bytes
  const segments = (bytes: number) => Math.ceil(bytes / mss)
  const sacked = view.sackedRanges.reduce((sum, { start, end }) => sum + ((end - start) >>> 0), 0)
  set('options', (view.timestampsOn ? 1 : 0) | (view.sackOn ? 2 : 0) | (view.sndWndShift > 0 || view.rcvWndShift > 0 ? 4 : 0) | (view.fastOpen === 'taken' || view.fastOpen === 'accepted' ? 32 : 0))
  set('snd_cwnd', inUnits(view.cwnd))
  set('snd_ssthresh', view.ssthresh >= unknownThreshold ? unknownThreshold : inUnits(view.ssthresh))
  set('ca_state', caState(view.inRecovery, view.congestionPhase, view.dupAcks, sacked, view.cwrDue))
  set('unacked', segments(view.flightSize))
  set('sacked', segments(sacked))
  const isRepairing = view.inRecovery || view.congestionPhase === 'lossRecovery'
  set('lost', segments(view.rack.on ? view.rack.lost + (isRepairing ? view.rack.resent : 0) : Math.max(0, view.flightSize - sacked - view.pipe)))
  // A tail loss probe is a repetition, but nothing is known to be lost.
  set('retrans', isRepairing ? segments(view.rack.resent) : 0)
  set('delivered', view.state < TcpState.established ? 0 : 1 + segments(view.bytesAcked) + segments(sacked))
  set('delivered_ce', view.accurateEcn.on ? view.accurateEcn.sCep - 5 : 0)
  set('total_retrans', view.retransmissions)
  set('backoff', view.backoff + view.persistBackoff)
  set('rtt', Math.max(0, view.srttUs))
  set('rttvar', view.rttvarUs)
  set('rto', view.rtoUs)
  set('snd_mss', mss)
  set('advmss', view.rcvMss - (isLinux && view.timestampsOn ? timestampBytes : 0))
  set('rcv_mss', isLinux ? view.largestReceived : view.rcvMss)
  set('reordering', 3)
  set('reord_seen', view.rack.reorderingSeen ? 1 : 0)
  set('min_rtt', view.rack.minRttUs >= 0 ? view.rack.minRttUs : Math.max(0, view.srttUs))
  set('pmtu', view.pathMtu)
  set('dsack_dups', view.dsacks)
  set('bytes_sent', view.bytesSent + view.retransmittedBytes)
  set('bytes_retrans', view.retransmittedBytes)
  set('snd_wscale', view.sndWndShift)
  set('rcv_wscale', view.rcvWndShift)
  set('rcv_space', view.rcvWnd)
  set('snd_wnd', view.sndWnd)
  set('bytes_acked', view.bytesAcked)
  set('bytes_received', view.bytesReceived)
  set('notsent_bytes', view.sendQueuedBytes)
  set('segs_in', view.segmentsReceived)
  // What was not accepted yet has no counters there.
  set('segs_out', view.segmentsSent - (isLinux && underTest.cameIn ? 1 : 0))
  set('probes', view.probesOut)
  set('retransmits', view.timeouts)
  set('data_segs_out', view.dataSegmentsSent)
  set('data_segs_in', view.dataSegmentsReceived)
  set('rcv_ooopack', view.outOfOrderSegments)
  if (view.lastTextUs >= 0) set('last_data_recv', Math.floor((layer.nowUs - view.lastTextUs) / usPerMillisecond))
  setSendingTimes(set, view.sending, layer.nowUs)
  if (view.state === TcpState.closed) set('unacked', 0)
  return values
}

/** The limited times are part of the busy one. */
function setSendingTimes(set: (name: string, value: number) => void, { busyUs, byWindowUs, byBufferUs, kind, sinceUs }: TcpSnapshot['sending'], nowUs: number): void {
  const running = (which: number) => kind === which ? nowUs - sinceUs : 0
  const windowUs = byWindowUs + running(Sending.byWindow)
  const bufferUs = byBufferUs + running(Sending.byBuffer)
  set('busy_time', busyUs + running(Sending.busy) + windowUs + bufferUs)
  set('rwnd_limited', windowUs)
  set('sndbuf_limited', bufferUs)
}

function caState(inRecovery: boolean, phase: string, dupAcks: number, sacked: number, byEcn: boolean): number {
  if (phase === 'lossRecovery' || phase === 'timeout') return 4
  if (inRecovery) return 3
  if (byEcn) return 2
  return dupAcks > 0 || sacked > 0 ? 1 : 0
}
