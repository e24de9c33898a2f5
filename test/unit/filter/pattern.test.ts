import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { compilePattern } from '../../../src/filter/pattern.ts'
import type { Pattern } from '../../../src/filter/pattern.ts'

function patternOf(source: string): Pattern {
  const found = compilePattern(source)
  if ('code' in found) throw new Error(`${source}: ${found.code}`)
  return found
}

const atom = fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\d', '\\w', '\\b', 'A', ' ', '1')
const patternText = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, atom,
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => a + b),
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a}|${b})`),
    fc.tuple(tie('any').filter((inner) => inner !== '\\b'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}')).map(([inner, quantifier]) => `(?:${inner})${quantifier}`),
    tie('any').map((inner) => `^${inner}`), tie('any').map((inner) => `${inner}$`)),
})).any

describe('patterns', () => {
  it('match what the regular expressions of the platform match', () => {
    fc.assert(fc.property(patternText, fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', '1', ' '), maxLength: 12 }), (source, text) => {
      expect(patternOf(source).testText(text), `${source} on ${JSON.stringify(text)}`).toBe(new RegExp(source, 'i').test(text))
    }), { seed: 9, numRuns: 3000 })
  })

  it('do not see case unless told to, nor line ends by a dot', () => {
    expect(patternOf('HEL').testText('hello')).toBe(true)
    expect(patternOf('(?-i)HEL').testText('hello')).toBe(false)
    expect(patternOf('(?-i:H)EL').testText('Hello')).toBe(true)
    expect(patternOf('a.b').testText('a\nb')).toBe(false)
    expect(patternOf('(?s)a.b').testText('a\nb')).toBe(true)
    expect(patternOf('^b').testText('a\nb')).toBe(false)
    expect(patternOf('(?m)^b').testText('a\nb')).toBe(true)
    expect(patternOf('a$').testText('a\n')).toBe(true)
    expect(patternOf('a\\z').testText('a\n')).toBe(false)
  })

  it('match bytes', () => {
    expect(patternOf('\\x00\\xff').testBytes(Uint8Array.of(1, 0, 255))).toBe(true)
    expect(patternOf('[\\x80-\\xff]{2}').testBytes(Uint8Array.of(1, 0x90, 0x91))).toBe(true)
    expect(patternOf('가').testText('나가다')).toBe(true)
    expect(patternOf('[[:digit:]]+-[[:alpha:]]').testText('12-x')).toBe(true)
  })

  it('take one pass, also where others would try for ever', () => {
    const text = `${'a'.repeat(100_000)}!`
    for (const source of ['(a+)+$', '(a|a)*$', '(a*)*b', '(.*){30}x', '^(([a-z])+.)+[A-Z]([a-z])+$']) patternOf(source).testText(text)
    expect(patternOf('(a+)+!').testText(text)).toBe(true)
    expect(patternOf('[ab]{500}c').testText('ab'.repeat(50_000))).toBe(false)
  })

  it.each([
    ['(', 'unclosedGroup'], ['[', 'unclosedClass'], [')', 'strayParenthesis'], ['*a', 'nothingToRepeat'], ['a{3,1}', 'badRange'], ['(a)\\1', 'backReference'],
    ['(?=a)', 'lookAround'], ['(?<!a)', 'lookAround'], ['a++', 'unsupported'], ['\\q', 'badEscape'], ['[z-a]', 'badRange'], ['(((a{99}){99}){99})', 'tooLarge'],
    [`${'('.repeat(5000)}`, 'tooLarge'],
  ])('refuse %s', (source, code) => {
    expect(compilePattern(source)).toMatchObject({ code })
  })

  it('never throw', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'()[]{}*+?|\\^$.-:<=!Pxb1,ai') }), (source) => {
      const found = compilePattern(source)
      if (!('code' in found)) found.testText('abc')
    }), { seed: 3, numRuns: 2000 })
  })
})
