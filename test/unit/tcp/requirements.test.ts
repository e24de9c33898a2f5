import { describe, expect, it } from 'vitest'
import { catalogue, namedTests, testsByRequirement } from '../../../main/setup/requirements.mjs'

/** What a single engine cannot show: addresses, headers and other protocols are the host's and the codecs'. */
const engineRfcs = /^RFC(9293|6691|6298|5681|6582|5961|6528|3042|2018|6928)\//
const ofHostAndCodecs = new Set(['MUST-2', 'MUST-3', 'MUST-43', 'MUST-44', 'MUST-45', 'MUST-46', 'MUST-49', 'MUST-57', 'MUST-63', 'doffset-bounds'].map((id) => `RFC9293/${id}`))

/** Rows of stage 2 that the engine meets, by RFC or one by one; the list grows with it. */
const metOfStage2 = /^RFC(6675|8985|3168|8311|2883|3042|2018|9937|9438|6928)\/|^RFC5681\/(twice|iw-syn-loss|idle-restart)$|^RFC6298\/granularity$/
const notYetOfStage2 = new Set<string>()

describe('the requirements', () => {
  const rows = catalogue()
  const tests = testsByRequirement()

  it('of stage 1 that an engine alone can meet are each named by a test', () => {
    const owed = rows.filter(({ id, stage }) => stage === '1' && engineRfcs.test(id) && !ofHostAndCodecs.has(id))
    expect(owed.length).toBeGreaterThan(100)
    expect(owed.filter(({ id }) => !tests.has(id)).map(({ id, text }) => `${id} ${text}`)).toEqual([])
  })

  it('of stage 2 that are said to be met are each named by a test', () => {
    const met = rows.filter(({ id, stage }) => stage === '2' && metOfStage2.test(id) && !notYetOfStage2.has(id))
    expect(met.length).toBeGreaterThan(10)
    expect(met.filter(({ id }) => !tests.has(id)).map(({ id, text }) => `${id} ${text}`)).toEqual([])
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
