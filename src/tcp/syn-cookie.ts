import { writeU32 } from '../base/bytes.ts'
import { TcpFlag } from '../wire/tcp.ts'
import type { TcpConfig } from './config.ts'
import { putTuple, tupleBytesLimit } from './isn.ts'
import type { FourTuple } from './isn.ts'
import { chooseWindowShift } from './negotiation.ts'
import type { TcpSegment } from './segment.ts'
import { seqAdd } from './seq.ts'
import { sipHash24 } from './siphash.ts'
import { clearBody } from './stateless.ts'
import { offer, writeSynOptions } from './syn-options.ts'

/** How long one count of the cookie's clock is; a cookie is good in the count it was made in and the next. */
export const cookieCountUs = 64_000_000

/** The MSS that a cookie can say, in three bits: what Ethernet, tunnels, IPv6 and jumbo frames leave, and the defaults of peers that say none. */
const mssSteps = [64, 536, 1024, 1220, 1400, 1440, 1460, 8940] as const

/*
 * The cookie (RFC 4987 §3.6):   5 bits count | 3 bits MSS | 24 bits keyed hash of the tuple, the peer's ISN, count and MSS
 * The low bits of TSval say what else was agreed on; they need no hash, as a peer gains nothing by changing what it offered:
 *                               1 bit ECN | 1 bit SACK | 4 bits window shift, 15 for none
 */
const noShift = 15
const timestampBits = 6
const sackBit = 16
const ecnBit = 32
const ecnSetup = TcpFlag.ece | TcpFlag.cwr

export interface OwnNumbers { readonly mss: number, readonly timestampOffset: number }

/**
 * Answers a SYN without remembering it: a SYN+ACK whose sequence number is a cookie. What the cookie cannot say is not accepted: without timestamps
 * neither SACK nor window scaling nor ECN.
 * @param secret at least four random words
 * @param own the MSS to advertise, and where the timestamp clock of the connection begins
 * @param out filled as a segment to send back
 */
export function answerWithCookie(secret: Uint32Array, tuple: FourTuple, syn: TcpSegment, config: TcpConfig, own: OwnNumbers, nowUs: number, out: TcpSegment): void {
  const { options } = syn
  const hasTimestamp = config.timestamps && options.hasTimestamp
  const shift = hasTimestamp && config.windowScaling && options.windowScale >= 0 ? Math.min(options.windowScale, 14) : noShift
  const sackOK = hasTimestamp && config.sackPermitted && options.sackPermitted
  const isEcn = hasTimestamp && config.ecn !== 'off' && (syn.flags & ecnSetup) === ecnSetup
  clearBody(out)
  out.sourcePort = syn.destinationPort
  out.destinationPort = syn.sourcePort
  out.seq = cookie(secret, tuple, syn.seq, countAt(nowUs), mssStep(options.mss < 0 ? defaultMss(tuple) : options.mss))
  out.ack = seqAdd(syn.seq, 1)
  out.flags = TcpFlag.syn | TcpFlag.ack | (isEcn ? TcpFlag.ece : 0)
  out.window = Math.min(0xffff, config.receiveBufferBytes)
  out.reason = 'synAckCookie'
  out.operands[0] = mssSteps[(out.seq >>> 24) & 7]
  out.operands[1] = out.window
  offer.mss = own.mss
  offer.sackOK = sackOK
  offer.fastOpen = null
  offer.accurateEcn = null
  offer.userTimeout = 0
  offer.timestamp = hasTimestamp
  offer.tsVal = stampWith(Math.floor(nowUs / config.timestampTickUs) + own.timestampOffset, (isEcn ? ecnBit : 0) | (sackOK ? sackBit : 0) | shift)
  offer.tsEcr = options.tsVal
  offer.windowShift = shift === noShift ? -1 : chooseWindowShift(config.windowShift, config.receiveBufferBytes)
  writeSynOptions(out, config.synOptionOrder, config.synOptionPadding)
}

/**
 * Whether an ACK that belongs to no connection answers such a SYN+ACK; then `syn` is filled with the peer's SYN, as far as the cookie tells.
 */
export function readCookie(secret: Uint32Array, tuple: FourTuple, ack: TcpSegment, config: TcpConfig, nowUs: number, syn: TcpSegment): boolean {
  const found = seqAdd(ack.ack, -1)
  const irs = seqAdd(ack.seq, -1)
  const step = (found >>> 24) & 7
  const age = (countAt(nowUs) - (found >>> 27)) & 31
  if (age > 1 || cookie(secret, tuple, irs, countAt(nowUs) - age, step) !== found) return false
  const { options } = ack
  const agreed = options.hasTimestamp && config.timestamps ? options.tsEcr & ((1 << timestampBits) - 1) : noShift
  clearBody(syn)
  syn.sourcePort = ack.sourcePort
  syn.destinationPort = ack.destinationPort
  syn.seq = irs
  syn.ack = 0
  syn.flags = TcpFlag.syn | (agreed & ecnBit ? ecnSetup : 0)
  syn.options.mss = mssSteps[step]
  syn.options.sackPermitted = (agreed & sackBit) !== 0
  syn.options.windowScale = (agreed & 15) === noShift ? -1 : agreed & 15
  syn.options.hasTimestamp = options.hasTimestamp
  syn.options.tsVal = options.tsVal
  return true
}

const input = new Uint8Array(tupleBytesLimit + 8)
const hash = new Uint32Array(2)

function cookie(secret: Uint32Array, tuple: FourTuple, irs: number, count: number, step: number): number {
  const length = putTuple(input, tuple)
  writeU32(input, length, irs)
  writeU32(input, length + 4, ((count << 3) | step) >>> 0)
  sipHash24(secret, input, length + 8, hash)
  return (((count & 31) << 27) | (step << 24) | (hash[0] & 0xff_ffff)) >>> 0
}

function countAt(nowUs: number): number {
  return Math.floor(nowUs / cookieCountUs)
}

/** The largest step that the peer can take. */
function mssStep(mss: number): number {
  let step = mssSteps.length - 1
  while (step > 0 && mssSteps[step] > mss) step--
  return step
}

/** What a peer that sends no MSS option can take (RFC 9293 §3.7.1). */
function defaultMss({ localAddress }: FourTuple): number {
  return typeof localAddress === 'number' ? 536 : 1220
}

/** The latest time not after `ticks` whose low bits are `bits`: later stamps of the connection are never older. */
function stampWith(ticks: number, bits: number): number {
  const size = 1 << timestampBits
  const stamp = Math.floor(ticks / size) * size + bits
  return (stamp > ticks ? stamp - size : stamp) >>> 0
}
