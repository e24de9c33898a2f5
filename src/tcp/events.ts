/**
 * What an application hears of its connection: 'urgent' when urgent data appears or reaches further, 'trouble' when the same bytes were sent R1 times in vain.
 * The last one of a connection is 'reset', 'refused', 'timedOut', 'unreachable' or 'closed'.
 */
export const tcpEvents = ['connected', 'accepted', 'readable', 'writable', 'urgent', 'trouble', 'remoteClosed', 'reset', 'refused', 'timedOut', 'unreachable', 'closed'] as const

export type TcpEvent = typeof tcpEvents[number]

const numbers = Object.fromEntries(tcpEvents.map((event, index) => [event, index])) as Readonly<Record<TcpEvent, number>>

/**
 * Events in the order they happened, each at most once at a time, so that the queue never grows: four bits each, the first in the lowest
 * bits of one number, the eighth in those of another.
 */
export class EventQueue {
  #first = 0
  #second = 0
  #count = 0
  #waiting = 0

  push(event: TcpEvent): void {
    const number = numbers[event]
    if ((this.#waiting & (1 << number)) !== 0) return
    this.#waiting |= 1 << number
    if (this.#count < perNumber) this.#first |= number << 4 * this.#count
    else this.#second |= number << 4 * (this.#count - perNumber)
    this.#count++
  }

  shift(): TcpEvent | null {
    if (this.#count === 0) return null
    const number = this.#first & 15
    this.#first = (this.#first >>> 4) | ((this.#second & 15) << 4 * (perNumber - 1))
    this.#second >>>= 4
    this.#count--
    this.#waiting &= ~(1 << number)
    return tcpEvents[number]
  }

  clear(): void {
    this.#first = 0
    this.#second = 0
    this.#count = 0
    this.#waiting = 0
  }
}

/** Seven times four bits stay a small integer. */
const perNumber = 7
