import type { TcpSnapshot } from '../../src/tcp/snapshot.ts'

export type PartKind = 'inFlight' | 'queued' | 'free' | 'unread' | 'hole' | 'outOfOrder'

export interface Part { kind: PartKind, bytes: number }

/** A buffer in byte order: the parts add up to the capacity. */
export interface BufferGauge {
  capacity: number
  parts: Part[]
  /** Bytes in use. */
  used: number
  /** Where the window lies, as offsets from the start of the buffer; null for a send buffer. */
  window: { from: number, to: number } | null
}

/** The send buffer: sent and not acknowledged, waiting to be sent, free. */
export function sendGauge(tcb: TcpSnapshot): BufferGauge {
  const used = tcb.sendUnackedBytes + tcb.sendQueuedBytes
  const parts = nonEmpty([
    { kind: 'inFlight', bytes: tcb.sendUnackedBytes },
    { kind: 'queued', bytes: tcb.sendQueuedBytes },
    { kind: 'free', bytes: Math.max(0, tcb.sendBufferBytes - used) },
  ])
  return { capacity: tcb.sendBufferBytes, parts, used, window: null }
}

/** The receive buffer: unread, then holes and out-of-order bytes, then free; the window is what lies behind RCV.NXT. */
export function receiveGauge(tcb: TcpSnapshot): BufferGauge {
  const parts: Part[] = [{ kind: 'unread', bytes: tcb.receiveUnreadBytes }]
  let at = tcb.rcvNxt
  let held = 0
  for (const range of tcb.receiveRanges) {
    const hole = (range.start - at) >>> 0
    const bytes = (range.end - range.start) >>> 0
    parts.push({ kind: 'hole', bytes: hole }, { kind: 'outOfOrder', bytes })
    held += hole + bytes
    at = range.end
  }
  const used = tcb.receiveUnreadBytes + held
  parts.push({ kind: 'free', bytes: Math.max(0, tcb.receiveBufferBytes - used) })
  return {
    capacity: tcb.receiveBufferBytes,
    parts: nonEmpty(parts),
    used: tcb.receiveUnreadBytes + tcb.receiveOutOfOrderBytes,
    window: { from: tcb.receiveUnreadBytes, to: tcb.receiveUnreadBytes + tcb.rcvWnd },
  }
}

function nonEmpty(parts: Part[]): Part[] {
  return parts.filter((part) => part.bytes > 0)
}
