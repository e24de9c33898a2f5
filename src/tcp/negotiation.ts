import { takeEcnSetup } from './ecn.ts'
import { Reason } from './reasons.ts'
import { limitSendMss } from './path-mtu.ts'
import type { TcpSegment } from './segment.ts'
import { isSynchronized } from './state.ts'
import type { Tcb } from './tcb.ts'
import { takeUserTimeout } from './user-timeout.ts'

/** The option with its padding. */
const timestampBytes = 12
/** What a peer that sends no MSS option can take (RFC 9293 §3.7.1). */
const defaultMss = { 4: 536, 6: 1220 } as const

/**
 * The shift of our windows (RFC 7323 §2.3): the configured one, as far as the receive buffer fills a unit of it, or the smallest that lets
 * the whole buffer be advertised. What a first SYN offered stays, whatever becomes of the buffer.
 */
export function offeredWindowShift(tcb: Tcb): number {
  if (tcb.offeredShift < 0) tcb.offeredShift = chooseWindowShift(tcb.config.windowShift, tcb.receiveBuffer.limit)
  return tcb.offeredShift
}

export function chooseWindowShift(configured: number, bufferBytes: number): number {
  let shift = Math.max(0, configured)
  // A unit larger than the buffer would make every window zero.
  while (shift > 0 && 1 << shift > bufferBytes) shift--
  while (configured < 0 && shift < 14 && bufferBytes > 0xffff * (1 << shift)) shift++
  return shift
}

/** The least window that can be told; less free space than that is offered as none. */
export function windowUnit(tcb: Tcb): number {
  return tcb.scalingOn || !isSynchronized(tcb.state) ? 1 << Math.max(0, tcb.offeredShift) : 1
}

/** Settles what both sides can do from the options of the peer's SYN or SYN+ACK. */
export function takeSynOptions(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  const { config } = tcb
  const { options } = segment
  takeMss(tcb, options.mss, nowUs)
  if (config.bareSyn) return
  if (config.windowScaling && options.windowScale >= 0) {
    tcb.scalingOn = true
    tcb.sndWndShift = Math.min(options.windowScale, 14)
    tcb.rcvWndShift = offeredWindowShift(tcb)
    tcb.setting(Reason.setWindowScale, nowUs, tcb.sndWndShift, tcb.rcvWndShift)
  }
  if (config.timestamps && options.hasTimestamp) {
    tcb.timestampsOn = true
    tcb.tsRecent = options.tsVal
    tcb.tsRecentUs = nowUs
    tcb.setting(Reason.setTimestamps, nowUs, options.tsVal)
    // A passive open knows what a segment holds before it offers a window.
    if (tcb.passive && config.windowOfWholeSegments) offerWholeSegments(tcb, tcb.rcvMss - timestampBytes)
  }
  if (config.sackPermitted && options.sackPermitted) {
    tcb.sackOn = true
    tcb.setting(Reason.setSack, nowUs)
  }
  takeEcnSetup(tcb, segment, nowUs)
  if (tcb.userTimeout !== null && options.userTimeout >= 0) takeUserTimeout(tcb, tcb.userTimeout, options.userTimeout, nowUs)
}

/** Of the buffer as many segments as fit are offered. */
export function offerWholeSegments({ config, receiveBuffer }: Tcb, segmentBytes: number): void {
  const { receiveBufferBytes } = config
  if (segmentBytes > 0 && receiveBufferBytes > segmentBytes) receiveBuffer.setLimit(receiveBufferBytes - receiveBufferBytes % segmentBytes)
}

/** Eff.snd.MSS before options (RFC 9293 §3.7.1): the smaller of the peer's limit and the path's. */
function takeMss(tcb: Tcb, offered: number, nowUs: number): void {
  const peerMss = offered < 0 ? defaultMss[tcb.ipVersion] : offered
  tcb.peerMss = peerMss
  limitSendMss(tcb)
  tcb.setting(Reason.setMss, nowUs, tcb.sndMss, peerMss, tcb.rcvMss)
}
