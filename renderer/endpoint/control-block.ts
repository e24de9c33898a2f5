import type { TcpSnapshot } from '../../src/tcp/snapshot.ts'

export type UnitKey = 'seq' | 'bytes' | 'ms' | 'count' | 'shift' | 'onOff' | 'none'

/** One variable of the TCB as the window lists it; `name` is the RFC's. */
export interface Variable {
  name: string
  group: 'send' | 'congestion' | 'timing' | 'receive' | 'start'
  unit: UnitKey
  rfc: string
  read: (tcb: TcpSnapshot) => number | string | boolean
}

/** Every variable of the TCB in the order that the window shows: send, congestion, timing, receive, start. */
export const variables: readonly Variable[] = [
  { name: 'SND.UNA', group: 'send', unit: 'seq', rfc: '9293 §3.3.1', read: (tcb) => tcb.sndUna },
  { name: 'SND.NXT', group: 'send', unit: 'seq', rfc: '9293 §3.3.1', read: (tcb) => tcb.sndNxt },
  { name: 'SND.WND', group: 'send', unit: 'bytes', rfc: '9293 §3.3.1', read: (tcb) => tcb.sndWnd },
  { name: 'SND.WL1', group: 'send', unit: 'seq', rfc: '9293 §3.3.1', read: (tcb) => tcb.sndWl1 },
  { name: 'SND.WL2', group: 'send', unit: 'seq', rfc: '9293 §3.3.1', read: (tcb) => tcb.sndWl2 },
  { name: 'Snd.Wind.Shift', group: 'send', unit: 'shift', rfc: '7323 §2.3', read: (tcb) => tcb.sndWndShift },
  { name: 'Eff.snd.MSS', group: 'send', unit: 'bytes', rfc: '9293 §3.7.1', read: (tcb) => tcb.sndMss },
  { name: 'FlightSize', group: 'send', unit: 'bytes', rfc: '5681 §2', read: (tcb) => tcb.flightSize },
  { name: 'cwnd', group: 'congestion', unit: 'bytes', rfc: '5681 §3.1', read: (tcb) => tcb.cwnd },
  { name: 'ssthresh', group: 'congestion', unit: 'bytes', rfc: '5681 §3.1', read: (tcb) => tcb.ssthresh },
  { name: 'dupacks', group: 'congestion', unit: 'count', rfc: '5681 §3.2', read: (tcb) => tcb.dupAcks },
  { name: 'recover', group: 'congestion', unit: 'seq', rfc: '6582 §3.2', read: (tcb) => tcb.recover },
  { name: 'SRTT', group: 'timing', unit: 'ms', rfc: '6298 §2', read: (tcb) => tcb.srttUs },
  { name: 'RTTVAR', group: 'timing', unit: 'ms', rfc: '6298 §2', read: (tcb) => tcb.rttvarUs },
  { name: 'RTO', group: 'timing', unit: 'ms', rfc: '6298 §2.4', read: (tcb) => tcb.rtoUs },
  { name: 'backoff', group: 'timing', unit: 'count', rfc: '6298 §5.5', read: (tcb) => tcb.backoff },
  { name: 'RCV.NXT', group: 'receive', unit: 'seq', rfc: '9293 §3.3.1', read: (tcb) => tcb.rcvNxt },
  { name: 'RCV.WND', group: 'receive', unit: 'bytes', rfc: '9293 §3.3.1', read: (tcb) => tcb.rcvWnd },
  { name: 'Rcv.Wind.Shift', group: 'receive', unit: 'shift', rfc: '7323 §2.3', read: (tcb) => tcb.rcvWndShift },
  { name: 'RMSS', group: 'receive', unit: 'bytes', rfc: '5681 §2', read: (tcb) => tcb.rcvMss },
  { name: 'ISS', group: 'start', unit: 'seq', rfc: '9293 §3.4.1', read: (tcb) => tcb.iss },
  { name: 'IRS', group: 'start', unit: 'seq', rfc: '9293 §3.4.1', read: (tcb) => tcb.irs },
  { name: 'Snd.TS.OK', group: 'start', unit: 'onOff', rfc: '7323 §2.2', read: (tcb) => tcb.timestampsOn },
  { name: 'SACK-permitted', group: 'start', unit: 'onOff', rfc: '2018 §2', read: (tcb) => tcb.sackOn },
]

/** Remembers when each variable last changed, so that the table can say how long ago. */
export class ChangeTimes {
  private readonly values: (number | string | boolean)[] = []
  private readonly changedUs: number[] = []

  /** Takes in a new reading; the first one counts as a change at that moment. */
  take(tcb: TcpSnapshot, timeUs: number): void {
    variables.forEach((variable, i) => {
      const value = variable.read(tcb)
      if (this.values[i] === value) return
      this.values[i] = value
      this.changedUs[i] = timeUs
    })
  }

  /** µs since variable `index` changed. */
  agoUs(index: number, nowUs: number): number {
    return nowUs - (this.changedUs[index] ?? nowUs)
  }
}
