export interface ReasonRow {
  readonly id: string
  /** Where the rule stands. */
  readonly rfc: string
  /** Names of the numbers that come with it, at most four. */
  readonly operands: readonly string[]
}

/** Why a segment leaves. */
export const sendReasons = [
  { id: 'synOpen', rfc: 'RFC 9293 §3.10.1', operands: ['mss', 'window'] },
  { id: 'synCookieRequest', rfc: 'RFC 7413 §4.2.1', operands: ['length', 'cookie', 'mss'] },
  { id: 'synFastOpen', rfc: 'RFC 7413 §4.2.2', operands: ['length', 'cookie', 'mss'] },
  { id: 'synAckReply', rfc: 'RFC 9293 §3.10.7.2', operands: ['mss', 'window'] },
  { id: 'synAckCookie', rfc: 'RFC 4987 §3.6', operands: ['mss', 'window'] },
  { id: 'synAckSimultaneous', rfc: 'RFC 9293 §3.5', operands: ['mss', 'window'] },
  { id: 'synAckDuplicateSyn', rfc: 'RFC 9293 §3.10.7.4', operands: ['irs'] },
  { id: 'synAckOtherSyn', rfc: 'RFC 9293 §3.10.7.4', operands: ['irs'] },
  { id: 'synTimeout', rfc: 'RFC 6298 §5.4', operands: ['attempt', 'rtoUs'] },
  { id: 'dataFull', rfc: 'RFC 9293 §3.8.6.2.1', operands: ['length', 'queued', 'window', 'cwnd'] },
  { id: 'dataIdle', rfc: 'RFC 9293 §3.7.4', operands: ['length', 'queued'] },
  { id: 'dataNagleOff', rfc: 'RFC 9293 §3.7.4', operands: ['length', 'inFlight'] },
  { id: 'dataSmallFree', rfc: 'RFC 9293 §3.7.4', operands: ['length', 'inFlight'] },
  { id: 'dataLast', rfc: 'RFC 9293 §3.10.4', operands: ['length'] },
  { id: 'dataHalfWindow', rfc: 'RFC 9293 §3.8.6.2.1', operands: ['length', 'usable', 'maxWindow'] },
  { id: 'dataFillsWindow', rfc: 'RFC 9293 §3.8.6.2.1', operands: ['length', 'usable'] },
  { id: 'dataOverride', rfc: 'RFC 9293 §3.8.6.2.1', operands: ['length', 'usable'] },
  { id: 'limitedTransmit', rfc: 'RFC 3042 §2', operands: ['length', 'dupAcks', 'cwnd'] },
  { id: 'fin', rfc: 'RFC 9293 §3.10.4', operands: [] },
  { id: 'windowProbe', rfc: 'RFC 9293 §3.8.6.1', operands: ['queued', 'attempt', 'window'] },
  { id: 'keepAliveProbe', rfc: 'RFC 9293 §3.8.4', operands: ['attempt', 'idleUs'] },
  { id: 'retransmitTimeout', rfc: 'RFC 6298 §5.4', operands: ['attempt', 'rtoUs', 'inFlight'] },
  { id: 'lossRecovery', rfc: 'RFC 5681 §4.3', operands: ['cwnd', 'inFlight'] },
  { id: 'fastRetransmit', rfc: 'RFC 5681 §3.2', operands: ['dupAcks', 'ssthresh', 'cwnd'] },
  { id: 'partialAck', rfc: 'RFC 6582 §3.2', operands: ['recover', 'cwnd'] },
  { id: 'sackFirstHole', rfc: 'RFC 6675 §5', operands: ['sacked', 'dupAcks', 'ssthresh'] },
  { id: 'sackLost', rfc: 'RFC 6675 §4', operands: ['length', 'pipe', 'cwnd'] },
  { id: 'sackUnlost', rfc: 'RFC 6675 §4', operands: ['length', 'pipe', 'cwnd'] },
  { id: 'sackRescue', rfc: 'RFC 6675 §4', operands: ['length', 'pipe', 'cwnd'] },
  { id: 'rackFirst', rfc: 'RFC 8985 §6.2', operands: ['length', 'rttUs', 'reoWndUs'] },
  { id: 'rackLost', rfc: 'RFC 8985 §6.2', operands: ['length', 'pipe', 'cwnd'] },
  { id: 'frtoData', rfc: 'RFC 5682 §2.1', operands: ['length', 'srttUs', 'inFlight'] },
  { id: 'probeNew', rfc: 'RFC 8985 §7.3', operands: ['length', 'srttUs', 'inFlight'] },
  { id: 'probeLast', rfc: 'RFC 8985 §7.3', operands: ['length', 'srttUs', 'inFlight'] },
  { id: 'windowOpened', rfc: 'RFC 9293 §3.8.6.1', operands: ['length', 'window'] },
  { id: 'packetTooBig', rfc: 'RFC 1191 §6.4', operands: ['length', 'mtu'] },
  { id: 'mtuProbe', rfc: 'RFC 4821 §7.6', operands: ['length', 'mtu', 'pathMtu'] },
  { id: 'ackHandshake', rfc: 'RFC 9293 §3.10.7.3', operands: ['irs'] },
  { id: 'ackSecondSegment', rfc: 'RFC 9293 §3.8.6.3', operands: ['bytes', 'segments'] },
  { id: 'ackDelayTimer', rfc: 'RFC 9293 §3.8.6.3', operands: ['bytes', 'delayUs'] },
  { id: 'ackImmediate', rfc: 'RFC 9293 §3.10.7.4', operands: ['bytes'] },
  { id: 'ackQuick', rfc: 'RFC 5681 §4.2', operands: ['bytes', 'left'] },
  { id: 'ackOutOfOrder', rfc: 'RFC 5681 §4.2', operands: ['gap', 'held'] },
  { id: 'ackGapFilled', rfc: 'RFC 5681 §4.2', operands: ['bytes', 'held'] },
  { id: 'ackMarks', rfc: 'RFC 9768 §3.2.2.5.1', operands: ['marks'] },
  { id: 'ackFin', rfc: 'RFC 9293 §3.10.7.4', operands: [] },
  { id: 'ackOldData', rfc: 'RFC 9293 §3.10.7.4', operands: ['behind', 'length'] },
  { id: 'ackUnacceptable', rfc: 'RFC 9293 §3.10.7.4', operands: ['offset', 'length', 'window'] },
  { id: 'ackZeroWindow', rfc: 'RFC 9293 §3.8.6.1', operands: ['length', 'unread'] },
  { id: 'ackFuture', rfc: 'RFC 9293 §3.10.7.4', operands: ['ahead'] },
  { id: 'ackTimeWaitFin', rfc: 'RFC 9293 §3.10.7.4', operands: ['waitUs'] },
  { id: 'ackOldTimestamp', rfc: 'RFC 7323 §5.3', operands: ['tsVal', 'tsRecent'] },
  { id: 'challengeRst', rfc: 'RFC 5961 §3.2', operands: ['offset', 'window'] },
  { id: 'challengeSyn', rfc: 'RFC 5961 §4.2', operands: ['offset'] },
  { id: 'challengeOldAck', rfc: 'RFC 5961 §5.2', operands: ['behind', 'maxWindow'] },
  { id: 'windowUpdate', rfc: 'RFC 9293 §3.8.6.2.2', operands: ['opened', 'window'] },
  { id: 'rstClosedAck', rfc: 'RFC 9293 §3.10.7.1', operands: [] },
  { id: 'rstClosedNoAck', rfc: 'RFC 9293 §3.10.7.1', operands: [] },
  { id: 'rstListenAck', rfc: 'RFC 9293 §3.10.7.2', operands: [] },
  { id: 'rstSynSentAck', rfc: 'RFC 9293 §3.10.7.3', operands: ['offset'] },
  { id: 'rstSynReceivedAck', rfc: 'RFC 9293 §3.10.7.4', operands: ['offset'] },
  { id: 'rstSynInWindow', rfc: 'RFC 793 §3.9', operands: ['offset'] },
  { id: 'rstAbort', rfc: 'RFC 9293 §3.10.5', operands: ['unsent', 'unacked'] },
  { id: 'rstUnread', rfc: 'RFC 9293 §3.6.1', operands: ['unread'] },
  { id: 'rstReadingClosed', rfc: 'RFC 9293 §3.6.1', operands: ['length'] },
  { id: 'rstEcnMixed', rfc: 'RFC 9768 §3.1.5', operands: [] },
  { id: 'rstGaveUp', rfc: 'RFC 9293 §3.8.3', operands: ['attempts'] },
] as const satisfies readonly ReasonRow[]

/** Why an arriving segment, or a part of it, is not taken. */
export const dropReasons = [
  { id: 'dropClosed', rfc: 'RFC 9293 §3.10.7.1', operands: [] },
  { id: 'dropClosedRst', rfc: 'RFC 9293 §3.10.7.1', operands: [] },
  { id: 'dropListenRst', rfc: 'RFC 9293 §3.10.7.2', operands: [] },
  { id: 'dropListenAck', rfc: 'RFC 9293 §3.10.7.2', operands: [] },
  { id: 'dropListenOther', rfc: 'RFC 9293 §3.10.7.2', operands: [] },
  { id: 'dropSynSentAck', rfc: 'RFC 9293 §3.10.7.3', operands: ['offset'] },
  { id: 'dropSynSentRst', rfc: 'RFC 5961 §3.2', operands: [] },
  { id: 'dropSynSentOther', rfc: 'RFC 9293 §3.10.7.3', operands: [] },
  { id: 'dropSynData', rfc: 'RFC 9293 §3.10.7.2', operands: ['length'] },
  { id: 'dropOldData', rfc: 'RFC 9293 §3.10.7.4', operands: ['behind', 'length'] },
  { id: 'dropUnacceptable', rfc: 'RFC 9293 §3.10.7.4', operands: ['offset', 'length', 'window'] },
  { id: 'dropZeroWindow', rfc: 'RFC 9293 §3.8.6.1', operands: ['length', 'unread'] },
  { id: 'dropTrimmedLeft', rfc: 'RFC 9293 §3.10.7.4', operands: ['trimmed', 'length'] },
  { id: 'dropTrimmedRight', rfc: 'RFC 9293 §3.10.7.4', operands: ['trimmed', 'length', 'window'] },
  { id: 'dropOldTimestamp', rfc: 'RFC 7323 §5.3', operands: ['tsVal', 'tsRecent'] },
  { id: 'dropNoTimestamp', rfc: 'RFC 7323 §3.2', operands: [] },
  { id: 'dropRstOutside', rfc: 'RFC 5961 §3.2', operands: ['offset', 'window'] },
  { id: 'dropTimeWaitRst', rfc: 'RFC 1337 §3', operands: [] },
  { id: 'dropRstInexact', rfc: 'RFC 5961 §3.2', operands: ['offset', 'window'] },
  { id: 'dropSyn', rfc: 'RFC 5961 §4.2', operands: ['offset'] },
  { id: 'dropTimeWaitSyn', rfc: 'RFC 6191 §2', operands: ['offset', 'tsAge'] },
  { id: 'dropDuplicateSyn', rfc: 'RFC 9293 §3.10.7.4', operands: [] },
  { id: 'dropNoAck', rfc: 'RFC 9293 §3.10.7.4', operands: [] },
  { id: 'dropSynReceivedAck', rfc: 'RFC 9293 §3.10.7.4', operands: ['offset'] },
  { id: 'dropFutureAck', rfc: 'RFC 9293 §3.10.7.4', operands: ['ahead'] },
  { id: 'dropOldAck', rfc: 'RFC 5961 §5.2', operands: ['behind', 'maxWindow'] },
  { id: 'dropAfterFin', rfc: 'RFC 9293 §3.10.7.4', operands: ['length'] },
  { id: 'dropReadingClosed', rfc: 'RFC 9293 §3.6.1', operands: ['length'] },
  { id: 'dropTooManyHoles', rfc: 'RFC 9293 §3.10.7.4', operands: ['length', 'ranges'] },
  { id: 'dropQuoteOutside', rfc: 'RFC 5927 §4.1', operands: ['offset', 'inFlight'] },
  { id: 'dropPathMtu', rfc: 'RFC 8201 §4', operands: ['mtu', 'pathMtu'] },
  { id: 'dropChallengeLimit', rfc: 'RFC 5961 §7', operands: ['limit', 'intervalUs'] },
] as const satisfies readonly ReasonRow[]

/** Why nothing leaves now. */
export const holdReasons = [
  { id: 'heldHandshake', rfc: 'RFC 9293 §3.10.2', operands: ['queued'] },
  { id: 'heldZeroWindow', rfc: 'RFC 9293 §3.8.6.1', operands: ['queued', 'inFlight', 'probeInUs'] },
  { id: 'heldWindow', rfc: 'RFC 9293 §3.8.6', operands: ['queued', 'window', 'inFlight'] },
  { id: 'heldCongestion', rfc: 'RFC 5681 §2', operands: ['queued', 'cwnd', 'inFlight'] },
  { id: 'heldMarked', rfc: 'RFC 3168 §6.1.2', operands: ['queued', 'cwnd', 'inFlight'] },
  { id: 'heldNagle', rfc: 'RFC 9293 §3.7.4', operands: ['queued', 'mss', 'inFlight'] },
  { id: 'heldUnpushed', rfc: 'RFC 9293 §3.9.1.2', operands: ['queued', 'mss', 'inFlight'] },
  { id: 'heldSillyWindow', rfc: 'RFC 9293 §3.8.6.2.1', operands: ['queued', 'usable', 'needed'] },
  { id: 'heldAckDelay', rfc: 'RFC 9293 §3.8.6.3', operands: ['bytes', 'delayUs'] },
  { id: 'heldReordering', rfc: 'RFC 8985 §6.2', operands: ['inFlight', 'waitUs'] },
  { id: 'heldAwaitingAck', rfc: 'RFC 6298 §5', operands: ['inFlight', 'rtoUs'] },
  { id: 'heldNothingQueued', rfc: 'RFC 9293 §3.10.2', operands: [] },
  { id: 'heldTimeWait', rfc: 'RFC 9293 §3.6.1', operands: ['waitUs'] },
  { id: 'heldWindowUpdate', rfc: 'RFC 9293 §3.8.6.2.2', operands: ['freed', 'needed'] },
] as const satisfies readonly ReasonRow[]

/** Why a value of the connection changes. */
export const settingReasons = [
  { id: 'setOption', rfc: 'RFC 9293 §3.9.1', operands: ['value'] },
  { id: 'setMss', rfc: 'RFC 9293 §3.7.1', operands: ['mss', 'peerMss', 'ownMss'] },
  { id: 'setSynCookie', rfc: 'RFC 4987 §3.6', operands: ['mss'] },
  { id: 'setFastOpenCookie', rfc: 'RFC 7413 §4.1.3', operands: ['length', 'mss'] },
  { id: 'setFastOpenTaken', rfc: 'RFC 7413 §4.2.2', operands: ['taken', 'length'] },
  { id: 'setFastOpenRefused', rfc: 'RFC 7413 §4.2.2', operands: ['length'] },
  { id: 'setFastOpenFallback', rfc: 'RFC 7413 §4.2.2', operands: ['length', 'attempt'] },
  { id: 'setFastOpenAccepted', rfc: 'RFC 7413 §4.2.2', operands: ['length', 'cwnd'] },
  { id: 'setFastOpenGranted', rfc: 'RFC 7413 §4.1.2', operands: ['length', 'offered'] },
  { id: 'setFastOpenLimit', rfc: 'RFC 7413 §5.1', operands: ['limit'] },
  { id: 'setPathMtu', rfc: 'RFC 1191 §3', operands: ['mtu', 'before', 'mss'] },
  { id: 'setBlackHole', rfc: 'RFC 4821 §7.7', operands: ['mtu', 'before', 'attempt'] },
  { id: 'setPathMtuRaised', rfc: 'RFC 4821 §7.6', operands: ['mtu', 'before', 'mss'] },
  { id: 'setWindowScale', rfc: 'RFC 7323 §2', operands: ['sendShift', 'receiveShift'] },
  { id: 'setTimestamps', rfc: 'RFC 7323 §3', operands: ['tsVal'] },
  { id: 'setSack', rfc: 'RFC 2018 §2', operands: [] },
  { id: 'setEcn', rfc: 'RFC 3168 §6.1.1', operands: [] },
  { id: 'setAccurateEcn', rfc: 'RFC 9768 §3.1.1', operands: ['ace', 'synEcn'] },
  { id: 'setAccurateEcnOff', rfc: 'RFC 9768 §3.2.2.4', operands: [] },
  { id: 'setAccurateMarks', rfc: 'RFC 9768 §3.2.2.2', operands: ['marks', 'total'] },
  { id: 'setEcnFallback', rfc: 'RFC 3168 §6.1.1.1', operands: ['attempt'] },
  { id: 'setInitialWindow', rfc: 'RFC 6928 §2', operands: ['cwnd', 'mss'] },
  { id: 'setRttSample', rfc: 'RFC 6298 §2', operands: ['sampleUs', 'srttUs', 'rttvarUs', 'rtoUs'] },
  { id: 'setBackoff', rfc: 'RFC 6298 §5.5', operands: ['rtoUs', 'attempt'] },
  { id: 'setUserTimeout', rfc: 'RFC 5482 §3.1', operands: ['timeoutUs', 'remoteUs', 'ownUs'] },
  { id: 'setTrouble', rfc: 'RFC 9293 §3.8.3', operands: ['attempt', 'inFlight'] },
  { id: 'setSynLostRto', rfc: 'RFC 6298 §5.7', operands: ['rtoUs'] },
  { id: 'setTimeoutLoss', rfc: 'RFC 5681 §3.1', operands: ['ssthresh', 'cwnd', 'inFlight'] },
  { id: 'setFastRecovery', rfc: 'RFC 5681 §3.2', operands: ['ssthresh', 'cwnd', 'inFlight'] },
  { id: 'setSackRecovery', rfc: 'RFC 6675 §5', operands: ['ssthresh', 'pipe', 'inFlight', 'sacked'] },
  { id: 'setRackLost', rfc: 'RFC 8985 §6.2', operands: ['lost', 'rttUs', 'reoWndUs'] },
  { id: 'setRackRecovery', rfc: 'RFC 8985 §6.2', operands: ['ssthresh', 'pipe', 'inFlight', 'lost'] },
  { id: 'setReordering', rfc: 'RFC 8985 §6.2', operands: ['behind'] },
  { id: 'setReorderingWindow', rfc: 'RFC 8985 §6.2', operands: ['mult', 'reoWndUs', 'minRttUs'] },
  { id: 'setLostAgain', rfc: 'RFC 8985 §9.3', operands: ['ssthresh', 'cwnd', 'pipe'] },
  { id: 'setProbeLoss', rfc: 'RFC 8985 §7.4.2', operands: ['ssthresh', 'cwnd', 'inFlight'] },
  { id: 'setFrtoSpurious', rfc: 'RFC 5682 §2.1', operands: ['cwnd', 'ssthresh', 'inFlight'] },
  { id: 'setEifelSpurious', rfc: 'RFC 3522 §3.2', operands: ['cwnd', 'ssthresh', 'inFlight'] },
  { id: 'setDsackSpurious', rfc: 'RFC 3708 §2', operands: ['cwnd', 'ssthresh', 'inFlight'] },
  { id: 'setEcnReduced', rfc: 'RFC 3168 §6.1.2', operands: ['ssthresh', 'cwnd', 'inFlight'] },
  { id: 'setEcnMark', rfc: 'RFC 3168 §6.1.3', operands: ['length'] },
  { id: 'setEcnAnswered', rfc: 'RFC 3168 §6.1.3', operands: [] },
  { id: 'setDsack', rfc: 'RFC 2883 §5', operands: ['length', 'behind'] },
  { id: 'setRecovered', rfc: 'RFC 6582 §3.2', operands: ['cwnd', 'ssthresh'] },
  { id: 'setAvoidance', rfc: 'RFC 5681 §3.1', operands: ['cwnd', 'ssthresh'] },
  { id: 'setConservativeStart', rfc: 'RFC 9406 §4.2', operands: ['cwnd', 'sampleUs'] },
  { id: 'setSlowStartAgain', rfc: 'RFC 9406 §4.2', operands: ['cwnd', 'sampleUs'] },
  { id: 'setIdleRestart', rfc: 'RFC 5681 §4.1', operands: ['cwnd', 'idleUs'] },
  { id: 'setUrgent', rfc: 'RFC 9293 §3.8.5', operands: ['ahead'] },
  { id: 'setSendUrgent', rfc: 'RFC 9293 §3.8.5', operands: ['ahead'] },
] as const satisfies readonly ReasonRow[]

/** Why the state changes, one for each input of the transition table, in its order. */
export const stateReasons = [
  { id: 'onPassiveOpen', rfc: 'RFC 9293 §3.10.1', operands: ['from', 'to'] },
  { id: 'onActiveOpen', rfc: 'RFC 9293 §3.10.1', operands: ['from', 'to'] },
  { id: 'onSend', rfc: 'RFC 9293 §3.10.2', operands: ['from', 'to'] },
  { id: 'onClose', rfc: 'RFC 9293 §3.10.4', operands: ['from', 'to'] },
  { id: 'onAbort', rfc: 'RFC 9293 §3.10.5', operands: ['from', 'to'] },
  { id: 'onRcvSyn', rfc: 'RFC 9293 §3.10.7', operands: ['from', 'to'] },
  { id: 'onRcvSynAck', rfc: 'RFC 9293 §3.10.7.3', operands: ['from', 'to'] },
  { id: 'onRcvAckOfSyn', rfc: 'RFC 9293 §3.10.7.4', operands: ['from', 'to'] },
  { id: 'onRcvFin', rfc: 'RFC 9293 §3.10.7.4', operands: ['from', 'to'] },
  { id: 'onRcvAckOfFin', rfc: 'RFC 9293 §3.10.7.4', operands: ['from', 'to'] },
  { id: 'onRcvFinAckOfFin', rfc: 'RFC 9293 §3.10.7.4', operands: ['from', 'to'] },
  { id: 'onRcvRst', rfc: 'RFC 9293 §3.10.7.4', operands: ['from', 'to'] },
  { id: 'onRcvRstOfPassive', rfc: 'RFC 9293 §3.10.7.4', operands: ['from', 'to'] },
  { id: 'onRcvSynOfPassive', rfc: 'RFC 9293 §3.10.7.4', operands: ['from', 'to'] },
  { id: 'onTimeout2Msl', rfc: 'RFC 9293 §3.10.8', operands: ['from', 'to'] },
  { id: 'onUserTimeout', rfc: 'RFC 9293 §3.10.8', operands: ['from', 'to'] },
  { id: 'onUnreachable', rfc: 'RFC 9293 §3.9.2.2', operands: ['from', 'to'] },
  { id: 'onReopen', rfc: 'RFC 6191 §2', operands: ['from', 'to'] },
] as const satisfies readonly ReasonRow[]

export const allReasons = [...sendReasons, ...dropReasons, ...holdReasons, ...settingReasons, ...stateReasons] as const

export type SendReason = typeof sendReasons[number]['id']
export type DropReason = typeof dropReasons[number]['id']
export type HoldReason = typeof holdReasons[number]['id']
export type SettingReason = typeof settingReasons[number]['id']
export type StateReason = typeof stateReasons[number]['id']
export type ReasonId = SendReason | DropReason | HoldReason | SettingReason | StateReason

/** A reason as the hot path carries it: its place in {@link allReasons}. Where a SYN cannot be meant, 0 stands for none. */
export type ReasonIndex = number

/** The index of each reason by its id. */
export const Reason = Object.fromEntries(allReasons.map((row, index) => [row.id, index])) as { readonly [id in ReasonId]: ReasonIndex }

/** @throws RangeError where the engine made no such reason */
export function reasonAt(index: ReasonIndex): ReasonRow & { readonly id: ReasonId } {
  const row = allReasons[index]
  if (row === undefined) throw new RangeError(`no reason ${index}`)
  return row
}

/** The index of the state reason of input 0 of the transition table. */
export const firstStateReason: ReasonIndex = Reason.onPassiveOpen
