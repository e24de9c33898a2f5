import { FrameWriter } from '../../src/link/frame-batch.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { FrameSink, Link } from '../../src/link/link.ts'
import { takeStretch } from '../../src/wire/common-memory.ts'
import { machineClock } from './clock.ts'
import type { Clock } from './clock.ts'

/** Something that speaks on the link: a host with its applications. Called in this order, again and again; times in µs since 1970. */
export interface Speaker {
  handleBatch(batch: FrameBatch, nowUs: number): void
  handleTimeout(nowUs: number): void
  /** @returns frames written */
  pollTransmit(nowUs: number, writer: FrameWriter): number
  /** When it wants to be called; Infinity when never. */
  pollTimeout(): number
}

/** Something that only wants to be called at a time: the recorder's flush, the next update, the next injected frame. */
export interface Task {
  pollTimeout(): number
  handleTimeout(nowUs: number): void
}

export interface DriverOptions {
  /** Sees every frame before the speaker does. */
  readonly watch?: (batch: FrameBatch, nowUs: number) => void
  /** Called at the end of each turn in which frames came, left, or the speaker was woken. */
  readonly afterTurn?: (nowUs: number) => void
  /** A mistake of ours inside a turn; the loop goes on. */
  readonly onError: (error: unknown) => void
  readonly clock?: Clock
}

/** A turn ends after this long, so that calls, timers and sockets of the process get theirs. */
const turnUs = 4000
const drainFrames = 512
/** How long to wait before frames are offered again to a link that would not take them, and after a mistake. */
const retryUs = 1000
const afterErrorUs = 100_000
const writerFrames = 256
const writerBytes = 512 * 1024
/** Longest delay that a timer of the platform can hold. */
const maxDelayMs = 2 ** 31 - 1

/**
 * The one loop that touches a clock: drain the link, let the speaker speak, send, then wait for the link or the earliest deadline.
 * Work in a turn is bounded by time. Everything runs on one thread, so whoever calls the speaker from outside calls {@link wake} afterwards.
 */
export class Driver {
  speaker: Speaker | null = null
  readonly tasks = new Set<Task>()
  readonly clock: Clock
  private readonly options: DriverOptions
  private link: Link | null = null
  private readonly writer = new FrameWriter(writerFrames, writerBytes, takeStretch(writerBytes))
  private readonly sink: FrameSink
  private timer: NodeJS.Timeout | null = null
  private immediate: NodeJS.Immediate | null = null
  private running = false
  /** Frames came or left, or somebody called, since the last turn ended. */
  private active = false
  /** The link has said that frames wait. */
  private readable = true
  private notBeforeUs = 0

  constructor(options: DriverOptions) {
    this.options = options
    this.clock = options.clock ?? machineClock
    this.sink = (batch) => {
      const nowUs = this.clock()
      this.options.watch?.(batch, nowUs)
      this.speaker?.handleBatch(batch, nowUs)
    }
  }

  /** Drives this link from now on. */
  attach(link: Link): void {
    this.link = link
    this.readable = true
    link.onReadable = () => {
      this.readable = true
      this.schedule()
    }
    this.wake()
  }

  /** Lets go of link and speaker; both stay as they are. What the speaker still has to say is not said: see {@link flush}. */
  detach(): void {
    if (this.link !== null) this.link.onReadable = null
    this.link = null
    this.speaker = null
    this.writer.clear()
  }

  /** There may be something to do at once. */
  wake(): void {
    this.active = true
    this.schedule()
  }

  /** Ends the loop. */
  stop(): void {
    this.detach()
    this.tasks.clear()
    this.disarm()
  }

  /** Lets the speaker send what it has now, for instance resets before the end. */
  flush(): void {
    const nowUs = this.clock()
    for (let round = 0; round < 16 && this.transmit(nowUs) > 0; round++);
  }

  private schedule(): void {
    if (this.running || this.immediate !== null) return
    this.disarm()
    this.immediate = setImmediate(() => this.turn())
  }

  private turn(): void {
    this.disarm()
    this.running = true
    let again = false
    try {
      again = this.work()
    } catch (error) {
      this.notBeforeUs = this.clock() + afterErrorUs
      this.options.onError(error)
    }
    this.running = false
    if (again || this.readable) this.immediate = setImmediate(() => this.turn())
    else this.arm()
  }

  /** @returns whether there is more to do at once */
  private work(): boolean {
    const startUs = this.clock()
    let nowUs = startUs
    let again = true
    while (again && nowUs - startUs < turnUs) {
      again = this.step()
      nowUs = this.clock()
    }
    for (const task of this.tasks) if (task.pollTimeout() <= nowUs) task.handleTimeout(nowUs)
    if (this.active) {
      this.active = false
      this.options.afterTurn?.(nowUs)
    }
    return again
  }

  private step(): boolean {
    const { link, speaker } = this
    this.readable = false
    const drained = link === null ? 0 : link.drain(this.sink, drainFrames)
    // Later than any batch was handled: the speaker's time never goes back.
    const nowUs = this.clock()
    const due = speaker !== null && speaker.pollTimeout() <= nowUs
    if (due) speaker.handleTimeout(nowUs)
    const sent = speaker === null ? 0 : this.transmit(nowUs)
    if (drained > 0 || sent > 0 || due) this.active = true
    return drained === drainFrames || sent > 0 || this.readable
  }

  /** @returns frames that the link took */
  private transmit(nowUs: number): number {
    const { link, writer, speaker } = this
    if (link === null) return 0
    if (writer.count === 0 && speaker !== null && speaker.pollTransmit(nowUs, writer) === 0) return 0
    const sent = link.send(writer.batch)
    if (sent >= writer.count) {
      writer.clear()
      return sent
    }
    writer.batch.dropFirst(sent)
    this.notBeforeUs = nowUs + retryUs
    return sent
  }

  private arm(): void {
    let deadlineUs = this.link?.nextDeadlineUs() ?? Infinity
    if (this.speaker !== null) deadlineUs = Math.min(deadlineUs, this.speaker.pollTimeout())
    for (const task of this.tasks) deadlineUs = Math.min(deadlineUs, task.pollTimeout())
    // Frames that the link would not take wait for their time; whatever else is due may have to wait for them.
    if (this.writer.count > 0) deadlineUs = Math.min(deadlineUs, this.notBeforeUs)
    if (deadlineUs === Infinity) return
    const delayUs = Math.max(deadlineUs, this.notBeforeUs) - this.clock()
    if (delayUs <= 0) this.immediate = setImmediate(() => this.turn())
    else this.timer = setTimeout(() => this.turn(), Math.min(Math.ceil(delayUs / 1000), maxDelayMs))
  }

  private disarm(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    if (this.immediate !== null) clearImmediate(this.immediate)
    this.timer = null
    this.immediate = null
  }
}
