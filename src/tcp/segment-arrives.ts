import { arrivesClosed } from './arrives-closed.ts'
import { arrivesListen } from './arrives-listen.ts'
import { arrivesOtherwise } from './arrives-otherwise.ts'
import { arrivesSynSent } from './arrives-syn-sent.ts'
import type { TcpSegment } from './segment.ts'
import { TcpState } from './state.ts'
import type { Tcb } from './tcb.ts'

/** SEGMENT ARRIVES (RFC 9293 §3.10.7). The checksum is good and the ports are the connection's. */
export function segmentArrives(tcb: Tcb, segment: TcpSegment, nowUs: number): void {
  tcb.segmentsReceived++
  tcb.lastHeardUs = nowUs
  tcb.keepAliveCount = 0
  tcb.probesOut = 0
  switch (tcb.state) {
    case TcpState.closed: return arrivesClosed(tcb, segment, nowUs)
    case TcpState.listen: return arrivesListen(tcb, segment, nowUs)
    case TcpState.synSent: return arrivesSynSent(tcb, segment, nowUs)
    default: return arrivesOtherwise(tcb, segment, nowUs)
  }
}
