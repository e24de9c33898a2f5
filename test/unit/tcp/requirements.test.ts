import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const testFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

interface Requirement { readonly id: string, readonly level: string, readonly topic: string, readonly text: string, readonly stage: string }

function catalogue(): Requirement[] {
  const rows = readFileSync(path.join(testFolder, 'requirements/tcp.tsv'), 'utf8').trimEnd().split('\n').slice(1)
  return rows.map((row) => {
    const [id, level, topic, text, , stage] = row.split('\t')
    return { id, level, topic, text, stage }
  })
}

/** Ids in the names of tests: `it('does this [RFC9293/MUST-1] [RFC6298/karn]', …)`. */
function named(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const entry of readdirSync(testFolder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.test.ts')) continue
    const file = path.join(entry.parentPath, entry.name)
    for (const [, id] of readFileSync(file, 'utf8').matchAll(/\[(RFC\d+\/[\w-]+)\]/g)) found.set(id, [...(found.get(id) ?? []), path.relative(testFolder, file)])
  }
  return found
}

/** What a single engine cannot show: addresses, headers and other protocols are the host's and the codecs'. */
const engineRfcs = /^RFC(9293|6691|6298|5681|6582|5961|6528|3042|2018|6928)\//
const ofHostAndCodecs = new Set(['MUST-2', 'MUST-3', 'MUST-43', 'MUST-44', 'MUST-45', 'MUST-46', 'MUST-49', 'MUST-57', 'MUST-63', 'doffset-bounds'].map((id) => `RFC9293/${id}`))

/** Rows of stage 2 that the engine meets, by RFC or one by one; the list grows with it. */
const metOfStage2 = /^RFC(6675|2883|3042|2018|9937|9438|6928)\/|^RFC5681\/(twice|iw-syn-loss|idle-restart)$|^RFC6298\/granularity$/
const notYetOfStage2 = new Set<string>(['RFC9937/inflight'])

describe('the requirements', () => {
  const rows = catalogue()
  const tests = named()

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
    expect([...tests].filter(([id]) => !known.has(id)).map(([id, files]) => `${id} in ${files.join(' ')}`)).toEqual([])
  })
})
