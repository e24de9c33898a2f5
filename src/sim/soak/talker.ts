import type { Application, Ending, Socket } from '../../stack/applications/application.ts'

/** What an application does with its connection; plain data. */
export interface TalkPlan {
  readonly bytes: number
  /** freely: as the buffer takes it. first, inAnswer: `turnBytes` at a time, in turns. afterEnd: once the other side has closed. */
  readonly say: 'freely' | 'first' | 'inAnswer' | 'afterEnd'
  readonly turnBytes: number
  readonly write: WritePlan
  readonly read: ReadPlan
  /** whenSaid: as soon as all is given to TCP. whenHeard: when all that the other side has to say was read too. */
  readonly closes: 'whenSaid' | 'whenHeard'
  /** Counted from the opening. */
  readonly abortAtUs: number
}

export interface WritePlan {
  readonly chunkBytes: number
  /** Between two writes. */
  readonly gapUs: number
}

export interface ReadPlan {
  /** From the opening on. */
  readonly fromUs: number
  readonly chunkBytes: number
  readonly gapUs: number
}

const chunk = new Uint8Array(65_536)

/** Byte `index` of what `voice` says: no two places near each other look alike. */
export function spokenByte(voice: number, index: number): number {
  return (Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(voice + 1, 0x85ebca6b)) >>> 24
}

/** An application that talks by a plan and checks every byte that it hears. */
export class Talker implements Application {
  readonly plan: TalkPlan
  /** Which stream it speaks, and which it expects to hear. */
  readonly voice: number
  readonly otherVoice: number
  socket: Socket | null = null
  said = 0
  heard = 0
  heardEnd = false
  closed = false
  aborted = false
  ending: Ending | null = null
  /** The first wrong byte, in words. */
  problem: string | null = null
  private openedUs = 0
  private writeAtUs = 0
  private readAtUs = 0

  constructor(plan: TalkPlan, voice: number, otherVoice: number) {
    this.plan = plan
    this.voice = voice
    this.otherVoice = otherVoice
  }

  /** When {@link tick} wants to be called; Infinity when only the connection can move it. */
  get nextUs(): number {
    if (this.socket === null || this.ending !== null) return Infinity
    const abortUs = this.openedUs + this.plan.abortAtUs
    const writes = !this.closed && this.said < this.allowed() && this.socket.sendableBytes > 0
    const reads = this.socket.receivableBytes > 0
    return Math.min(abortUs, writes ? this.writeAtUs : Infinity, reads ? this.readAtUs : Infinity)
  }

  opened(socket: Socket, nowUs: number): void {
    this.socket = socket
    this.openedUs = nowUs
    this.writeAtUs = nowUs
    this.readAtUs = nowUs + this.plan.read.fromUs
    this.tick(nowUs)
  }

  /** While the connection opens: what is said now may go with the SYN. */
  opening(socket: Socket, nowUs: number): void {
    this.speak(socket, nowUs)
  }

  readable(_socket: Socket, nowUs: number): void {
    this.tick(nowUs)
  }

  writable(_socket: Socket, nowUs: number): void {
    this.tick(nowUs)
  }

  remoteClosed(_socket: Socket, nowUs: number): void {
    this.tick(nowUs)
  }

  /** What came before an end in good order can still be read. */
  ended(socket: Socket, ending: Ending, nowUs: number): void {
    this.ending = ending
    while (ending === 'closed' && !this.aborted && this.read(socket, chunk.length, nowUs) > 0);
  }

  /** Reads, writes and closes as far as the plan allows by now. */
  tick(nowUs: number): void {
    const { socket } = this
    if (socket === null || this.ending !== null || this.aborted) return
    if (nowUs >= this.openedUs + this.plan.abortAtUs) return this.abort(nowUs)
    this.hear(socket, nowUs)
    this.heardEnd ||= socket.isAtEnd
    this.speak(socket, nowUs)
    const isDone = this.said === this.plan.bytes && (this.plan.closes === 'whenSaid' || this.heardEnd)
    if (isDone && !this.closed) this.close(nowUs)
  }

  close(nowUs: number): void {
    this.closed = true
    this.socket?.close(nowUs)
  }

  abort(nowUs: number): void {
    this.aborted = true
    this.socket?.abort(nowUs)
  }

  private hear(socket: Socket, nowUs: number): void {
    const { chunkBytes, gapUs } = this.plan.read
    while (nowUs >= this.readAtUs) {
      if (this.read(socket, Math.min(chunkBytes, chunk.length), nowUs) === 0) return
      this.readAtUs = nowUs + gapUs
    }
  }

  private read(socket: Socket, length: number, nowUs: number): number {
    const count = socket.receive(chunk, 0, length, nowUs)
    for (let i = 0; i < count; i++) {
      if (chunk[i] !== spokenByte(this.otherVoice, this.heard + i)) this.problem ??= `byte ${this.heard + i} of the stream is wrong`
    }
    this.heard += count
    return count
  }

  private speak(socket: Socket, nowUs: number): void {
    const { chunkBytes, gapUs } = this.plan.write
    while (!this.closed && nowUs >= this.writeAtUs) {
      const count = Math.min(chunkBytes, this.allowed() - this.said, chunk.length)
      if (count <= 0) return
      for (let i = 0; i < count; i++) chunk[i] = spokenByte(this.voice, this.said + i)
      const taken = socket.send(chunk, 0, count, nowUs)
      if (taken === 0) return
      this.said += taken
      this.writeAtUs = nowUs + gapUs
    }
  }

  /** How much may be said by now. */
  private allowed(): number {
    const { say, bytes, turnBytes } = this.plan
    const turnsHeard = Math.floor(this.heard / turnBytes)
    switch (say) {
      case 'freely': return bytes
      case 'first': return Math.min(bytes, (turnsHeard + 1) * turnBytes)
      case 'inAnswer': return Math.min(bytes, turnsHeard * turnBytes)
      case 'afterEnd': return this.heardEnd ? bytes : 0
    }
  }
}
