import { spawnSync } from 'node:child_process'
import os from 'node:os'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { Direction, FrameBatch } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { FrameSink, Link, LinkInfo, LinkStatistics } from '../../src/link/link.ts'
import { longestFrame, loadCap, openHandle } from './cap-module.ts'
import type { CapDevice, CapHandle, CapModule } from './cap-module.ts'
import { macBytes } from './interfaces.ts'
import { firstLine } from './native.ts'
import { openHint } from './permission.ts'
import { CaptureRing, RingWriter } from './ring.ts'

export interface CapLinkOptions {
  readonly name: string
  /** pcap-filter syntax; empty means all. */
  readonly filter?: string
  /** The kernel's own buffer; below 256 MiB bursts are lost without a word. */
  readonly bufferBytes?: number
  /** Ours, a power of two. */
  readonly ringBytes?: number
  readonly seeSent?: boolean
}

const batchFrames = 1024
const linkTypes: Record<string, number> = { NULL: 0, ETHERNET: 1, RAW: 101, IEEE802_11_RADIO: 127, LINKTYPE_LINUX_SLL: 113 }
/** A filter that lets nothing through and that the compiler does not see through. */
const nothing = 'greater 262144'
const injectorBytes = 1 << 20
/** Source addresses that are remembered as our own. */
const mostSources = 256

/**
 * Opens an interface through the npm package `cap`, for platforms where our own binding is not built.
 * @throws FaultError `captureUnavailable`, `noSuchInterface`, `interfaceNoPermission`, `interfaceDown`, `badFilter`
 */
export function openCapLink(options: CapLinkOptions): CapLink {
  const module = loadCap()
  const devices = module.Cap.deviceList()
  const device = devices.find(({ name }) => name === options.name)
  if (device === undefined) throw new FaultError(fault('noSuchInterface', { name: options.name, available: devices.map(({ name }) => name).join(', ') }))
  return new CapLink(module, device, options)
}

/**
 * The contract on `cap` 0.2.1, and what cannot be had with it:
 * - frames are stamped on arrival in JavaScript; drops of the kernel and the interface, and cut frames, are unknown;
 * - direction is told by the source address: the interface's own and every one that was sent from here;
 * - it is always promiscuous and its snap length is 65,535;
 * - a flood keeps its loop busy until the kernel's buffer is empty, and nothing else of this thread runs meanwhile: frames go into a bounded ring,
 *   and those that find it full are counted;
 * - it ends the process by an assertion when the interface goes down or away, before JavaScript hears of it. Nothing inside
 *   the process can prevent that: where interfaces come and go, this link belongs into a helper process.
 */
export class CapLink implements Link {
  readonly info: LinkInfo
  onReadable: (() => void) | null = null
  onClosed: ((reason: Fault) => void) | null = null
  private readonly module: CapModule
  private readonly options: CapLinkOptions
  private readonly ring: CaptureRing
  private readonly writer: RingWriter
  private readonly batch = new FrameBatch(batchFrames)
  private readonly counts = emptyStatistics()
  private readonly ownSources = new Set<number>()
  /** `cap` does not see what the same handle sends, so sending has its own. */
  private readonly injector: CapHandle
  private readonly sendBuffer = Buffer.alloc(longestFrame)
  private readonly clockOffsetMs = clockOffsetMs()
  private capture: CapHandle
  private lastWakeMs = 0
  private closed = false

  constructor(module: CapModule, device: CapDevice, options: CapLinkOptions) {
    this.module = module
    this.options = options
    this.ring = new CaptureRing(options.ringBytes ?? 64 << 20)
    this.writer = new RingWriter(this.ring)
    const { handle, linkType } = this.open(options.filter ?? '')
    this.capture = handle
    this.injector = openHandle(module, options.name, nothing, injectorBytes).handle
    this.info = infoOf(device, linkTypes[linkType] ?? 1)
    if (this.info.mac !== null) this.ownSources.add(addressKey(this.info.mac, 0))
  }

  drain(sink: FrameSink, maxFrames: number): number {
    return this.ring.drain(this.batch, sink, maxFrames, this.isOpen)
  }

  private readonly isOpen = (): boolean => !this.closed

  send(batch: FrameBatch): number {
    for (let i = 0; i < batch.count; i++) {
      if (this.closed) return i
      const offset = batch.offset[i]
      const length = batch.capturedLength[i]
      if (length < 14 || length > longestFrame) {
        this.counts.sendFailed++
        continue
      }
      this.sendBuffer.set(batch.bytes.subarray(offset, offset + length))
      this.learnSource()
      try {
        this.injector.send(this.sendBuffer, length)
        this.counts.sent++
      } catch (error) {
        if (/temporarily unavailable|no buffer space/i.test(firstLine(error))) return i
        this.counts.sendFailed++
      }
    }
    return batch.count
  }

  /** Opens a second capture with the new filter and closes the first: what waits in the first one's kernel buffer is lost. */
  setFilter(expression: string): Fault | null {
    if (this.closed) return fault('linkClosed', { name: this.options.name })
    try {
      const { handle } = this.open(expression)
      stop(this.capture)
      this.capture = handle
      return null
    } catch (error) {
      return error instanceof FaultError ? error.fault : fault('internal', { message: firstLine(error) })
    }
  }

  statistics(into: LinkStatistics): void {
    Object.assign(into, this.counts)
  }

  nextDeadlineUs(): number {
    return Infinity
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    stop(this.capture)
    stop(this.injector)
  }

  /** @throws FaultError */
  private open(filter: string): { handle: CapHandle, linkType: string } {
    try {
      const { handle, buffer, linkType } = openHandle(this.module, this.options.name, filter, this.options.bufferBytes ?? 256 << 20)
      handle.on('packet', (length, truncated) => this.accept(buffer, length, truncated))
      return { handle, linkType }
    } catch (error) {
      throw new FaultError(faultOfOpening(firstLine(error), this.options.name, filter), { cause: error })
    }
  }

  private accept(buffer: Buffer, length: number, truncated: boolean): void {
    const isOwn = length >= 14 && this.ownSources.has(addressKey(buffer, 6))
    if (isOwn && this.options.seeSent === false) return
    const nowMs = performance.now() + this.clockOffsetMs
    const sec = Math.floor(nowMs / 1000)
    const nsec = Math.floor((nowMs - sec * 1000) * 1000) * 1000
    // How long a cut frame was is not told: at least one byte longer.
    if (this.writer.append(buffer, length, truncated ? length + 1 : length, sec, nsec, isOwn ? Direction.sent : Direction.received)) this.counts.received++
    else this.counts.droppedByRing++
    if (this.writer.takeWish()) this.wakeSoon()
  }

  /** Outside of the packet callback, where a throw of the reader would come out of native code; at most once a millisecond. */
  private wakeSoon(): void {
    const wake = (): void => {
      this.lastWakeMs = performance.now()
      if (!this.closed && !this.ring.isEmpty) this.onReadable?.()
    }
    if (performance.now() - this.lastWakeMs >= 1) setImmediate(wake)
    else setTimeout(wake, 1)
  }

  private learnSource(): void {
    if (this.ownSources.size < mostSources) this.ownSources.add(addressKey(this.sendBuffer, 6))
  }
}

function stop(handle: CapHandle): void {
  handle.removeAllListeners()
  handle.close()
}

/** The six bytes as one number. */
function addressKey(bytes: Uint8Array, at: number): number {
  return (bytes[at] * 0x10000 + bytes[at + 1] * 0x100 + bytes[at + 2]) * 0x1000000 + bytes[at + 3] * 0x10000 + bytes[at + 4] * 0x100 + bytes[at + 5]
}

/** `cap` throws libpcap's words alone. */
function faultOfOpening(message: string, name: string, filter: string): Fault {
  if (/permission|not permitted/i.test(message)) return fault('interfaceNoPermission', { name, how: openHint() })
  if (/not up|network is down/i.test(message)) return fault('interfaceDown', { name })
  if (/no such device|disappeared|doesn't exist/i.test(message)) return fault('noSuchInterface', { name, available: '' })
  if (filter !== '' && /filter|expression|syntax|unknown|illegal|expected|parse|rejects/i.test(message)) return fault('badFilter', { expression: filter, message })
  return fault('captureUnavailable', { reason: message })
}

function infoOf(device: CapDevice, linkType: number): LinkInfo {
  const known = os.networkInterfaces()
  const own = device.addresses.map(({ addr }) => addr)
  const entries = Object.entries(known).flatMap(([name, list]) => (list ?? []).filter(({ address }) => name === device.name || own.includes(address)))
  const kernel = askKernel(device.name)
  const mac = kernel.mac ?? entries[0]?.mac ?? null
  return {
    kind: 'cap',
    name: device.name,
    description: device.description ?? '',
    linkType,
    mtu: kernel.mtu ?? 1500,
    snapLength: 65_535,
    mac: mac === null || mac === '00:00:00:00:00:00' ? null : macBytes(mac),
    addresses: entries.map(({ cidr, address }) => cidr ?? address),
    mayInject: true,
    timestamps: 'arrival',
    timestampUnit: 'us',
    reportsDirection: linkType === 1,
    unknownCounters: ['droppedByKernel', 'droppedByInterface', 'truncated'],
  }
}

/** From iproute2 and not from /sys, which shows another namespace's interfaces when only the network was unshared. */
function askKernel(name: string): { mac?: string, mtu?: number } {
  if (process.platform !== 'linux') return {}
  const { status, stdout } = spawnSync('ip', ['-json', 'link', 'show', 'dev', name], { encoding: 'utf8', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
  if (status !== 0) return {}
  const [{ address, mtu }] = JSON.parse(stdout) as { address?: string, mtu?: number }[]
  return { mac: address, mtu }
}

/** From `performance.now()` to the system's clock, which may have been set since the process began. */
function clockOffsetMs(): number {
  const offset = performance.timeOrigin
  return Math.abs(Date.now() - performance.now() - offset) > 2 ? Date.now() - performance.now() : offset
}
