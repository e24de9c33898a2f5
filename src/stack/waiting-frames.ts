/** Of frames that wait for one next hop, and of their bytes for all together. */
export const waitingLimits = { frames: 256, bytes: 512 * 1024 } as const

/** A next hop whose link-layer address is being asked for. */
export interface WaitedFor {
  /** Whole frames, destination MAC still to be filled in; the latest are kept (RFC 1122 §2.3.2.2, RFC 4861 §7.2.2). */
  pending: Uint8Array[]
}

/** Keeps the frames that wait for link-layer addresses within {@link waitingLimits}. */
export class WaitingFrames {
  private readonly onDropped: () => void
  private bytes = 0

  /** @param onDropped a frame had to give way, once for each */
  constructor(onDropped: () => void) {
    this.onDropped = onDropped
  }

  /** Lets a frame wait; the oldest for the same next hop gives way. The frame is kept, not copied. */
  hold({ pending }: WaitedFor, frame: Uint8Array): void {
    while (pending.length > 0 && (pending.length >= waitingLimits.frames || this.isOver(frame))) {
      this.bytes -= pending.shift()!.length
      this.onDropped()
    }
    if (this.isOver(frame)) {
      this.onDropped()
      return
    }
    pending.push(frame)
    this.bytes += frame.length
  }

  /** Takes all that waits for a next hop, oldest first. */
  take(neighbour: WaitedFor): readonly Uint8Array[] {
    const frames = neighbour.pending
    neighbour.pending = []
    for (const frame of frames) this.bytes -= frame.length
    return frames
  }

  private isOver(frame: Uint8Array): boolean {
    return this.bytes + frame.length > waitingLimits.bytes
  }
}
