import { Block, blockPackets } from './block.ts'
import { compileExpression } from './compile.ts'
import type { Test } from './compile.ts'
import type { LocalTime } from './date.ts'
import type { PacketView } from './packet-view.ts'
import { parseFilter } from './parser.ts'
import { FilterProblem } from './syntax.ts'
import type { FilterError } from './syntax.ts'
import { chunkBits, chunkMask } from '../trace/packet-store.ts'

export interface FilterOptions {
  /** For dates that name no zone; UTC unless said. */
  readonly local?: LocalTime
}

/** Compiles a display filter. Never throws: what is wrong comes back as a value. A blank text lets everything through. */
export function compileFilter(text: string, options: FilterOptions = {}): Filter | FilterError {
  try {
    const expression = parseFilter(text)
    return new Filter(text, expression === null ? everything : compileExpression(expression, options.local ?? (() => 0)))
  } catch (error) {
    if (error instanceof FilterProblem) return error.error
    throw error
  }
}

/** A compiled filter. It keeps scratch arrays, so one thread uses one at a time. */
export class Filter {
  private readonly selection = new Uint8Array(blockPackets)

  constructor(readonly text: string, private readonly root: Test) {}

  /** Whether the packet that the view stands on passes. */
  test(view: PacketView): boolean {
    return this.root.test(view)
  }

  /** Calls `found` with the index of each packet in `from` (inclusive) to `to` (exclusive) that passes, in order. */
  select(view: PacketView, from: number, to: number, found: (index: number) => void): void {
    const { selection } = this
    const { source } = view
    const block = new Block(source, view.isOnePass)
    for (let first = from; first < to; first += block.count) {
      block.first = first
      block.from = first & chunkMask
      block.count = Math.min(blockPackets, to - first, chunkMask + 1 - block.from)
      block.columns = source.store.chunks[first >>> chunkBits]
      selection.fill(1, 0, block.count)
      this.root.select(block, view, selection)
      for (let i = 0; i < block.count; i++) if (selection[i] !== 0) found(first + i)
    }
  }
}

const everything: Test = { test: () => true, select() {} }
