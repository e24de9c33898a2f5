import { utf8Bytes } from '../base/bytes.ts'
import { isWordByte, programOf } from './pattern-program.ts'
import type { Instruction, PatternError } from './pattern-program.ts'

/**
 * A regular expression that is searched for in one pass over the bytes, whatever it is: an automaton whose states are made when they
 * are met first, so no pattern and no packet can make it try again and again.
 */
export interface Pattern {
  testBytes(bytes: Uint8Array): boolean
  testText(text: string): boolean
}

/** Case does not count unless `(?-i)` says so. */
export function compilePattern(source: string): Pattern | PatternError {
  const program = programOf(source)
  return Array.isArray(program) ? new Automaton(program) : program
}

/** Symbols beside the 256 bytes: nothing more comes; a line feed that is the last byte. */
const endSymbol = 256
const finalLineFeed = 257
const symbols = 258
/** States that are kept; beyond that the automaton begins anew with what it needs. */
const maxStates = 1000

class State {
  readonly next: (State | null)[] = new Array<State | null>(symbols).fill(null)

  constructor(readonly threads: readonly number[], readonly before: number) {}
}

/** What the byte before means to assertions. */
const Before = { nothing: 0, word: 1, lineFeed: 2, other: 3 } as const

const matched = new State([], Before.other)
const failed = new State([], Before.other)

class Automaton implements Pattern {
  private readonly states = new Map<string, State>()
  private start: State
  private readonly marks: Uint32Array
  private mark = 0

  constructor(private readonly program: readonly Instruction[]) {
    this.marks = new Uint32Array(program.length)
    this.start = this.stateOf([0], Before.nothing)
  }

  testText(text: string): boolean {
    return this.testBytes(utf8Bytes(text))
  }

  testBytes(bytes: Uint8Array): boolean {
    let state = this.start
    const last = bytes.length - 1
    for (let i = 0; i <= last; i++) {
      const symbol = bytes[i] === 10 && i === last ? finalLineFeed : bytes[i]
      state = state.next[symbol] ?? this.step(state, symbol)
      if (state === matched) return true
    }
    return (state.next[endSymbol] ?? this.step(state, endSymbol)) === matched
  }

  private step(state: State, symbol: number): State {
    const byte = symbol === finalLineFeed ? 10 : symbol
    const reached = this.closure(state, symbol)
    let next: State
    if (reached === null) next = matched
    else if (symbol === endSymbol) next = failed
    else {
      const threads = new Set<number>([0])
      for (const pc of reached) {
        const instruction = this.program[pc]
        if (instruction.kind === 'byte' && instruction.set[byte] !== 0) threads.add(pc + 1)
      }
      next = this.stateOf([...threads].sort((a, b) => a - b), isWordByte(byte) ? Before.word : byte === 10 ? Before.lineFeed : Before.other)
    }
    state.next[symbol] = next
    return next
  }

  /** Instructions that wait for a byte, or null where the pattern has matched. */
  private closure(state: State, symbol: number): number[] | null {
    const { program, marks } = this
    const mark = ++this.mark
    const waiting: number[] = []
    const stack = [...state.threads]
    while (stack.length > 0) {
      const pc = stack.pop()!
      if (marks[pc] === mark) continue
      marks[pc] = mark
      const instruction = program[pc]
      switch (instruction.kind) {
        case 'match': return null
        case 'byte': waiting.push(pc); break
        case 'jump': stack.push(instruction.to); break
        case 'split': stack.push(instruction.left, instruction.right); break
        case 'assert': if (holds(instruction.assertion, state.before, symbol)) stack.push(pc + 1)
      }
    }
    return waiting
  }

  private stateOf(threads: readonly number[], before: number): State {
    const key = `${before}:${threads.join(',')}`
    const known = this.states.get(key)
    if (known) return known
    if (this.states.size >= maxStates) {
      this.states.clear()
      this.start = new State([0], Before.nothing)
    }
    const made = new State(threads, before)
    this.states.set(key, made)
    return made
  }
}

function holds(assertion: Extract<Instruction, { kind: 'assert' }>['assertion'], before: number, symbol: number): boolean {
  const isWordNext = symbol < 256 && isWordByte(symbol)
  switch (assertion) {
    case 'start': return before === Before.nothing
    case 'end': return symbol === endSymbol || symbol === finalLineFeed
    case 'veryEnd': return symbol === endSymbol
    case 'lineStart': return before === Before.nothing || before === Before.lineFeed
    case 'lineEnd': return symbol === endSymbol || symbol === finalLineFeed || symbol === 10
    case 'wordEdge': return (before === Before.word) !== isWordNext
    case 'notWordEdge': return (before === Before.word) === isWordNext
  }
}
