import { describe, expect, it } from 'vitest'
import { catalogue, namedTests, testsByRequirement } from '../../../main/setup/requirements.mjs'

describe('the requirements', () => {
  const rows = catalogue()
  const tests = testsByRequirement()

  it('of stages 1 and 2 are each named by a test', () => {
    const owed = rows.filter(({ stage }) => stage === '1' || stage === '2')
    expect(owed.length).toBeGreaterThan(300)
    expect(owed.filter(({ id }) => !tests.has(id)).map(({ id, text }) => `${id} ${text}`)).toEqual([])
  })

  it('are the only ones that tests name, beside those of later stages', () => {
    const known = new Set(rows.map(({ id }) => id))
    expect([...tests].filter(([id]) => !known.has(id)).map(([id, [{ file, line }]]) => `${id} in ${file}:${line}`)).toEqual([])
  })

  it('count as named only by tests that run', () => {
    const [mark, source] = ['RFC9293/MUST-1', 'it']
    const name = `'does this [${mark}]'`
    const named = (text: string) => namedTests(text, 'a.test.ts').flatMap(({ ids }) => [...ids])
    for (const call of [source, 'describe', `${source}.each([1])`, `${source}.each\`a\``]) expect(named(`${call}(${name}, () => {})`), call).toEqual([mark])
    for (const text of [`// ${source}(${name}, () => {})`, `${source}.skip(${name}, () => {})`, `${source}.todo(${name})`, `expect(1, ${name})`]) expect(named(text), text).toEqual([])
  })
})
