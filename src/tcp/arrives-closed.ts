import { TcpFlag } from '../wire/tcp.ts'
import { oweReset } from './lifecycle.ts'
import { Reason } from './reasons.ts'
import type { TcpSegment } from './segment.ts'
import type { Tcb } from './tcb.ts'

/** CLOSED (RFC 9293 §3.10.7.1): everything is refused, a RST in silence. */
export function arrivesClosed(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  if ((segment.flags & TcpFlag.rst) !== 0) return tcb.drop(Reason.dropClosedRst, segment, nowUs)
  tcb.drop(Reason.dropClosed, segment, nowUs)
  oweReset(tcb, (segment.flags & TcpFlag.ack) !== 0 ? Reason.rstClosedAck : Reason.rstClosedNoAck, segment)
}
