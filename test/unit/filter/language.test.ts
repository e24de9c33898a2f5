import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { wordsIn } from '../../../main/cli/words.ts'
import { fieldTable } from '../../../src/filter/field-table.ts'
import { compileFilter, Filter } from '../../../src/filter/filter.ts'
import { functionNames } from '../../../src/filter/operand.ts'
import { parseFilter } from '../../../src/filter/parser.ts'
import { printFilter } from '../../../src/filter/print.ts'
import { comparisons, filterErrorCodes, FilterProblem } from '../../../src/filter/syntax.ts'
import type { Expression, FilterError } from '../../../src/filter/syntax.ts'
import { catalogues } from '../../../src/words/catalogue.ts'
import { filterErrorText } from '../../../src/words/filter-error.ts'

/** The tree without places. */
function shape(expression: Expression | null): unknown {
  return JSON.parse(JSON.stringify(expression, (key, value: unknown) => key === 'at' || (key === 'length' && typeof value === 'number') ? undefined : value)) as unknown
}

function errorOf(text: string): FilterError {
  const found = compileFilter(text)
  if (found instanceof Filter) throw new Error(`${text} is a filter`)
  return found
}

const word = fc.constantFrom(...fieldTable.map(({ name }) => name))
const literal = fc.oneof(fc.nat(70_000).map(String), fc.constantFrom('10.0.0.0/8', '2001:db8::1', '02:00:00:00:00:01', 'SYN'), fc.string({ maxLength: 8 }).map((text) => JSON.stringify(text).replace(/\\u(....)/g, '\\u$1')))
const operand = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof({ depthSize: 'small' },
    word, literal,
    fc.tuple(tie('any'), fc.constantFrom('+', '-', '*', '/', '%', '&'), tie('any')).map(([a, operator, b]) => `{${a} ${operator} ${b}}`),
    fc.tuple(word, fc.nat(20), fc.nat(20)).map(([name, from, length]) => `${name}[${from}:${length}]`),
    fc.tuple(fc.constantFrom(...functionNames), tie('any')).map(([name, argument]) => `${name}(${argument})`),
    tie('any').map((inner) => `-${inner}`),
  ),
})).any
const test = fc.oneof(
  operand,
  fc.tuple(fc.constantFrom('', 'any ', 'all '), operand, fc.constantFrom(...comparisons, 'eq', '~'), operand).map(([quantifier, a, comparison, b]) => `${quantifier}${a} ${comparison} ${b}`),
  fc.tuple(operand, fc.array(fc.oneof(operand, fc.tuple(operand, operand).map(([low, high]) => `${low} .. ${high}`)), { minLength: 1, maxLength: 3 })).map(([a, set]) => `${a} in {${set.join(', ')}}`),
)
const filterText = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, test,
    fc.tuple(tie('any'), fc.constantFrom('and', 'or', '&&', '||'), tie('any')).map(([a, joint, b]) => `(${a}) ${joint} ${b}`),
    tie('any').map((inner) => `not ${inner}`)),
})).any

describe('the display filter language', () => {
  it('reads what it prints as the same filter', () => {
    fc.assert(fc.property(filterText, (text) => {
      const tree = parseFilter(text)
      expect(shape(parseFilter(printFilter(tree!)))).toEqual(shape(tree))
    }), { seed: 4, numRuns: 400 })
  })

  it('never throws, whatever it is given, and says where the trouble is', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), filterText.map((text) => text.slice(0, -2)), fc.array(fc.constantFrom('tcp', '(', ')', '==', '80', 'in', '{', '}', '"', '[', 'and', '!'), { maxLength: 12 }).map((parts) => parts.join(' '))), (text) => {
      const found = compileFilter(text)
      if (found instanceof Filter) return
      expect(filterErrorCodes).toContain(found.code)
      expect(found.at).toBeGreaterThanOrEqual(0)
      expect(found.at + found.length).toBeLessThanOrEqual(text.length)
    }), { seed: 5, numRuns: 1000 })
  })

  it('binds as Wireshark does: sign, * /, + -, &, comparison, not, and, or', () => {
    expect(printFilter(parseFilter('a or b and not c == d & e + f * -g')!)).toBe('a or b and not c == d & e + f * -g')
    expect(shape(parseFilter('a or b and c'))).toEqual(shape(parseFilter('a or (b and c)')))
    expect(shape(parseFilter('not a == 1 and b'))).toEqual(shape(parseFilter('(not (a == 1)) and b')))
    expect(shape(parseFilter('a & 2 == 2'))).toEqual(shape(parseFilter('{a & 2} == 2')))
    expect(shape(parseFilter('a < b < c'))).toEqual(shape(parseFilter('a < b and b < c')))
  })

  it.each<[string, Partial<FilterError>]>([
    ['tcp.prot == 80', { code: 'unknownFieldNear', at: 0, length: 8, params: { got: 'tcp.prot', near: 'tcp.port' } }],
    ['tcp.port == abc', { code: 'badNumber', at: 12, length: 3 }],
    ['tcp.port == 70000', { code: 'tooBig', at: 12, length: 5 }],
    ['tcp.port = 80', { code: 'assignment', at: 9, length: 1 }],
    ['tcp.port ==', { code: 'unexpectedEnd', at: 11, length: 0 }],
    ['(tcp', { code: 'unexpectedEnd', at: 4 }],
    ['tcp tcp', { code: 'unexpected', at: 4, length: 3 }],
    ['80 == tcp.port', { code: 'leftIsConstant', at: 0, length: 2 }],
    ['tcp AND ip', { code: 'wordCase', at: 4, length: 3 }],
    ['tcp.port in {80 81}', { code: 'setNeedsCommas', at: 16 }],
    ['tcp.payload matches "[a"', { code: 'badPattern', at: 20 }],
    ['tcp.payload contains "x', { code: 'unterminatedText', at: 21 }],
    ['ip.src == 10.0.0.0/33', { code: 'badPrefix', at: 10 }],
    ['ip.src == eth.src', { code: 'typesDiffer' }],
    ['tcp.port[0:1] == 1', { code: 'cannotSlice', at: 0, length: 13 }],
    ['tcp.analysis.flags == 1', { code: 'cannotCompare', at: 0 }],
    ['ip.src contains 1', { code: 'cannotContain' }],
    ['len(tcp.payload)', { code: 'functionAlone' }],
    ['size(tcp.payload) == 1', { code: 'unknownFunction' }],
    ['frame.time > "yesterday"', { code: 'badDate', at: 13 }],
  ])('%s is refused at the character', (text, expected) => {
    expect(errorOf(text)).toMatchObject(expected)
  })

  it('words every error in both languages', () => {
    for (const code of filterErrorCodes) expect(catalogues.en.filter.errors).toHaveProperty(code)
    const error = errorOf('tcp.prot == 80')
    expect(filterErrorText(error, wordsIn('en'))).toBe('There is no field “tcp.prot”: did you mean “tcp.port”?')
    expect(filterErrorText(errorOf('ip.src matches "1"'), wordsIn('ko'))).toContain('IPv4 주소')
    expect(filterErrorText(errorOf('ip.host matches "("'), wordsIn('en'))).toContain('closing parenthesis')
  })

  it('refuses what is nested too deep instead of running out of stack', () => {
    expect(errorOf('('.repeat(10_000)).code).toBe('tooDeep')
    expect(errorOf(`tcp.len == ${'{'.repeat(10_000)}`).code).toBe('tooDeep')
    expect(errorOf('!'.repeat(10_000)).code).toBe('tooDeep')
    expect(() => parseFilter('-'.repeat(10_000))).toThrow(FilterProblem)
  })
})
