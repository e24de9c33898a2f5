import { parseHex } from '../base/bytes.ts'

/** `expected` is grammar, the same in every language: `FLAGS`, `0..65535`, `seq:end(len)`. Columns start at 1; `got` is empty at the end of the line. */
export interface OneLineError {
  readonly column: number
  readonly expected: string
  readonly got: string
}

export function isOneLineError(result: object): result is OneLineError {
  return 'expected' in result
}

/** Reads on after an error harmlessly: every read then gives its neutral value, and the first error stays. */
export class Cursor {
  readonly text: string
  at = 0
  error: OneLineError | null = null

  constructor(text: string) {
    this.text = text
    this.skipSpace()
  }

  skipSpace(): void {
    while (this.at < this.text.length && /\s/.test(this.text[this.at])) this.at++
  }

  /** What a sticky pattern matches here, with space behind it taken; null and nothing taken otherwise. */
  match(pattern: RegExp): RegExpExecArray | null {
    if (this.error) return null
    const sticky = new RegExp(pattern.source, `${pattern.flags}y`)
    sticky.lastIndex = this.at
    const found = sticky.exec(this.text)
    if (!found) return null
    this.at += found[0].length
    this.skipSpace()
    return found
  }

  looksAt(pattern: RegExp): boolean {
    const sticky = new RegExp(pattern.source, `${pattern.flags}y`)
    sticky.lastIndex = this.at
    return !this.error && sticky.test(this.text)
  }

  expect(pattern: RegExp, expected: string): RegExpExecArray | null {
    const found = this.match(pattern)
    if (!found) this.fail(expected)
    return found
  }

  fail(expected: string, at = this.at): void {
    if (this.error) return
    const got = /^\S{0,24}/.exec(this.text.slice(at))![0]
    this.error = { column: at + 1, expected, got }
  }

  /** Decimal or 0x; the range is what is expected. */
  number(low: number, high: number): number {
    const at = this.at
    const found = this.match(/0x[0-9a-f]+|\d+/i)
    const value = found ? Number(found[0]) : NaN
    if (value >= low && value <= high) return value
    this.fail(`${low}..${high}`, at)
    return low
  }

  hexBytes(low: number, high: number): Uint8Array {
    const at = this.at
    const found = this.match(/(?:0x)?([0-9a-f]*)(?![0-9a-z])/i)
    const bytes = found ? parseHex(found[1]) : null
    if (bytes && bytes.length >= low && bytes.length <= high) return bytes
    this.fail(low === high ? `HEX (${low * 2})` : 'HEX', at)
    return new Uint8Array(0)
  }
}
