import { Reason } from './reasons.ts'
import { limitSendMss } from './path-mtu.ts'
import type { TcpSegment } from './segment.ts'
import type { Tcb } from './tcb.ts'

/** What a peer that sends no MSS option can take (RFC 9293 §3.7.1). */
const defaultMss = { 4: 536, 6: 1220 } as const

/** The shift we offer: the configured one, or the smallest that lets the whole receive buffer be advertised (RFC 7323 §2.3). */
export function offeredWindowShift(tcb: Tcb): number {
  if (tcb.config.windowShift >= 0) return tcb.config.windowShift
  let shift = 0
  while (shift < 14 && tcb.receiveBuffer.limit > 0xffff * 2 ** shift) shift++
  return shift
}

/** Settles what both sides can do from the options of the peer's SYN or SYN+ACK. */
export function takeSynOptions(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  const { config } = tcb
  const { options } = segment
  takeMss(tcb, options.mss, nowUs)
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
  }
  if (config.sackPermitted && options.sackPermitted) {
    tcb.sackOn = true
    tcb.setting(Reason.setSack, nowUs)
  }
}

/** Eff.snd.MSS before options (RFC 9293 §3.7.1): the smaller of the peer's limit and the path's. */
function takeMss(tcb: Tcb, offered: number, nowUs: number): void {
  const peerMss = offered < 0 ? defaultMss[tcb.ipVersion] : offered
  tcb.peerMss = peerMss
  limitSendMss(tcb)
  tcb.setting(Reason.setMss, nowUs, tcb.sndMss, peerMss, tcb.rcvMss)
}
