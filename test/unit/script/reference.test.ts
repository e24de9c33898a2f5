import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { DecisionCounts } from '../../../src/script/counters.ts'
import { runScript } from '../../../src/script/run-script.ts'
import { optionNames } from '../../../src/script/settings.ts'
import { callNames } from '../../../src/script/sockets/calls.ts'
import { createStatistics } from '../../../src/stack/statistics.ts'
import { silentSink } from '../../../src/tcp/decision.ts'

const docs = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../docs')
const read = (name: string) => readFileSync(path.join(docs, name), 'utf8')

/** The blocks of code that are scripts, with what is said of them behind the language's name. */
function examplesOf(page: string): { readonly kinds: readonly string[], readonly text: string }[] {
  return [...page.matchAll(/^```packetdrill(.*)\n([\s\S]*?)^```$/gm)].map(([, kinds, text]) => ({ kinds: kinds.split(' ').filter((kind) => kind !== ''), text }))
}

const page = read('scripts.md')
const examples = examplesOf(page)
const opening = examples.find(({ kinds }) => kinds.includes('opening'))!.text

describe('the reference page of scripts', () => {
  it.each(examples.map(({ kinds, text }, i) => ({ name: `${i + 1} ${kinds.join(' ')}`, kinds, text })))('has an example that does what it says: $name', ({ kinds, text }) => {
    const { result, failure } = runScript(kinds.includes('connected') ? opening + text : text)
    const wanted = kinds.includes('fails') ? 'fail' : kinds.includes('unsupported') ? 'unsupported' : 'pass'
    const at = failure === null ? null : `${failure.where.line}: ${failure.code} ${JSON.stringify(failure.params)}`
    expect({ result, at }).toEqual({ result: wanted, at: wanted === 'pass' ? null : expect.any(String) as string })
  })

  it('names every call, option and counter', () => {
    const counters = [...new DecisionCounts(silentSink).read(createStatistics(), 0, 0).keys()]
    expect([...callNames, ...optionNames, ...counters].filter((name) => !new RegExp(`\\b${name}\\b`).test(page))).toEqual([])
  })

  it('has the same examples in Korean', () => {
    const code = (text: string) => text.replaceAll(/^\/\/ (?!profile).*$/gm, '//')
    expect(examplesOf(read('scripts.ko.md')).map(({ kinds, text }) => [...kinds, code(text)])).toEqual(examples.map(({ kinds, text }) => [...kinds, code(text)]))
  })
})
