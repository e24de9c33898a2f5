import { describe, expect, it } from 'vitest'
import { Reason, allReasons, firstStateReason, reasonAt } from '../../../src/tcp/reasons.ts'
import type { ReasonId } from '../../../src/tcp/reasons.ts'
import { SendFlag } from '../../../src/tcp/send-flags.ts'
import { TcpSegment } from '../../../src/tcp/segment.ts'
import { inputNumber, tcpInputs } from '../../../src/tcp/state.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { reasons as en } from '../../../src/words/en/reasons.ts'
import { reasons as ko } from '../../../src/words/ko/reasons.ts'
import { traceIn } from '../../support/tcp-states.ts'
import { established, ms, s, TcpTrace } from '../../support/tcp-trace.ts'

const tcp = { timestamps: true } as const
const sends = (t: TcpTrace, ...lines: string[]) => {
  for (const line of lines) {
    t.skip()
    t.peer.sends(line)
  }
  return t
}
const writes = (t: TcpTrace, length: number) => {
  t.write(length)
  t.skip()
  return t
}
const opens = (config = {}) => {
  const t = new TcpTrace({ config }).open()
  t.skip()
  return t
}
const dupAcks = (t: TcpTrace, count: number) => sends(t, ...Array.from({ length: count }, () => '. 1:1(0) ack 1 win 65535'))
const flying = (config = {}) => writes(established({ config: { initialWindowSegments: 4, ...config } }), 30 * 1460)
const sacked = (written: number, ...lines: string[]) => {
  const t = writes(established({ peerMss: 1000, config: { sackPermitted: true, rackTlp: false, initialWindowSegments: 8 } }), written * 1000)
  return sends(t, ...lines.map((line) => `. 1:1(0) ${line.replace(' sack', ' win 65535 <nop,nop,sack')}>`))
}
/** The same by time, over a path of 100 ms; `lines` come 100 ms apart. */
const racked = (written: number, ...lines: string[]) => {
  const t = sends(opens({ sackPermitted: true, initialWindowSegments: 8 }).after(100 * ms), 'S. 0:0(0) ack 1 win 65535 <mss 1000,sackOK>')
  writes(t, written * 1000)
  for (const line of lines) sends(t.after(100 * ms), `. 1:1(0) ${line.replace(' sack', ' win 65535 <nop,nop,sack')}`)
  return t
}
/** A connection with ECN. */
const ecn = () => sends(opens({ ecn: 'on' }), 'SE. 0:0(0) ack 1 win 65535 <mss 1460>')
/** Round trips of ten ACKs each whose timestamps show these times. */
const roundTrips = (...roundTripsMs: number[]) => {
  const t = established({ config: { timestamps: true, hystart: true } }).at(1 * s)
  t.write(200_000)
  let flight = t.skip().length
  let acked = 0
  for (const roundTripMs of roundTripsMs) {
    const sentMs = t.nowUs / ms
    const before = acked
    t.after(roundTripMs * ms)
    let sent = 0
    for (let i = 1; i <= 10; i++) {
      acked = before + Math.floor(flight * i / 10) * 1448
      t.peer.sends(`. 1:1(0) ack ${1 + acked} win 65535 <nop,nop,TS val 1 ecr ${sentMs}>`)
      sent += t.skip().length
    }
    flight = sent
  }
  return t
}
const tooBig = () => {
  const t = flying()
  t.connection.handlePacketTooBig(1400, t.isn + 1, 0)
  return t.poll()
}
const mtuProbing = () => {
  const t = writes(established(), 1)
  t.connection.handlePacketTooBig(1400, t.isn + 1, 0)
  t.peer.sends('. 1:1(0) ack 2 win 65535')
  return writes(t.after(600 * s), 20_000)
}
const closedBothWays = () => {
  const t = established()
  t.connection.closeBoth(0)
  return sends(t.poll(), '. 1:11(10) ack 2 win 1')
}
const synFrom = (t: TcpTrace, seq: number) => Object.assign(new TcpSegment(), { sourcePort: 40_000, seq: t.peerIsn + seq, flags: TcpFlag.syn })
const timestamped = () => established({ config: tcp })
const cookie = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const terms = { cookies: [cookie], mss: 1460, hasRoom: true }
/** A SYN with 100 bytes of data and a cookie. */
const opensFast = () => {
  const t = new TcpTrace({ fastOpen: terms })
  t.connection.open(0)
  return writes(t, 100)
}
const hearsFast = (option: string, hasRoom = true) => sends(new TcpTrace({ fastOpen: { ...terms, hasRoom } }).listen(), `S 0:10(10) win 1000 <mss 1000,FO${option}>`)
/** A server with accurate ECN. */
const accurate = () => sends(new TcpTrace({ config: { accurateEcn: 'passive' } }).listen(), 'SEWA 0:0(0) win 65535 <mss 1460>')
const simultaneous = () => sends(opens(), 'S 0:0(0) win 1000')

/** Of segments that answer without a connection: syn-cookie.test.ts has their story. */
const ofNoConnection = ['synAckCookie'] as const
type ToldReason = Exclude<ReasonId, typeof ofNoConnection[number]>
const toldReasons = allReasons.map(({ id }) => id).filter((id): id is ToldReason => !ofNoConnection.some((other) => other === id))

/** For every other reason there is, the shortest story that ends with it; a reason without one does not compile. */
const stories: Record<ToldReason, () => TcpTrace> = {
  synOpen: () => opens(),
  synCookieRequest: () => new TcpTrace({ fastOpen: { cookies: [], mss: 0, hasRoom: true } }).open(),
  synFastOpen: opensFast,
  setFastOpenCookie: () => sends(opensFast(), 'S. 0:0(0) ack 101 win 1000 <mss 1000,FO 0a0b0c0d>'),
  setFastOpenTaken: () => sends(opensFast(), 'S. 0:0(0) ack 101 win 1000'),
  setFastOpenRefused: () => sends(opensFast(), 'S. 0:0(0) ack 1 win 1000'),
  setFastOpenFallback: () => opensFast().after(1 * s),
  setFastOpenAccepted: () => hearsFast(' 0102030405060708'),
  setFastOpenGranted: () => hearsFast(''),
  setFastOpenLimit: () => hearsFast(' 0102030405060708', false),
  synAckReply: () => traceIn('synReceived'),
  synAckSimultaneous: simultaneous,
  synAckDuplicateSyn: () => sends(traceIn('synReceived'), 'S 0:0(0) win 1000'),
  synAckOtherSyn: () => sends(traceIn('synReceived', { config: { firstSynCounts: true } }), 'S 7:7(0) win 1000'),
  synTimeout: () => opens().after(1 * s),
  dataFull: () => writes(established(), 1460),
  dataIdle: () => writes(established(), 1),
  dataNagleOff: () => writes(writes(established({ config: { nagle: false } }), 1), 1),
  dataSmallFree: () => writes(established({ config: { nagleWaitsFor: 'small' } }), 1500),
  dataLast: () => sends(writes(established({ config: { initialWindowSegments: 2 } }), 2 * 1460 + 10).close(), '. 1:1(0) ack 1461 win 65535'),
  dataFillsWindow: () => writes(established({ window: 1600, config: { fillsWindow: true, burstSegments: 2, nagleWaitsFor: 'small' } }), 5000),
  dataHalfWindow: () => writes(established({ window: 1000 }), 5000),
  dataOverride: () => writes(sends(writes(established({ window: 1000 }), 10), '. 1:1(0) ack 11 win 100'), 500).after(1 * s),
  limitedTransmit: () => dupAcks(flying(), 1),
  fin: () => established().close(),
  windowProbe: () => writes(established({ window: 0 }), 1).after(1 * s),
  keepAliveProbe: () => established({ config: { keepAlive: true } }).after(7200 * s),
  retransmitTimeout: () => flying().after(1 * s),
  lossRecovery: () => sends(flying({ frto: false }).after(1 * s), '. 1:1(0) ack 1461 win 65535'),
  fastRetransmit: () => dupAcks(flying(), 3),
  partialAck: () => sends(dupAcks(flying(), 3), '. 1:1(0) ack 1461 win 65535'),
  sackFirstHole: () => sacked(8, 'ack 1 sack 1001:4001'),
  sackLost: () => sacked(8, 'ack 1 sack 1001:2001 3001:8001'),
  sackUnlost: () => sacked(8, 'ack 1 sack 1001:4001 5001:6001', 'ack 1 sack 6001:7001'),
  sackRescue: () => sacked(8, 'ack 1 sack 1001:4001 5001:6001', 'ack 1 sack 6001:7001', 'ack 4001 sack 5001:7001'),
  rackFirst: () => racked(8, 'ack 1 sack 1001:4001>'),
  rackLost: () => racked(8, 'ack 1 sack 1001:2001 3001:8001>'),
  frtoData: () => sends(flying().after(1 * s), '. 1:1(0) ack 1461 win 65535'),
  probeNew: () => racked(10).after(200 * ms),
  probeLast: () => racked(8).after(200 * ms),
  windowOpened: () => sends(writes(established({ window: 0 }), 10).after(1 * s), '. 1:1(0) ack 1 win 100'),
  packetTooBig: tooBig,
  mtuProbe: mtuProbing,
  ackHandshake: () => established(),
  ackSecondSegment: () => sends(established(), '. 1:1461(1460) ack 1 win 1', '. 1461:2921(1460) ack 1 win 1'),
  ackDelayTimer: () => sends(established(), '. 1:2(1) ack 1 win 1').after(200 * ms),
  ackImmediate: () => sends(established({ config: { delayedAck: false } }), '. 1:2(1) ack 1 win 1'),
  ackQuick: () => sends(established({ config: { quickAckSegments: 1 } }), '. 1:2(1) ack 1 win 1'),
  ackOutOfOrder: () => sends(established(), '. 2:3(1) ack 1 win 1'),
  ackGapFilled: () => sends(established(), '. 2:3(1) ack 1 win 1', '. 1:2(1) ack 1 win 1'),
  ackMarks: () => sends(accurate(), 'W. 1:1(0) ack 1 win 65535', '(ce) EA. 1:101(100) ack 1 win 65535'),
  ackFin: () => traceIn('closeWait'),
  ackOldData: () => sends(established(), '. 1:2(1) ack 1 win 1', '. 1:2(1) ack 1 win 1'),
  ackUnacceptable: () => sends(established(), '. 70000:70001(1) ack 1 win 1'),
  ackZeroWindow: () => sends(established({ config: { receiveBufferBytes: 1 } }), '. 1:2(1) ack 1 win 1', '. 2:3(1) ack 1 win 1'),
  ackFuture: () => sends(established(), '. 1:1(0) ack 9 win 1'),
  ackTimeWaitFin: () => sends(traceIn('timeWait'), 'F. 1:1(0) ack 2 win 1'),
  ackOldTimestamp: () => sends(timestamped(), '. 1:2(1) ack 1 win 1 <nop,nop,TS val 0 ecr 0>'),
  challengeRst: () => sends(established(), 'R 2:2(0) win 0'),
  challengeSyn: () => sends(established(), 'S 2:2(0) win 0'),
  challengeOldAck: () => sends(established({ window: 10 }), '. 1:1(0) ack 4294967200 win 10'),
  windowUpdate: () => {
    const t = sends(established({ config: { receiveBufferBytes: 10 } }), '. 1:11(10) ack 1 win 1').after(200 * ms)
    t.read()
    return t
  },
  rstClosedAck: () => sends(traceIn('closed'), '. 1:1(0) ack 1 win 1'),
  rstClosedNoAck: () => sends(traceIn('closed'), 'S 1:1(0) win 1'),
  rstSynInWindow: () => sends(established({ config: { synInWindowResets: true } }), 'S 5:5(0) win 0'),
  rstListenAck: () => sends(traceIn('listen'), '. 1:1(0) ack 1 win 1'),
  rstSynSentAck: () => sends(opens(), 'S. 0:0(0) ack 9 win 1'),
  rstSynReceivedAck: () => sends(traceIn('synReceived'), '. 1:1(0) ack 9 win 1'),
  rstAbort: () => established().abort(),
  rstUnread: () => {
    const t = sends(established(), '. 1:11(10) ack 1 win 1')
    t.connection.closeBoth(0)
    return t.poll()
  },
  rstReadingClosed: closedBothWays,
  rstEcnMixed: () => sends(accurate(), 'SEW 0:0(0) win 65535 <mss 1460>'),
  rstGaveUp: () => {
    const t = writes(established({ config: { giveUpResets: 'always', dataRetries: 1 } }), 10)
    return t.after(10 * s)
  },

  dropClosed: () => sends(traceIn('closed'), 'S 1:1(0) win 1'),
  dropClosedRst: () => sends(traceIn('closed'), 'R 1:1(0) win 1'),
  dropListenRst: () => sends(traceIn('listen'), 'R 1:1(0) win 1'),
  dropListenAck: () => sends(traceIn('listen'), '. 1:1(0) ack 1 win 1'),
  dropListenOther: () => sends(traceIn('listen'), 'F 1:1(0) win 1'),
  dropSynSentAck: () => sends(opens(), '. 0:0(0) ack 9 win 1'),
  dropSynSentRst: () => sends(opens(), 'R 0:0(0) win 1'),
  dropSynSentOther: () => sends(opens(), '- 0:0(0) win 1'),
  dropSynData: () => sends(opens({ synAckText: false }), 'S. 0:1(1) ack 1 win 1'),
  dropOldData: () => sends(established(), '. 1:2(1) ack 1 win 1', '. 1:2(1) ack 1 win 1'),
  dropUnacceptable: () => sends(established(), '. 70000:70000(0) ack 1 win 1'),
  dropZeroWindow: () => sends(established({ config: { receiveBufferBytes: 1 } }), '. 1:2(1) ack 1 win 1', '. 2:3(1) ack 1 win 1'),
  dropTrimmedLeft: () => sends(established(), '. 1:2(1) ack 1 win 1', '. 1:3(2) ack 1 win 1'),
  dropTrimmedRight: () => sends(established({ config: { receiveBufferBytes: 10 } }), '. 1:21(20) ack 1 win 1'),
  dropOldTimestamp: () => sends(timestamped(), '. 1:2(1) ack 1 win 1 <nop,nop,TS val 0 ecr 0>'),
  dropNoTimestamp: () => sends(timestamped(), '. 1:2(1) ack 1 win 1'),
  dropRstOutside: () => sends(established(), 'R 70000:70000(0) win 0'),
  dropTimeWaitRst: () => sends(traceIn('timeWait', { config: { timeWaitIgnoresReset: true } }), 'R 2:2(0) win 0'),
  dropRstInexact: () => sends(established(), 'R 2:2(0) win 0'),
  dropSyn: () => sends(established(), 'S 2:2(0) win 0'),
  dropTimeWaitSyn: () => {
    const t = traceIn('timeWait')
    t.connection.reopen(synFrom(t, 0), 0)
    return t
  },
  dropDuplicateSyn: () => sends(traceIn('synReceived'), 'S 0:0(0) win 1000'),
  dropNoAck: () => sends(established(), '- 1:2(1) win 1'),
  dropSynReceivedAck: () => sends(traceIn('synReceived'), '. 1:1(0) ack 9 win 1'),
  dropFutureAck: () => sends(established(), '. 1:1(0) ack 9 win 1'),
  dropOldAck: () => sends(established({ window: 10 }), '. 1:1(0) ack 4294967200 win 10'),
  dropAfterFin: () => sends(traceIn('closeWait'), '. 2:3(1) ack 1 win 1'),
  dropReadingClosed: closedBothWays,
  dropTooManyHoles: () => sends(established(), ...Array.from({ length: 65 }, (_, i) => `. ${2 + 2 * i}:${3 + 2 * i}(1) ack 1 win 1`)),
  dropQuoteOutside: () => {
    const t = established()
    t.connection.handlePacketTooBig(1400, t.isn + 1, 0)
    return t
  },
  dropPathMtu: () => {
    const t = flying()
    t.connection.handlePacketTooBig(1500, t.isn + 1, 0)
    return t
  },
  dropChallengeLimit: () => sends(established({ config: { challengeAckLimit: 1 } }), 'S 2:2(0) win 0', 'S 2:2(0) win 0'),

  heldHandshake: () => writes(opens(), 1),
  heldZeroWindow: () => writes(established({ window: 0 }), 1),
  heldWindow: () => writes(established({ window: 1460 }), 5000),
  heldCongestion: () => flying(),
  heldMarked: () => sends(writes(sends(writes(sends(opens({ ecn: 'on', initialWindowSegments: 1 }), 'SE. 0:0(0) ack 1 win 65535 <mss 1000>'), 5000), 'E. 1:1(0) ack 1001 win 65535'), 1), 'E. 1:1(0) ack 2001 win 65535'),
  heldNagle: () => writes(writes(established(), 1), 1),
  heldUnpushed: () => {
    const t = established()
    t.connection.send(Uint8Array.of(1), 0, 1, 0, 0)
    return t.poll()
  },
  heldSillyWindow: () => sends(writes(established({ window: 1000 }), 5000), '. 1:1(0) ack 1001 win 100'),
  heldAckDelay: () => sends(established(), '. 1:2(1) ack 1 win 1'),
  heldReordering: () => racked(8, 'ack 1 sack 1001:2001>'),
  heldAwaitingAck: () => writes(established(), 1),
  heldNothingQueued: () => established(),
  heldTimeWait: () => traceIn('timeWait'),
  heldWindowUpdate: () => {
    const t = sends(established({ config: { receiveBufferBytes: 8000 } }), ...Array.from({ length: 8 }, (_, i) => `. ${1 + 1000 * i}:${1001 + 1000 * i}(1000) ack 1 win 1`)).after(1 * s)
    t.read(100)
    return t
  },

  setOption: () => established().set('nagle', false),
  setMss: () => established(),
  setSynCookie: () => {
    const t = traceIn('listen')
    t.connection.acceptCookie(synFrom(t, 0), 0)
    return sends(t, '. 1:1(0) ack 1 win 100')
  },
  setPathMtu: tooBig,
  setBlackHole: () => flying().after(7 * s),
  setPathMtuRaised: () => sends(mtuProbing(), '. 1:1(0) ack 3921 win 65535'),
  setWindowScale: () => established({ config: { windowScaling: true } }),
  setTimestamps: timestamped,
  setSack: () => established({ config: { sackPermitted: true } }),
  setEcn: () => sends(opens({ ecn: 'on' }), 'SE. 0:0(0) ack 1 win 65535'),
  setAccurateEcn: accurate,
  setAccurateEcnOff: () => sends(accurate(), '. 1:1(0) ack 1 win 65535'),
  setAccurateMarks: () => sends(writes(sends(accurate(), 'W. 1:1(0) ack 1 win 65535'), 1460), 'WA. 1:1(0) ack 1449 win 65535'),
  setEcnFallback: () => opens({ ecn: 'on' }).after(3 * s),
  setInitialWindow: () => established(),
  setRttSample: () => established(),
  setBackoff: () => flying().after(1 * s),
  setUserTimeout: () => sends(new TcpTrace({ config: { userTimeoutOption: true } }).listen(), 'S 0:0(0) win 1000 <mss 1000,uto 400s>'),
  setTrouble: () => flying().after(7 * s),
  setSynLostRto: () => sends(opens().after(1 * s), 'S. 0:0(0) ack 1 win 1'),
  setTimeoutLoss: () => flying().after(1 * s),
  setFastRecovery: () => dupAcks(flying(), 3),
  setSackRecovery: () => sacked(8, 'ack 1 sack 1001:4001'),
  setRackLost: () => racked(8, 'ack 1 sack 1001:4001>'),
  setRackRecovery: () => racked(8, 'ack 1 sack 1001:4001>'),
  setReordering: () => sends(racked(2, 'ack 1 sack 1001:2001>'), '. 1:1(0) ack 2001 win 65535'),
  setReorderingWindow: () => racked(2, 'ack 2001 sack 1:1001>'),
  setLostAgain: () => racked(40, 'ack 1 sack 1001:8001>', 'ack 1 sack 1001:9001>'),
  setProbeLoss: () => {
    const t = sends(racked(8).after(200 * ms), '. 1:1(0) ack 8001 win 65535')
    return sends(writes(t, 1000).after(100 * ms), '. 1:1(0) ack 9001 win 65535')
  },
  setFrtoSpurious: () => sends(flying().after(1 * s), '. 1:1(0) ack 1461 win 65535', '. 1:1(0) ack 2921 win 65535'),
  setEifelSpurious: () => {
    const t = writes(established({ config: { timestamps: true, initialWindowSegments: 4 } }).at(1 * s), 5000)
    return sends(t.after(1 * s), '. 1:1(0) ack 1449 win 65535 <nop,nop,TS val 2 ecr 1000>')
  },
  setDsackSpurious: () => sacked(8, 'ack 1 sack 1001:4001', 'ack 8001 sack 1:1001'),
  setEcnReduced: () => sends(writes(ecn(), 8000), 'E. 1:1(0) ack 1461 win 65535'),
  setEcnMark: () => sends(ecn(), '(ce) . 1:2(1) ack 1 win 65535'),
  setEcnAnswered: () => sends(ecn(), '(ce) . 1:2(1) ack 1 win 65535', 'W. 2:3(1) ack 1 win 65535'),
  setDsack: () => sacked(8, 'ack 2001 sack 1:1001'),
  setRecovered: () => sends(dupAcks(flying(), 3), '. 1:1(0) ack 8761 win 65535'),
  setAvoidance: () => sends(flying().after(1 * s), '. 1:1(0) ack 1461 win 65535', '. 1:1(0) ack 2921 win 65535', '. 1:1(0) ack 4381 win 65535'),
  setConservativeStart: () => roundTrips(50, 60),
  setSlowStartAgain: () => roundTrips(50, 60, 50),
  setIdleRestart: () => {
    const t = established({ config: { initialWindowSegments: 1 } })
    for (let i = 0; i < 5; i++) sends(writes(t, 1460), `. 1:1(0) ack ${1 + 1460 * (i + 1)} win 65535`)
    return writes(t.after(10 * s), 1460)
  },
  setUrgent: () => sends(established(), 'U. 1:1(0) ack 1 win 1 urg 5'),
  setSendUrgent: () => {
    const t = established()
    t.connection.send(Uint8Array.of(1), 0, 1, 0, SendFlag.urgent | SendFlag.push)
    return t
  },

  onPassiveOpen: () => traceIn('listen'),
  onActiveOpen: () => opens(),
  onSend: () => writes(traceIn('listen'), 1),
  onClose: () => established().close(),
  onAbort: () => established().abort(),
  onRcvSyn: () => traceIn('synReceived'),
  onRcvSynAck: () => established(),
  onRcvAckOfSyn: () => traceIn('established'),
  onRcvFin: () => traceIn('closeWait'),
  onRcvAckOfFin: () => traceIn('finWait2'),
  onRcvFinAckOfFin: () => traceIn('timeWait'),
  onRcvRst: () => sends(established(), 'R 1:1(0) win 0'),
  onRcvRstOfPassive: () => sends(traceIn('synReceived'), 'R 1:1(0) win 0'),
  onRcvSynOfPassive: () => sends(traceIn('synReceived'), 'S 50:50(0) win 0'),
  onTimeout2Msl: () => traceIn('timeWait').after(240 * s),
  onUserTimeout: () => opens().after(300 * s),
  onUnreachable: () => {
    const t = opens()
    t.connection.handleUnreachable(0)
    return t
  },
  onReopen: () => {
    const t = traceIn('timeWait')
    t.connection.reopen(synFrom(t, 2), 0)
    return t
  },
}

const placeholders = (sentence: string) => [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).toSorted()

describe('every reason', () => {
  it.each(toldReasons)('%s has a story that leads to it', (id) => {
    const t = stories[id]().poll()
    const decision = t.decisions.findLast(({ reason }) => reason === id)
    expect(decision, t.why().join(' ')).toBeDefined()
    const { operands } = reasonAt(Reason[id])
    const values = decision!.operands
    expect(values.every(Number.isFinite)).toBe(true)
    if (id.startsWith('on')) return
    expect(values.slice(operands.length).every((value) => value === 0), `${id} carries more than ${operands.join()}: ${values.join()}`).toBe(true)
  })

  it('is on every segment that leaves, with its operands', () => {
    for (const [id, story] of Object.entries(stories)) {
      const t = story()
      const told = t.decisions.filter(({ verb }) => verb === 'sent' || verb === 'again' || verb === 'ack' || verb === 'reset')
      expect(told.map(({ reason, operands }) => [reason, ...operands]), id).toEqual(t.sent.map(({ segment }) => [segment.reason, ...segment.operands]))
      for (const { verb, seq, length } of told.filter(({ verb }) => verb === 'again')) expect([verb, length >= 0, Number.isInteger(seq)]).toEqual(['again', true, true])
      expect(t.sent.filter(({ segment }) => segment.isRetransmission)).toHaveLength(told.filter(({ verb }) => verb === 'again').length)
    }
  })

  it('has its own number, an RFC and at most four operands; state reasons follow the inputs', () => {
    expect(new Set(allReasons.map(({ id }) => id)).size).toBe(allReasons.length)
    for (const { id, rfc, operands } of allReasons) {
      expect(reasonAt(Reason[id]).id).toBe(id)
      expect(rfc).toMatch(/^RFC \d+ §\d/)
      expect(operands.length).toBeLessThanOrEqual(4)
    }
    for (const input of tcpInputs) expect(reasonAt(firstStateReason + inputNumber(input)).id).toBe(`on${input[0].toUpperCase()}${input.slice(1)}`)
    expect(() => reasonAt(allReasons.length)).toThrow(RangeError)
  })

  it.each([['en', en], ['ko', ko]] as const)('is worded in %s with no operands but its own', (_, words: Record<ReasonId, string>) => {
    for (const { id, operands } of allReasons) {
      expect(words[id].length).toBeGreaterThan(5)
      for (const name of placeholders(words[id])) expect(operands as readonly string[], id).toContain(name)
      expect(placeholders(words[id]), id).toEqual(placeholders(en[id]))
    }
  })
})

describe('holds', () => {
  it('are told once, until something leaves or the reason changes', () => {
    const t = established({ window: 1000 })
    t.write(3000)
    t.write(100)
    for (let i = 0; i < 5; i++) t.poll()
    expect(t.why('held')).toEqual(['heldAwaitingAck', 'heldNothingQueued', 'heldWindow'])
    t.skip()
    t.peer.sends('. 1:1(0) ack 1001 win 1000')
    expect(t.why('held')).toEqual(['heldAwaitingAck', 'heldNothingQueued', 'heldWindow', 'heldWindow'])
  })
})
