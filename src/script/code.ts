import { tokenizeCode } from './code-tokens.ts'
import type { CodeToken } from './code-tokens.ts'
import { codeConstants } from './constants.ts'
import { syntax, unsupported } from './problem.ts'
import type { Code, Where } from './script.ts'

export type CodeValue = number | boolean | string | null

export interface CodeOutcome {
  /** What `print` said, a line each. */
  readonly printed: readonly string[]
  /** The assertion that does not hold, with the message that follows it, and the values of its names. */
  readonly failed: { readonly assertion: string, readonly message: string, readonly values: string } | null
}

/**
 * Runs a code block: the Python that scripts use, and no more. Statements are `assert E [, message]`, `print(...)`, `name = E` and `name += E`
 * (and the like); expressions have comparison chains, `and`, `or`, `not`, arithmetic and bits. There is nothing that could loop.
 * @param variables kept from block to block of a script
 * @param measured of this moment: `tcpi_…`
 * @throws ScriptProblem for what is beyond that, at the block
 */
export function runCode(code: Code, variables: Map<string, CodeValue>, measured: ReadonlyMap<string, CodeValue>): CodeOutcome {
  return new Evaluator(code, variables, measured).run()
}

class Evaluator {
  private readonly tokens: readonly CodeToken[]
  private readonly text: string
  private readonly where: Where
  private readonly variables: Map<string, CodeValue>
  private readonly measured: ReadonlyMap<string, CodeValue>
  private readonly printed: string[] = []
  private used = new Map<string, CodeValue>()
  private next = 0

  constructor(code: Code, variables: Map<string, CodeValue>, measured: ReadonlyMap<string, CodeValue>) {
    this.tokens = tokenizeCode(code.text, code.where)
    this.text = code.text
    this.where = code.where
    this.variables = variables
    this.measured = measured
  }

  run(): CodeOutcome {
    while (this.next < this.tokens.length) {
      if (this.isEnd) { this.next++; continue }
      const failed = this.statement()
      if (failed !== null) return { printed: this.printed, failed }
      if (!this.isEnd) throw this.wrong()
    }
    return { printed: this.printed, failed: null }
  }

  private statement(): CodeOutcome['failed'] {
    const { kind, text } = this.token
    if (kind !== 'name') throw this.wrong()
    if (text === 'assert') return this.assertion()
    if (text === 'print') { this.print(); return null }
    const operator = this.tokens[this.next + 1]?.text
    if (!/^(?:[-+*/|&]?=)$/.test(operator ?? '')) throw unsupported(this.where, 'pythonStatement', this.text.slice(this.token.at).split('\n')[0].trim())
    this.next += 2
    const value = this.expression()
    this.variables.set(text, operator === '=' ? value : binary(operator!.slice(0, 1), this.lookUp(text), value))
    return null
  }

  private assertion(): CodeOutcome['failed'] {
    this.next++
    const start = this.token.at
    this.used = new Map()
    const holds = truth(this.expression())
    const assertion = this.text.slice(start, this.token.at).trim()
    const values = [...this.used].map(([name, value]) => `${name}=${say(value)}`).join(' ')
    const message = this.takeOperator(',') ? say(this.expression()) : ''
    return holds ? null : { assertion, message, values }
  }

  private print(): void {
    this.next++
    const hasParentheses = this.takeOperator('(')
    const parts: string[] = []
    const isOver = () => hasParentheses ? this.isOperator(')') : this.isEnd
    while (!isOver()) {
      parts.push(say(this.expression()))
      if (!this.takeOperator(',') && !isOver()) throw this.wrong()
    }
    if (hasParentheses) this.next++
    this.printed.push(parts.join(' '))
  }

  private expression(): CodeValue {
    let left = this.conjunction()
    while (this.takeName('or')) {
      const right = this.conjunction()
      left = truth(left) ? left : right
    }
    return left
  }

  private conjunction(): CodeValue {
    let left = this.negation()
    while (this.takeName('and')) {
      const right = this.negation()
      left = truth(left) ? right : left
    }
    return left
  }

  private negation(): CodeValue {
    return this.takeName('not') ? !truth(this.negation()) : this.comparison()
  }

  /** `a < b <= c` holds where each step does. */
  private comparison(): CodeValue {
    let left = this.level(0)
    if (!this.isOneOf(comparisons)) return left
    let holds = true
    while (this.isOneOf(comparisons)) {
      const operator = this.tokens[this.next++].text
      const right = this.level(0)
      holds &&= compare(operator, left, right)
      left = right
    }
    return holds
  }

  private level(depth: number): CodeValue {
    if (depth === levels.length) return this.unary()
    let left = this.level(depth + 1)
    while (this.isOneOf(levels[depth])) {
      const operator = this.tokens[this.next++].text
      left = binary(operator, left, this.level(depth + 1))
    }
    return left
  }

  private unary(): CodeValue {
    if (this.takeOperator('-')) return -number(this.unary())
    if (this.takeOperator('+')) return number(this.unary())
    if (this.takeOperator('~')) return ~number(this.unary())
    const base = this.primary()
    return this.takeOperator('**') ? number(base) ** number(this.unary()) : base
  }

  private primary(): CodeValue {
    const { kind, text } = this.token
    this.next++
    if (kind === 'number') return Number(text)
    if (kind === 'string') return this.formatted(text.slice(1, -1))
    if (kind === 'name') return this.isOperator('(') ? this.apply(text) : this.lookUp(text)
    if (text !== '(') { this.next--; throw this.wrong() }
    const value = this.expression()
    if (!this.takeOperator(')')) throw this.wrong()
    return value
  }

  /** `"…%d…" % value` of messages: the value follows the text. */
  private formatted(text: string): CodeValue {
    if (!this.takeOperator('%')) return text
    const values = this.isOperator('(') ? this.list() : [this.unary()]
    return text.replaceAll(/%[-+ 0-9.]*[a-zA-Z]/g, () => say(values.shift() ?? null))
  }

  private list(): CodeValue[] {
    this.next++
    const values: CodeValue[] = []
    while (!this.takeOperator(')')) {
      values.push(this.expression())
      if (!this.takeOperator(',') && !this.isOperator(')')) throw this.wrong()
    }
    return values
  }

  private apply(name: string): CodeValue {
    const values = this.list().map(number)
    switch (name) {
      case 'abs': return Math.abs(values[0])
      case 'min': return Math.min(...values)
      case 'max': return Math.max(...values)
      case 'int': return Math.trunc(values[0])
      default: throw unsupported(this.where, 'pythonName', `${name}()`)
    }
  }

  private lookUp(name: string): CodeValue {
    const value = this.variables.get(name) ?? this.measured.get(name) ?? codeConstants[name]
    if (value === undefined) throw unsupported(this.where, 'pythonName', name)
    if (!(name in codeConstants)) this.used.set(name, value)
    return value
  }

  private get isEnd(): boolean {
    return this.token.kind === 'end'
  }

  private get token(): CodeToken {
    return this.tokens[Math.min(this.next, this.tokens.length - 1)]
  }

  private isOperator(text: string): boolean {
    return this.token.kind === 'operator' && this.token.text === text
  }

  private isOneOf(texts: readonly string[]): boolean {
    return this.token.kind === 'operator' && texts.includes(this.token.text)
  }

  private takeOperator(text: string): boolean {
    if (!this.isOperator(text)) return false
    this.next++
    return true
  }

  private takeName(text: string): boolean {
    if (this.token.kind !== 'name' || this.token.text !== text) return false
    this.next++
    return true
  }

  private wrong(): Error {
    return syntax(this.where, 'pythonSyntax', { text: this.text.slice(this.token.at).split('\n')[0].trim() })
  }
}

const comparisons = ['==', '!=', '<', '<=', '>', '>=']
/** Loosest first. */
const levels = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '//', '%']]

function binary(operator: string, left: CodeValue, right: CodeValue): CodeValue {
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') return left + right
  const a = number(left)
  const b = number(right)
  switch (operator) {
    case '+': return a + b
    case '-': return a - b
    case '*': return a * b
    case '/': return a / b
    case '//': return Math.floor(a / b)
    case '%': return a - b * Math.floor(a / b)
    case '&': return Number(bits(a) & bits(b))
    case '|': return Number(bits(a) | bits(b))
    case '^': return Number(bits(a) ^ bits(b))
    case '<<': return a * 2 ** b
    default: return Math.floor(a / 2 ** b)
  }
}

function compare(operator: string, left: CodeValue, right: CodeValue): boolean {
  if (operator === '==') return left === right || number(left) === number(right)
  if (operator === '!=') return !compare('==', left, right)
  const a = number(left)
  const b = number(right)
  return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b
}

function number(value: CodeValue): number {
  return typeof value === 'string' ? Number.NaN : Number(value)
}

function bits(value: number): bigint {
  return BigInt(Number.isFinite(value) ? Math.trunc(value) : 0)
}

function truth(value: CodeValue): boolean {
  return value !== null && value !== false && value !== 0 && value !== ''
}

function say(value: CodeValue): string {
  return value === null ? 'None' : value === true ? 'True' : value === false ? 'False' : String(value)
}
