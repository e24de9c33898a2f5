/** The named deadlines of a connection. */
export const Timer = { retransmit: 0, persist: 1, delayedAck: 2, keepAlive: 3, timeWait: 4, userTimeout: 5, reorder: 6, lossProbe: 7 } as const

export type Timer = typeof Timer[keyof typeof Timer]

const timerCount = 8

/** Absolute times in µs; Infinity where a timer is off. A plain array of doubles: a typed one takes three times the memory of so few. */
export class Timers {
  readonly #deadlines = [Infinity, Infinity, Infinity, Infinity, Infinity, Infinity, Infinity, Infinity]

  set(timer: Timer, deadlineUs: number): void {
    this.#deadlines[timer] = deadlineUs
  }

  clear(timer: Timer): void {
    this.#deadlines[timer] = Infinity
  }

  clearAll(): void {
    this.#deadlines.fill(Infinity)
  }

  isSet(timer: Timer): boolean {
    return this.#deadlines[timer] !== Infinity
  }

  deadline(timer: Timer): number {
    return this.#deadlines[timer]
  }

  /** Whether `timer` is due; then it is off. */
  takeExpired(timer: Timer, nowUs: number): boolean {
    if (this.#deadlines[timer] > nowUs) return false
    this.#deadlines[timer] = Infinity
    return true
  }

  /** The earliest deadline, Infinity where all are off. */
  next(): number {
    let earliest = Infinity
    for (let i = 0; i < timerCount; i++) if (this.#deadlines[i] < earliest) earliest = this.#deadlines[i]
    return earliest
  }
}
