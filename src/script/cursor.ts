import { syntax } from './problem.ts'
import type { Where } from './script.ts'

/** A place in a script's text, and how it moves on. Every method that takes something skips white space and comments before it. */
export class Cursor {
  readonly text: string
  at = 0
  private readonly lineStarts: number[] = [0]

  constructor(text: string) {
    this.text = text
    for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) this.lineStarts.push(i + 1)
  }

  /** Of the next thing, or of an offset. */
  where(at = this.skip()): Where {
    let low = 0
    let high = this.lineStarts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.lineStarts[middle] <= at) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: at - this.lineStarts[low] + 1 }
  }

  /** Past white space and comments. @returns the offset of what follows */
  skip(): number {
    const { text } = this
    for (;;) {
      while (this.at < text.length && text.charCodeAt(this.at) <= 32) this.at++
      if (text.startsWith('//', this.at)) this.at = endOf(text.indexOf('\n', this.at), text)
      else if (text.startsWith('/*', this.at)) {
        const end = text.indexOf('*/', this.at + 2)
        if (end < 0) throw syntax(this.where(this.at), 'unterminated', { what: '/* */' })
        this.at = end + 2
      } else return this.at
    }
  }

  get isAtEnd(): boolean {
    return this.skip() === this.text.length
  }

  /** The pattern has to be sticky. @returns the match, which is taken */
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.skip()
    const match = pattern.exec(this.text)
    if (match === null) return null
    this.at += match[0].length
    return match[0]
  }

  peek(pattern: RegExp): boolean {
    pattern.lastIndex = this.skip()
    return pattern.test(this.text)
  }

  takeText(text: string): boolean {
    if (!this.text.startsWith(text, this.skip())) return false
    this.at += text.length
    return true
  }

  /** A whole word, in any case. */
  takeWord(word: string): boolean {
    const start = this.skip()
    const end = start + word.length
    if (this.text.slice(start, end).toLowerCase() !== word.toLowerCase() || /\w/.test(this.text[end] ?? ' ')) return false
    this.at = end
    return true
  }

  expectText(text: string): void {
    if (!this.takeText(text)) throw this.expected(text)
  }

  expect(pattern: RegExp, what: string): string {
    return this.take(pattern) ?? this.fail(what)
  }

  /** An integer, decimal or 0x…; `what` names its place. */
  integer(what: string, max = 0xffff_ffff, min = 0): number {
    const where = this.where()
    const text = this.expect(/-?(?:0[xX][0-9a-fA-F]+|\d+)/y, what)
    const value = text.startsWith('-') ? -Number(text.slice(1)) : Number(text)
    if (value > max || value < min) throw syntax(where, 'numberTooLarge', { what, value: text, max, min })
    return value
  }

  /** The text up to `close`, which is taken too. */
  upTo(close: string, where: Where): string {
    const end = this.text.indexOf(close, this.at)
    if (end < 0) throw syntax(where, 'unterminated', { what: close })
    const inside = this.text.slice(this.at, end)
    this.at = end + close.length
    return inside
  }

  expected(what: string): Error {
    const start = this.skip()
    // A caret belongs where the missing thing would stand, not beneath the empty lines after it.
    if (start === this.text.length) return syntax(this.where(this.text.trimEnd().length), 'unterminated', { what })
    const got = /^\w+|^\S/.exec(this.text.slice(start, start + 40))?.[0] ?? ''
    return syntax(this.where(start), 'expected', { expected: what, got })
  }

  fail(what: string): never {
    throw this.expected(what)
  }
}

function endOf(index: number, text: string): number {
  return index < 0 ? text.length : index
}
