import { tokensOf } from './lexer.ts'
import type { Token } from './lexer.ts'
import { problem } from './syntax.ts'
import type { Arithmetic, Comparison, Expression, Operand, Place, Quantifier, SetItem, SliceRange } from './syntax.ts'

/**
 * Reads a display filter in Wireshark's syntax. From weakest to strongest: `or`, `and`, `not`, comparisons, `&`, `+ -`, `* / %`, sign.
 * Parentheses group tests, braces group arithmetic.
 * @returns null for a blank text
 * @throws FilterProblem
 */
export function parseFilter(source: string): Expression | null {
  const parser = new Parser(tokensOf(source))
  return parser.isAtEnd ? null : parser.whole()
}

/** Nesting that is followed. */
const maxDepth = 200

const comparisonWords: Readonly<Record<string, Comparison>> = {
  '==': '==', eq: '==', any_eq: '==', '!=': '!=', ne: '!=', all_ne: '!=', '===': '===', all_eq: '===', '!==': '!==', any_ne: '!==',
  '<': '<', lt: '<', '<=': '<=', le: '<=', '>': '>', gt: '>', '>=': '>=', ge: '>=', contains: 'contains', '~': 'matches', matches: 'matches',
}
const arithmeticLevels: readonly Readonly<Record<string, Arithmetic>>[] = [{ '&': '&', bitwise_and: '&' }, { '+': '+', '-': '-' }, { '*': '*', '/': '/', '%': '%' }]

/** Words that are never names or values. */
export const keywords = ['and', 'or', 'not', 'in', 'any', 'all', 'eq', 'any_eq', 'ne', 'all_ne', 'all_eq', 'any_ne', 'lt', 'le', 'gt', 'ge', 'contains', 'matches', 'bitwise_and'] as const

class Parser {
  private next = 0
  private depth = 0

  constructor(private readonly tokens: readonly Token[]) {}

  get isAtEnd(): boolean { return this.token.kind === 'end' }

  whole(): Expression {
    const expression = this.or()
    if (!this.isAtEnd) throw this.unexpected()
    return expression
  }

  private get token(): Token { return this.tokens[this.next] }

  private or(): Expression {
    let left = this.and()
    while (this.takes('or', '||')) left = joined('or', left, this.and())
    return left
  }

  private and(): Expression {
    let left = this.not()
    while (this.takes('and', '&&')) left = joined('and', left, this.not())
    return left
  }

  private not(): Expression {
    const start = this.token
    if (!this.takes('not', '!')) return this.test()
    return this.nested(() => {
      const operand = this.not()
      return { kind: 'not', operand, ...from(start, operand) }
    })
  }

  private test(): Expression {
    const start = this.token
    if (this.takes('(')) {
      return this.nested(() => {
        const inside = this.or()
        const end = this.expect(')')
        return { ...inside, ...from(start, end) }
      })
    }
    const quantifier: Quantifier = this.takes('any') ? 'any' : this.takes('all') ? 'all' : null
    const left = this.operand(0)
    const comparison = this.comparison()
    if (comparison !== null) return this.chain(start, quantifier, left, comparison)
    const negatedIn = this.isWord('not') && this.isWordAt(this.next + 1, 'in')
    if (negatedIn) this.next++
    if (this.takes('in')) return this.membership(start, quantifier, left, negatedIn)
    if (quantifier !== null) throw this.unexpected()
    return { kind: 'exists', operand: left, ...from(start, left) }
  }

  /** `a < b < c` is `a < b and b < c`. */
  private chain(start: Place, quantifier: Quantifier, first: Operand, firstComparison: Comparison): Expression {
    let left = first
    let comparison: Comparison | null = firstComparison
    let whole: Expression | null = null
    while (comparison !== null) {
      const right = this.operand(0)
      const one: Expression = { kind: 'compare', comparison, quantifier, left, right, ...from(whole === null ? start : left, right) }
      whole = whole === null ? one : joined('and', whole, one)
      left = right
      comparison = this.comparison()
    }
    return whole!
  }

  private membership(start: Place, quantifier: Quantifier, left: Operand, negated: boolean): Expression {
    this.expect('{')
    const set: SetItem[] = []
    do {
      const low = this.operand(0)
      if (this.takes('..')) {
        const high = this.operand(0)
        set.push({ kind: 'range', low, high, ...from(low, high) })
      } else {
        set.push(low)
      }
      if (this.token.kind === 'word' || this.token.kind === 'text') throw problem('setNeedsCommas', this.token)
    } while (this.takes(','))
    const end = this.expect('}')
    return { kind: 'in', quantifier, negated, left, set, ...from(start, end) }
  }

  private comparison(): Comparison | null {
    const { token } = this
    if (token.kind !== 'symbol' && token.kind !== 'word') return null
    if (!Object.hasOwn(comparisonWords, token.text)) return null
    this.next++
    return comparisonWords[token.text]
  }

  /** Arithmetic from `level` on, the weakest first. */
  private operand(level: number): Operand {
    if (level === arithmeticLevels.length) return this.signed()
    let left = this.operand(level + 1)
    for (;;) {
      const { token } = this
      const isOperator = (token.kind === 'symbol' || token.kind === 'word') && Object.hasOwn(arithmeticLevels[level], token.text)
      if (!isOperator) return left
      this.next++
      const right = this.operand(level + 1)
      left = { kind: 'arithmetic', operator: arithmeticLevels[level][token.text], left, right, ...from(left, right) }
    }
  }

  private signed(): Operand {
    const start = this.token
    if (this.takes('+')) return this.nested(() => this.signed())
    if (!this.takes('-')) return this.sliced()
    return this.nested(() => {
      const operand = this.signed()
      return { kind: 'negative', operand, ...from(start, operand) }
    })
  }

  private sliced(): Operand {
    let operand = this.primary()
    for (;;) {
      const { token } = this
      if (token.kind !== 'slice') return operand
      this.next++
      operand = { kind: 'slice', operand, ranges: token.ranges, ...from(operand, token) }
    }
  }

  private primary(): Operand {
    const { token } = this
    if (token.kind === 'symbol' && token.text === '{') {
      this.next++
      return this.nested(() => {
        const inside = this.operand(0)
        const end = this.expect('}')
        return { ...inside, ...from(token, end) }
      })
    }
    if (token.kind === 'text' || token.kind === 'character') {
      this.next++
      return token
    }
    if (token.kind !== 'word' || (keywords as readonly string[]).includes(token.text)) throw this.unexpected()
    this.next++
    if (this.isSymbol('(') && /^[a-z]\w*$/.test(token.text)) return this.nested(() => this.call(token))
    const layers: readonly SliceRange[] | null = this.token.kind === 'layers' ? this.token.ranges : null
    if (layers === null) return { kind: 'word', text: token.text, layers, at: token.at, length: token.length }
    this.next++
    return { kind: 'word', text: token.text, layers, ...from(token, this.tokens[this.next - 1]) }
  }

  private call(name: Token & { kind: 'word' }): Operand {
    this.expect('(')
    const args: Operand[] = []
    if (!this.isSymbol(')')) {
      do args.push(this.operand(0))
      while (this.takes(','))
    }
    const end = this.expect(')')
    return { kind: 'call', name: name.text, args, ...from(name, end) }
  }

  private takes(...texts: readonly string[]): boolean {
    const { token } = this
    if ((token.kind !== 'symbol' && token.kind !== 'word') || !texts.includes(token.text)) return false
    this.next++
    return true
  }

  private expect(text: string): Token {
    const { token } = this
    if (!this.takes(text)) throw this.unexpected(text)
    return token
  }

  private isSymbol(text: string): boolean {
    return this.token.kind === 'symbol' && this.token.text === text
  }

  private isWord(text: string): boolean {
    return this.isWordAt(this.next, text)
  }

  private isWordAt(index: number, text: string): boolean {
    const token = this.tokens[index]
    return token?.kind === 'word' && token.text === text
  }

  private nested<T>(read: () => T): T {
    if (++this.depth > maxDepth) throw problem('tooDeep', this.token, { limit: maxDepth })
    const value = read()
    this.depth--
    return value
  }

  private unexpected(expected = ''): Error {
    const { token } = this
    if (token.kind === 'end') return problem('unexpectedEnd', token, { expected })
    if (token.kind === 'word' && (keywords as readonly string[]).includes(token.text.toLowerCase()) && token.text !== token.text.toLowerCase()) {
      return problem('wordCase', token, { got: token.text, expected: token.text.toLowerCase() })
    }
    return problem('unexpected', token, { got: textOf(token), expected })
  }
}

function textOf(token: Token): string {
  switch (token.kind) {
    case 'word': case 'symbol': return token.text
    case 'text': return `"${token.text}"`
    case 'slice': return '['
    case 'layers': return '#'
    default: return '\''
  }
}

function from(start: Place, end: Place): Place {
  return { at: start.at, length: end.at + end.length - start.at }
}

function joined(kind: 'and' | 'or', left: Expression, right: Expression): Expression {
  return { kind, left, right, ...from(left, right) }
}
