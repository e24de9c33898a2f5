import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import type { FrameSink, Link, LinkInfo, LinkStatistics } from '../../src/link/link.ts'
import { listInterfaces, macBytes } from './interfaces.ts'
import type { InterfaceInfo } from './interfaces.ts'
import { faultOf, firstLine, loadNative } from './native.ts'
import type { Native, NativeHandle, NativeOpened } from './native.ts'
import { openHint } from './permission.ts'
import { CaptureRing } from './ring.ts'

export interface NicLinkOptions {
  readonly name: string
  /** pcap-filter syntax; empty means all. */
  readonly filter?: string
  /** Also frames for other stations. */
  readonly promiscuous?: boolean
  /** Bytes kept of each frame. */
  readonly snapLength?: number
  /** The kernel's own buffer. */
  readonly bufferBytes?: number
  /** Ours; rounded up to a power of two, and to what a few of the largest frames need. */
  readonly ringBytes?: number
  /**
   * Hands each frame over at once instead of up to `timeoutMs` later, at more cost a frame. The kernel's buffer then has slots of the largest
   * size: 64 MiB hold 512 frames where receive offload is on, and some 30,000 where it is off.
   */
  readonly immediate?: boolean
  /** Longest time the kernel may collect frames before it shows them. */
  readonly timeoutMs?: number
  /** Frames that leave through the interface, ours and the kernel's, come back from `drain`. */
  readonly seeSent?: boolean
  /** False: open for watching only. */
  readonly inject?: boolean
}

const batchFrames = 1024
const leastRingBytes = 1 << 16
const mostRingBytes = 2 ** 30
const defaults = {
  filter: '', promiscuous: true, snapLength: 262_144, bufferBytes: 64 << 20, ringBytes: 64 << 20, immediate: false, timeoutMs: 1, seeSent: true, inject: true,
}
/** Frame by frame the kernel's buffer has slots of equal size, so they are no larger than the largest frame: an IPv4 packet, Ethernet and two tags. */
const immediateSnapLength = 65_535 + 22
/** DLT_RAW is a number of its own on each system; files and links call it LINKTYPE_RAW. */
const dltRaw = [12, 14]
const linkTypeRaw = 101

/**
 * Opens an interface for capture and injection.
 * @throws FaultError `captureUnavailable`, `noSuchInterface`, `interfaceNoPermission`, `interfaceDown`, `badFilter`
 */
export function openNicLink(options: NicLinkOptions): NicLink {
  const native = loadNative()
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const settings = { ...defaults, snapLength: options.immediate ? immediateSnapLength : defaults.snapLength, name: options.name, ...given }
  const interfaces = listInterfaces()
  const found = interfaces.find(({ name }) => name === options.name)
  const available = interfaces.map(({ name }) => name).join(', ')
  if (found === undefined) throw new FaultError(fault('noSuchInterface', { name: options.name, available }))
  const ring = new CaptureRing(ringSize(settings.ringBytes, settings.snapLength))
  const mac = found.mac === null ? null : macBytes(found.mac)
  let link: NicLink | null = null
  try {
    const opened = native.open({ ...settings, mac }, ring.bytes, ring.control, (closedReason) => link?.wake(closedReason))
    link = new NicLink(native, opened, ring, infoOf(found, mac, opened))
    return link
  } catch (error) {
    const message = firstLine(error)
    const params = { name: options.name, available, how: openHint(), expression: settings.filter, message, reason: message }
    throw new FaultError(only(faultOf(error, params)), { cause: error })
  }
}

/**
 * A real interface through libpcap. Batches point straight into the ring that the capture thread fills: nothing is copied
 * between the kernel's buffer and the sink, and the place is given back when the sink returns.
 */
export class NicLink implements Link {
  readonly info: LinkInfo
  onReadable: (() => void) | null = null
  onClosed: ((reason: Fault) => void) | null = null
  private readonly native: Native
  private readonly handle: NativeHandle
  private readonly ring: CaptureRing
  private readonly batch = new FrameBatch(batchFrames)
  private readonly counters = new Float64Array(7)
  private closed = false
  private ended = false
  /** Somebody has frames that were not taken. */
  private senderWaits = false

  constructor(native: Native, opened: NativeOpened, ring: CaptureRing, info: LinkInfo) {
    this.native = native
    this.handle = opened.handle
    this.ring = ring
    this.info = info
  }

  drain(sink: FrameSink, maxFrames: number): number {
    return this.ring.drain(this.batch, sink, maxFrames, this.isOpen)
  }

  private readonly isOpen = (): boolean => !this.closed

  send(batch: FrameBatch): number {
    if (this.closed || this.ended) return 0
    const taken = this.native.inject(this.handle, batch.bytes, batch.offset, batch.capturedLength, batch.count)
    this.senderWaits = taken < batch.count
    return taken
  }

  setFilter(expression: string): Fault | null {
    if (this.closed) return fault('linkClosed', { name: this.info.name })
    const message = this.native.setFilter(this.handle, expression)
    return message === null ? null : fault('badFilter', { expression, message })
  }

  statistics(into: LinkStatistics): void {
    const { counters } = this
    this.native.statistics(this.handle, counters)
    into.received = counters[0]
    into.droppedByKernel = counters[1]
    into.droppedByInterface = counters[2]
    into.droppedByRing = counters[3]
    into.truncated = counters[4]
    into.sent = counters[5]
    into.sendFailed = counters[6]
  }

  nextDeadlineUs(): number {
    return Infinity
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.native.close(this.handle)
  }

  /** The capture thread has frames, or has ended by itself; or the sending thread has room again. */
  wake(closedReason: string | null): void {
    if (this.closed) return
    const { senderWaits } = this
    this.senderWaits = false
    if (senderWaits || !this.ring.isEmpty) this.onReadable?.()
    if (closedReason === null || this.ended || this.closed) return
    this.ended = true
    this.onClosed?.(fault('interfaceGone', { name: this.info.name }))
  }
}

/** A power of two with room for a few of the largest frames, as the addon asks for. */
function ringSize(wanted: number, snapLength: number): number {
  const least = Math.max(wanted, leastRingBytes, 4 * (snapLength + 64))
  return Math.min(mostRingBytes, 2 ** Math.ceil(Math.log2(least)))
}

function infoOf(found: InterfaceInfo, mac: Uint8Array | null, opened: NativeOpened): LinkInfo {
  return {
    kind: 'nic',
    name: found.name,
    description: found.description,
    linkType: dltRaw.includes(opened.linkType) ? linkTypeRaw : opened.linkType,
    mtu: found.mtu,
    snapLength: opened.snapLength,
    mac,
    addresses: found.addresses,
    mayInject: opened.mayInject,
    timestamps: 'kernel',
    timestampUnit: opened.nanoseconds ? 'ns' : 'us',
    reportsDirection: opened.reportsDirection,
    unknownCounters: [],
  }
}

/** Each fault with the parameters that its sentence needs. */
function only({ code, params }: Fault): Fault {
  const wanted: Partial<Record<Fault['code'], readonly string[]>> = {
    noSuchInterface: ['name', 'available'],
    interfaceNoPermission: ['name', 'how'],
    interfaceDown: ['name'],
    captureUnavailable: ['reason'],
    badFilter: ['expression', 'message'],
    internal: ['message'],
  }
  return fault(code, Object.fromEntries((wanted[code] ?? []).map((key) => [key, params[key] ?? ''])))
}
