import { inputNumber, nextState, tcpInputs, TcpState } from './state.ts'
import type { TcpInput } from './state.ts'

const bitsOfMove = 5
const movesOfNumber = 6
const fullNumbers = 5

/**
 * The way of a connection through its states, from the first or, after many moves, from one of the latest thirty on: only what moved it is kept, six moves
 * to a small integer, as most connections make five and then stay for long; the table says where that led.
 */
export class StatePath {
  #start: TcpState = TcpState.closed
  #full: number[] | null = null
  #moves = 0
  #count = 0

  add(input: TcpInput): void {
    if (this.#count === movesOfNumber) this.#begin()
    this.#moves |= inputNumber(input) << bitsOfMove * this.#count++
  }

  /** The states in order, with the number of the move between two of them, in place of what `into` holds. */
  copy(into: number[]): void {
    into.length = 0
    into.push(this.#start)
    if (this.#full !== null) for (const moves of this.#full) append(into, moves, movesOfNumber)
    append(into, this.#moves, this.#count)
  }

  #begin(): void {
    this.#full ??= []
    this.#full.push(this.#moves)
    this.#moves = this.#count = 0
    if (this.#full.length <= fullNumbers) return
    const left: number[] = [this.#start]
    append(left, this.#full.shift()!, movesOfNumber)
    this.#start = left[left.length - 1] as TcpState
  }
}

function append(path: number[], moves: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const number = (moves >>> bitsOfMove * i) & ((1 << bitsOfMove) - 1)
    path.push(number, nextState(path[path.length - 1] as TcpState, tcpInputs[number])!)
  }
}
