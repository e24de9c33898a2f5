import { copyBytes, writeU16 } from '../../src/base/bytes.ts'
import { FaultError } from '../../src/base/fault.ts'
import { planInjection } from '../../src/craft/inject-guard.ts'
import { Direction, FrameWriter } from '../../src/link/frame-batch.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { Link } from '../../src/link/link.ts'
import type { FrameTap } from '../../src/script/lab-wire.ts'
import type { Captured, Wire } from '../../src/script/under-test.ts'
import { isSameAddress } from '../../src/stack/ip-address.ts'
import type { IpAddress } from '../../src/stack/ip-address.ts'
import { EtherType } from '../../src/wire/ethernet.ts'
import { decodePacket, Packet } from '../../src/wire/packet.ts'
import type { Clock } from '../lab/clock.ts'

export interface LiveWireOptions {
  readonly link: Link
  readonly clock: Clock
  /** Ours, which the script's packets come from. */
  readonly own: { readonly address: IpAddress, readonly mac: Uint8Array }
  /** Whose stack is under test; the MAC is that of the next hop. */
  readonly peer: { readonly address: IpAddress, readonly mac: Uint8Array }
  /** Public addresses that the user agreed to. */
  readonly consent: ReadonlySet<string>
  readonly tap: FrameTap
}

const writerFrames = 64
/** Timers of the platform come up to this late: what is left is waited for awake. */
const lateUs = 1500

/** A real link as scripts see it: packets go out at once, what the peer sends us waits with the kernel's time stamps. */
export class LiveWire implements Wire {
  readonly captured: Captured[] = []
  onStep: () => void = () => {}
  /** The last acknowledgment that came, which says where a reset has to be. */
  lastSegment: { readonly ack: number, readonly sourcePort: number, readonly destinationPort: number } | null = null
  private readonly options: LiveWireOptions
  private readonly writer: FrameWriter
  private readonly packet = new Packet()
  private wake: (() => void) | null = null
  private failure: FaultError | null = null

  constructor(options: LiveWireOptions) {
    this.options = options
    this.writer = new FrameWriter(writerFrames, writerFrames * (options.link.info.mtu + 64))
  }

  get nowUs(): number {
    return this.options.clock()
  }

  /** @throws FaultError `targetNeedsConsent`, `frameTooLong` */
  inject(frames: readonly Uint8Array[], version: 4 | 6): void {
    const { link, own, peer, consent, tap } = this.options
    const { writer } = this
    for (const frame of frames) {
      copyBytes(peer.mac, 0, frame, 0, 6)
      copyBytes(own.mac, 0, frame, 6, 6)
      writeU16(frame, 12, version === 4 ? EtherType.ipv4 : EtherType.ipv6)
    }
    const plan = planInjection({ frames, count: 1, ratePps: 0, consent }, { linkType: link.info.linkType, mtu: link.info.mtu })
    if ('code' in plan) throw new FaultError(plan)
    for (const frame of frames) {
      writer.clear()
      writer.write(frame)
      link.send(writer.batch)
      tap(frame, 'received', this.nowUs)
    }
  }

  /** Takes what a batch has from the peer to us. */
  see(batch: FrameBatch): void {
    const { own, peer, link, tap } = this.options
    const { packet } = this
    for (let i = 0; i < batch.count; i++) {
      const at = batch.offset[i]
      if (batch.direction[i] === Direction.sent) continue
      decodePacket(batch.bytes, at, batch.capturedLength[i], link.info.linkType, packet, batch.originalLength[i])
      if (packet.ipVersion === 0 || !isSameAddress(sourceOf(packet), peer.address) || !isSameAddress(destinationOf(packet), own.address)) continue
      const timeUs = batch.timeSec[i] * 1_000_000 + Math.floor(batch.timeNsec[i] / 1000)
      const frame = batch.bytes.slice(at, at + batch.capturedLength[i])
      tap(frame, 'sent', timeUs)
      this.captured.push({ timeUs, bytes: frame.subarray(packet.ipOffset - at, packet.ipOffset - at + packet.ipLengthOnWire) })
      if (packet.protocol === 6) this.lastSegment = { ack: packet.tcp.ack, sourcePort: packet.tcp.sourcePort, destinationPort: packet.tcp.destinationPort }
    }
    this.step()
  }

  /** Nothing can come any more: whoever waits hears why. */
  fail(reason: FaultError): void {
    this.failure = reason
    this.wake?.()
  }

  /** Something happened: whoever waits looks again. */
  step(): void {
    this.onStep()
    this.wake?.()
  }

  settle(): void {}

  skipTo(): void {}

  /** @returns whether the condition held before the time came. @throws FaultError what {@link fail} was told */
  async wait(toUs: number, until: () => boolean): Promise<boolean> {
    for (;;) {
      if (this.failure !== null) throw this.failure
      if (until()) return true
      const leftUs = toUs - this.nowUs
      if (leftUs <= 0) return false
      await this.pause(leftUs - lateUs)
    }
  }

  private pause(forUs: number): Promise<void> {
    if (forUs <= 0) return new Promise((resolve) => { setImmediate(resolve) })
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake?.(), Math.min(forUs / 1000, 2 ** 31 - 1))
      this.wake = () => {
        clearTimeout(timer)
        this.wake = null
        resolve()
      }
    })
  }
}

function sourceOf({ ipVersion, ipv4, ipv6 }: Packet): IpAddress {
  return ipVersion === 4 ? ipv4.source : ipv6.source
}

function destinationOf({ ipVersion, ipv4, ipv6 }: Packet): IpAddress {
  return ipVersion === 4 ? ipv4.destination : ipv6.destination
}
