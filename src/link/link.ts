import type { Fault } from '../base/fault.ts'
import type { FrameBatch } from './frame-batch.ts'

export const linkKinds = ['nic', 'cap', 'sandbox', 'virtual', 'memory', 'file'] as const
export type LinkKind = typeof linkKinds[number]

/** What a link is and what it can know; fixed while it is open. */
export interface LinkInfo {
  readonly kind: LinkKind
  /** Interface name, or the name of the simulated network or file. */
  readonly name: string
  /** Free words about it, such as a driver's description; may be empty. */
  readonly description: string
  /** LINKTYPE_ number of the frames (1 = Ethernet). */
  readonly linkType: number
  /** Largest IP packet in bytes, without the link header. */
  readonly mtu: number
  readonly snapLength: number
  /** The interface's own MAC, or null where it has none. */
  readonly mac: Uint8Array | null
  /** Addresses that the machine's own kernel has on it, as `address/length`. */
  readonly addresses: readonly string[]
  readonly mayInject: boolean
  /** Who stamped the frames: the kernel, or we on arrival. */
  readonly timestamps: 'kernel' | 'arrival' | 'virtual'
  readonly timestampUnit: 'ns' | 'us'
  readonly reportsDirection: boolean
  /** Counters that this link cannot know are named here and are shown as unknown, not as zero. */
  readonly unknownCounters: readonly (keyof LinkStatistics)[]
}

/** Counts since the link was opened. Nothing is ever lost without a count. */
export interface LinkStatistics {
  /** Frames handed out, or waiting to be. */
  received: number
  droppedByKernel: number
  droppedByInterface: number
  /** Frames that found our own ring full. */
  droppedByRing: number
  /** Frames cut by the snap length. */
  truncated: number
  sent: number
  sendFailed: number
}

/** Receives batches from {@link Link.drain}; the batch is valid only during the call. */
export type FrameSink = (batch: FrameBatch) => void

/**
 * A place where frames come from and go to. Everything is synchronous and pulled: the link says once that there is
 * something (`onReadable`), the driver drains. Links decorate links (record, impair), and each passes the same contract suite.
 *
 * Frames sent through a link that reports direction come back from `drain` with direction `sent`, stamped like the others,
 * when it was opened with `seeSent`.
 */
export interface Link {
  readonly info: LinkInfo
  /** Called at most once a millisecond while frames wait; draining everything arms it again. */
  onReadable: (() => void) | null
  /** Called once when the link dies by itself (interface removed, helper gone); afterwards it only reports statistics. */
  onClosed: ((reason: Fault) => void) | null
  /**
   * Hands out at most `maxFrames` waiting frames in batches.
   * @returns frames handed out; fewer than `maxFrames` means that nothing waits any more
   */
  drain(sink: FrameSink, maxFrames: number): number
  /**
   * Sends the frames of a batch in order.
   * @returns frames taken; the rest (queue full) is the caller's to offer again after `onReadable` or the next turn
   */
  send(batch: FrameBatch): number
  /** Sets the capture filter in pcap-filter syntax; empty means all. @returns null, or the fault `badFilter` with the compiler's words */
  setFilter(expression: string): Fault | null
  /** Fills `into` with the counts up to now. */
  statistics(into: LinkStatistics): void
  /** Earliest time (µs since 1970, or virtual) at which the link wants `drain` without being woken; Infinity when never. */
  nextDeadlineUs(): number
  /** Frees everything; twice is allowed. */
  close(): void
}

export function emptyStatistics(): LinkStatistics {
  return { received: 0, droppedByKernel: 0, droppedByInterface: 0, droppedByRing: 0, truncated: 0, sent: 0, sendFailed: 0 }
}
