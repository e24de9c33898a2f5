import { Random } from '../../src/base/random.ts'
import { encodeEthernet, EthernetHeader, EtherType } from '../../src/wire/ethernet.ts'
import { encodeIpv4, fillIpv4, IpProtocol, Ipv4Header } from '../../src/wire/ipv4.ts'
import { encodeTcpOptions, padTcpOptions } from '../../src/wire/tcp-options.ts'
import type { TcpOption } from '../../src/wire/tcp-options.ts'
import { encodeTcp, TcpFlag, TcpHeader } from '../../src/wire/tcp.ts'

export interface TimedFrame { timeNs: number, bytes: Uint8Array, originalLength?: number }

interface End { address: number, port: number, nxt: number, una: number, window: number, sent: { seq: number, length: number }[] }

export interface NastyOptions {
  seed: number
  streams: number
  /** Segments of each stream, at most. */
  segments: number
}

/**
 * Frames of many short TCP conversations that go wrong in plausible ways, around every edge that findings look at: windows that are full,
 * shut and probed, keep-alives, repetitions whole and in part, holes, acknowledgments of what was never seen, reused ports, numbers that
 * wrap, captures that begin in the middle. Same seed, same frames.
 */
export function nastySegments(options: NastyOptions): TimedFrame[] {
  const random = new Random(options.seed)
  const frames: TimedFrame[] = []
  for (let stream = 0; stream < options.streams; stream++) new Conversation(random, stream, frames).run(2 + random.nextBelow(options.segments))
  return frames
}

const delaysNs = [
  0, 1000, 100_000, 500_000, 1_000_000, 2_900_000, 2_999_999, 3_000_000, 3_000_001, 5_000_000, 10_000_000, 19_999_999, 20_000_000, 20_000_001,
  40_000_000, 200_000_000, 1_000_000_000,
]

class Conversation {
  private readonly ends: [End, End]
  private nowNs: number
  private scales: [number, number] = [-1, -1]

  constructor(private readonly random: Random, stream: number, private readonly frames: TimedFrame[]) {
    this.nowNs = 1000 * stream * 1e6
    const isFew = random.nextBelow(4) === 0
    const port = isFew ? 20_000 + random.nextBelow(20) : 1024 + (stream % 60_000)
    this.ends = [this.end(0x0a000001 + (isFew ? 0 : Math.floor(stream / 60_000)), port), this.end(0x0a000002, 80)]
  }

  run(segments: number): void {
    const opening = this.random.nextBelow(10)
    if (opening < 6) this.handshake()
    else if (opening === 6) this.openTogether()
    else {
      this.ends[0].una = this.ends[1].nxt
      this.ends[1].una = this.ends[0].nxt
    }
    for (let i = 0; i < segments; i++) this.step()
  }

  private end(address: number, port: number): End {
    const edge = this.random.nextBelow(6)
    const nxt = edge === 0 ? (0xffff_ffff - this.random.nextBelow(3000)) >>> 0 : edge === 1 ? this.random.nextBelow(3) : this.random.nextU32()
    return { address, port, nxt, una: 0, window: [0, 1, 100, 1460, 5840, 8192, 65_535][this.random.nextBelow(7)], sent: [] }
  }

  private handshake(): void {
    const { random } = this
    const [c, s] = this.ends
    const syn = this.openingOptions(0)
    const times = random.nextBelow(5) === 0 ? 2 : 1
    const data = random.nextBelow(8) === 0 ? 100 : 0
    for (let i = 0; i < times; i++) this.send(0, c.nxt, 0, TcpFlag.syn, data, c.window, syn)
    if (random.nextBelow(12) === 0) return
    c.nxt = (c.nxt + 1) >>> 0
    s.una = c.nxt
    if (random.nextBelow(2) === 0) s.una = c.nxt = (c.nxt + data) >>> 0
    const answer = this.openingOptions(1)
    const answers = random.nextBelow(8) === 0 ? 2 : 1
    for (let i = 0; i < answers; i++) this.send(1, s.nxt, s.una, TcpFlag.syn | TcpFlag.ack, 0, s.window, answer)
    s.nxt = (s.nxt + 1) >>> 0
    c.una = s.nxt
    if (random.nextBelow(8) > 0) this.send(0, c.nxt, c.una, TcpFlag.ack, 0, c.window)
  }

  private openTogether(): void {
    const [c, s] = this.ends
    this.send(0, c.nxt, 0, TcpFlag.syn, 0, c.window, this.openingOptions(0))
    this.send(1, s.nxt, 0, TcpFlag.syn, 0, s.window, this.openingOptions(1))
    s.una = (c.nxt + 1) >>> 0
    c.una = (s.nxt + 1) >>> 0
    this.send(0, c.nxt, c.una, TcpFlag.syn | TcpFlag.ack, 0, c.window)
    this.send(1, s.nxt, s.una, TcpFlag.syn | TcpFlag.ack, 0, s.window)
    c.nxt = s.una
    s.nxt = c.una
  }

  private openingOptions(which: 0 | 1): TcpOption[] {
    const { random } = this
    const options: TcpOption[] = []
    if (random.nextBelow(3) > 0) options.push({ name: 'mss', mss: 1460 })
    if (random.nextBelow(2) === 0) options.push({ name: 'sackOK' })
    if (random.nextBelow(2) === 0) {
      this.scales[which] = [0, 1, 2, 7, 14, 15][random.nextBelow(6)]
      options.push({ name: 'wscale', shift: this.scales[which] })
    }
    if (random.nextBelow(6) === 0) options.push({ name: 'tfo', cookie: new Uint8Array([0, 8, 8, 8][random.nextBelow(4)]).fill(7) })
    return options
  }

  private step(): void {
    const { random } = this
    const which = random.nextBelow(2) as 0 | 1
    const own = this.ends[which]
    const peer = this.ends[1 - which]
    const ackNow = TcpFlag.ack
    const push = random.nextBelow(3) === 0 ? TcpFlag.psh : 0
    const length = [1, 1, 2, 10, 100, 536, 1000, 1460][random.nextBelow(8)]
    const acknowledge = () => { if (random.nextBelow(4) > 0) own.una = peer.nxt }
    switch (random.nextBelow(34)) {
      case 0: case 1: case 2: case 3: case 4:
        acknowledge()
        this.sendNew(which, length, ackNow | push)
        return
      case 5: // A burst of which some is lost.
        for (let i = 0; i < 4; i++) {
          if (random.nextBelow(3) === 0) own.nxt = (own.nxt + length) >>> 0
          else this.sendNew(which, length, ackNow)
        }
        return
      case 6: case 7: {
        const old = own.sent.at(-1 - random.nextBelow(4))
        if (old) this.send(which, old.seq, own.una, ackNow | push, old.length, own.window)
        return
      }
      case 8: { // Overlaps what was sent and goes on.
        const back = random.nextBelow(3) === 0 ? 1 : random.nextBelow(200)
        const seq = (own.nxt - back) >>> 0
        this.send(which, seq, own.una, ackNow, length, own.window)
        if (length > back) own.nxt = (seq + length) >>> 0
        return
      }
      case 9: case 10: case 11:
        own.una = peer.nxt
        this.send(which, own.nxt, own.una, ackNow, 0, own.window)
        return
      case 12: case 13: // Again and again the same acknowledgment.
        for (let i = random.nextBelow(5); i >= 0; i--) this.send(which, own.nxt, own.una, ackNow, 0, own.window, this.sackOf(peer))
        if (random.nextBelow(2) === 0) this.repeatAt(1 - which as 0 | 1, own.una)
        return
      case 14: // Part of what the other end sent.
        own.una = (peer.nxt - random.nextBelow(1500)) >>> 0
        this.send(which, own.nxt, own.una, ackNow, 0, own.window)
        return
      case 15: // What was never seen.
        own.una = (peer.nxt + 1 + random.nextBelow(3000)) >>> 0
        this.send(which, own.nxt, own.una, ackNow, random.nextBelow(2) * length, own.window)
        if (random.nextBelow(2) === 0) peer.nxt = own.una
        return
      case 16: case 17:
        own.window = [0, 0, 1, 100, 1460, 2920, 65_535][random.nextBelow(7)]
        acknowledge()
        this.send(which, own.nxt, own.una, ackNow, 0, own.window)
        return
      case 18: { // Shut, probed, answered.
        own.window = 0
        own.una = peer.nxt
        this.send(which, own.nxt, own.una, ackNow, 0, 0)
        for (let i = random.nextBelow(3); i >= 0; i--) {
          this.send(1 - which as 0 | 1, peer.nxt, peer.una, ackNow, 1, peer.window)
          if (random.nextBelow(4) > 0) this.send(which, own.nxt, own.una, ackNow, 0, random.nextBelow(5) === 0 ? 500 : 0)
          if (random.nextBelow(4) === 0) peer.nxt = (peer.nxt + 1) >>> 0
        }
        return
      }
      case 19: { // Fills the window.
        const shift = this.scales[1 - which] < 0 ? 0 : Math.min(14, this.scales[1 - which])
        const edge = (peer.una + peer.window * 2 ** shift) >>> 0
        const room = (edge - own.nxt) | 0
        if (room > 0 && room < 20_000) {
          while (((edge - own.nxt) | 0) > 0) this.sendNew(which, Math.min(1460, (edge - own.nxt) | 0), ackNow)
        }
        return
      }
      case 20: case 21:
        for (let i = random.nextBelow(3); i >= 0; i--) {
          this.send(which, (own.nxt - 1) >>> 0, own.una, ackNow, random.nextBelow(2), own.window)
          if (random.nextBelow(3) > 0) this.send(1 - which as 0 | 1, peer.nxt, peer.una, ackNow, 0, peer.window)
        }
        return
      case 22:
        own.nxt = (own.nxt + length) >>> 0
        return
      case 23: {
        const fin = TcpFlag.fin | ackNow
        const data = random.nextBelow(3) === 0 ? length : 0
        this.send(which, own.nxt, own.una, fin, data, own.window)
        own.nxt = (own.nxt + data + 1) >>> 0
        if (random.nextBelow(3) === 0) this.send(which, (own.nxt - data - 1) >>> 0, own.una, fin, data, own.window)
        return
      }
      case 24: {
        const reset = TcpFlag.rst | (random.nextBelow(2) * TcpFlag.ack)
        this.send(which, random.nextBelow(3) === 0 ? own.una : own.nxt, random.nextBelow(2) === 0 ? 0 : own.una, reset, random.nextBelow(8) === 0 ? 10 : 0, 0)
        return
      }
      case 25: // The same ports once more.
        if (random.nextBelow(3) > 0) return
        own.nxt = random.nextBelow(4) === 0 ? own.nxt : (own.nxt + 64_000) >>> 0
        this.handshake()
        return
      case 26: {
        const syn = TcpFlag.syn | (random.nextBelow(2) * TcpFlag.ack)
        this.send(which, (own.nxt - random.nextBelow(3)) >>> 0, own.una, syn, random.nextBelow(4) === 0 ? 5 : 0, own.window, this.openingOptions(which))
        return
      }
      case 27: // An old segment comes late.
        this.send(which, (own.nxt - 3000 + random.nextBelow(3000)) >>> 0, own.una, ackNow, length, own.window)
        return
      case 28:
        this.send(which, own.nxt, own.una, random.nextBelow(256), random.nextBelow(2) * length, own.window)
        return
      case 29:
        this.send(which, random.nextU32(), random.nextU32(), ackNow, random.nextBelow(2) * length, own.window)
        return
      case 30: // The clock was set.
        this.nowNs -= random.nextBelow(3) * 10_000_000
        return
      case 31: // Two segments swapped on the way.
        this.send(which, (own.nxt + length) >>> 0, own.una, ackNow, length, own.window)
        this.send(which, own.nxt, own.una, ackNow | push, length, own.window)
        own.sent.push({ seq: own.nxt, length })
        own.nxt = (own.nxt + 2 * length) >>> 0
        return
      default:
        acknowledge()
        this.send(which, own.nxt, own.una, ackNow, 0, own.window)
    }
  }

  private repeatAt(which: 0 | 1, seq: number): void {
    const own = this.ends[which]
    this.send(which, seq, own.una, TcpFlag.ack, [1, 100, 1460][this.random.nextBelow(3)], own.window)
  }

  private sackOf(peer: End): TcpOption[] {
    if (this.random.nextBelow(2) === 0) return []
    const blocks = Array.from({ length: 1 + this.random.nextBelow(3) }, () => {
      const left = (peer.nxt - this.random.nextBelow(3000)) >>> 0
      return { left, right: (left + this.random.nextBelow(1000)) >>> 0 }
    })
    return [{ name: 'nop' }, { name: 'nop' }, { name: 'sack', blocks }]
  }

  private sendNew(which: 0 | 1, length: number, flags: number): void {
    const own = this.ends[which]
    this.send(which, own.nxt, own.una, flags, length, own.window)
    own.sent.push({ seq: own.nxt, length })
    own.nxt = (own.nxt + length) >>> 0
  }

  private send(which: 0 | 1, seq: number, ack: number, flags: number, length: number, window: number, options: TcpOption[] = []): void {
    this.nowNs += delaysNs[this.random.nextBelow(delaysNs.length)]
    const own = this.ends[which]
    const peer = this.ends[1 - which]
    this.frames.push({ timeNs: this.nowNs, bytes: tcpFrame({ own, peer, seq, ack, flags, window, options, length }) })
  }
}

export interface FrameOfSegment {
  own: { address: number, port: number }
  peer: { address: number, port: number }
  seq: number
  ack: number
  flags: number
  window: number
  length: number
  options?: TcpOption[]
}

/** An Ethernet frame with IPv4 and TCP; data are zeros. */
export function tcpFrame({ own, peer, seq, ack, flags, window, length, options = [] }: FrameOfSegment): Uint8Array {
  const optionBytes = padTcpOptions(encodeTcpOptions(options))
  const frame = new Uint8Array(14 + 20 + 20 + optionBytes.length + length)
  const ethernet = new EthernetHeader()
  ethernet.etherType = EtherType.ipv4
  const ipAt = encodeEthernet(ethernet, frame, 0)
  const ip = new Ipv4Header()
  ip.source = own.address
  ip.destination = peer.address
  ip.protocol = IpProtocol.tcp
  const at = ipAt + encodeIpv4(ip, frame, 0, 0, frame, ipAt)
  const header = new TcpHeader()
  Object.assign(header, { sourcePort: own.port, destinationPort: peer.port, seq, ack, flags, window, dataOffsetWords: 5 + optionBytes.length / 4 })
  encodeTcp(header, optionBytes, 0, optionBytes.length, frame, at)
  fillIpv4(frame, ipAt, frame.length - ipAt)
  return frame
}
