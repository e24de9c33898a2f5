/** What an application hears of its connection. The last one of a connection is 'reset', 'refused', 'timedOut', 'unreachable' or 'closed'. */
export const tcpEvents = ['connected', 'accepted', 'readable', 'writable', 'urgent', 'remoteClosed', 'reset', 'refused', 'timedOut', 'unreachable', 'closed'] as const

export type TcpEvent = typeof tcpEvents[number]

const numbers = Object.fromEntries(tcpEvents.map((event, index) => [event, index])) as Readonly<Record<TcpEvent, number>>

/** Events in the order they happened, each at most once at a time, so that the queue never grows. */
export class EventQueue {
  readonly #queue = new Uint8Array(tcpEvents.length)
  #count = 0
  #waiting = 0

  push(event: TcpEvent): void {
    const number = numbers[event]
    if ((this.#waiting & (1 << number)) !== 0) return
    this.#waiting |= 1 << number
    this.#queue[this.#count++] = number
  }

  shift(): TcpEvent | null {
    if (this.#count === 0) return null
    const number = this.#queue[0]
    this.#queue.copyWithin(0, 1, this.#count--)
    this.#waiting &= ~(1 << number)
    return tcpEvents[number]
  }

  clear(): void {
    this.#count = 0
    this.#waiting = 0
  }
}
