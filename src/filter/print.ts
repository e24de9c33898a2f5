import type { Expression, Operand, SetItem, SliceRange } from './syntax.ts'

/** The text of a filter in its plainest form; {@link parseFilter} reads the same tree from it, but for places. */
export function printFilter(expression: Expression): string {
  return printTest(expression, 0)
}

const strengths = { or: 1, and: 2, not: 3, compare: 4, in: 4, exists: 4 } as const

function printTest(expression: Expression, above: number): string {
  const strength = strengths[expression.kind]
  const text = printKind(expression)
  return strength < above ? `(${text})` : text
}

function printKind(expression: Expression): string {
  switch (expression.kind) {
    case 'or': case 'and': {
      const strength = strengths[expression.kind]
      return `${printTest(expression.left, strength)} ${expression.kind} ${printTest(expression.right, strength + 1)}`
    }
    case 'not': return `not ${printTest(expression.operand, 3)}`
    case 'compare': return `${quantified(expression.quantifier)}${printOperand(expression.left, 0)} ${expression.comparison} ${printOperand(expression.right, 0)}`
    case 'in': return `${quantified(expression.quantifier)}${printOperand(expression.left, 0)} ${expression.negated ? 'not ' : ''}in {${expression.set.map(printItem).join(', ')}}`
    case 'exists': return printOperand(expression.operand, 0)
  }
}

function quantified(quantifier: 'any' | 'all' | null): string {
  return quantifier === null ? '' : `${quantifier} `
}

function printItem(item: SetItem): string {
  return item.kind === 'range' ? `${printOperand(item.low, 0)} .. ${printOperand(item.high, 0)}` : printOperand(item, 0)
}

const arithmeticStrength = { '&': 1, '+': 2, '-': 2, '*': 3, '/': 3, '%': 3 } as const

function printOperand(operand: Operand, above: number): string {
  switch (operand.kind) {
    case 'word': return operand.text + (operand.layers === null ? '' : `#[${operand.layers.map(printRange).join(',')}]`)
    case 'text': return operand.isRaw ? `r"${operand.text}"` : `"${escaped(operand.text)}"`
    case 'character': return `'\\x${operand.code.toString(16).padStart(2, '0')}'`
    case 'slice': return `${printOperand(operand.operand, 5)}[${operand.ranges.map(printRange).join(',')}]`
    case 'call': return `${operand.name}(${operand.args.map((arg) => printOperand(arg, 0)).join(', ')})`
    case 'negative': return grouped(`-${printOperand(operand.operand, 4)}`, 4 < above)
    case 'arithmetic': {
      const strength = arithmeticStrength[operand.operator]
      return grouped(`${printOperand(operand.left, strength)} ${operand.operator} ${printOperand(operand.right, strength + 1)}`, strength < above)
    }
  }
}

function grouped(text: string, isNeeded: boolean): string {
  return isNeeded ? `{${text}}` : text
}

function printRange({ start, length, end }: SliceRange): string {
  if (end !== null) return `${start}-${end}`
  return length === null ? `${start}:` : `${start}:${length}`
}

function escaped(text: string): string {
  return text.replace(/["\\]/g, '\\$&').replace(/[^ -~]/gu, (character) => {
    const point = character.codePointAt(0)!
    return point <= 0xff ? `\\x${point.toString(16).padStart(2, '0')}` : `\\U${point.toString(16).padStart(8, '0')}`
  })
}
