import { describe, expect, it } from 'vitest'
import { wordsIn } from '../../../main/cli/words.ts'
import { faultCodes } from '../../../src/base/fault.ts'
import { commandLineErrorCodes } from '../../../src/rpc/command-line.ts'
import { commandNames, commandSpec } from '../../../src/rpc/commands.ts'
import { catalogues } from '../../../src/words/catalogue.ts'
import type { Sentences } from '../../../src/words/catalogue.ts'
import { tcpConfigTable } from '../../../src/tcp/config.ts'
import type { ConfigEntry } from '../../../src/tcp/config.ts'
import { icmpErrorName } from '../../../src/wire/icmp-names.ts'
import { isIcmpError } from '../../../src/wire/icmp.ts'
import { isIcmpv6Error } from '../../../src/wire/icmpv6.ts'
import { faultKey } from '../../../src/words/fault-key.ts'

function sentences(tree: Sentences, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) => typeof value === 'string' ? [[path + key, value] as [string, string]] : sentences(value, `${path}${key}.`))
}

const placeholders = (sentence: string): string[] => [...new Set([...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort((a, b) => a.localeCompare(b))

const english = new Map(sentences(catalogues.en))
const korean = new Map(sentences(catalogues.ko as Sentences))

describe('the catalogues', () => {
  it('have the same keys in both languages, and a sentence is empty in both or in none', () => {
    expect([...korean.keys()].sort((a, b) => a.localeCompare(b))).toEqual([...english.keys()].sort((a, b) => a.localeCompare(b)))
    for (const [key, sentence] of english) expect(korean.get(key)!.trim() === '', key).toBe(sentence.trim() === '')
  })

  it('name every setting that a living connection takes in the window', () => {
    const live = Object.entries(tcpConfigTable).filter(([, { live }]) => live).map(([name]) => name)
    expect(Object.keys(catalogues.en.endpoint.settings.knobs).toSorted((a, b) => a.localeCompare(b))).toEqual(live.toSorted((a, b) => a.localeCompare(b)))
  })

  it('word every choice of such a setting', () => {
    const entries: ConfigEntry[] = Object.values(tcpConfigTable)
    const choices = new Set(entries.filter(({ live, unit }) => live && unit === 'choice').flatMap((entry) => entry.choices ?? []))
    expect(Object.keys(catalogues.en.endpoint.settings.choices).toSorted((a, b) => a.localeCompare(b))).toEqual([...choices].toSorted((a, b) => a.localeCompare(b)))
  })

  it('word everything that an ICMP error can report, and nothing else', () => {
    const names = new Set<string>()
    for (const version of [4, 6]) for (let type = 0; type < 256; type++) {
      const isError = version === 4 ? isIcmpError(type) : isIcmpv6Error(type)
      for (let code = 0; isError && code < 256; code++) names.add(icmpErrorName(version, type, code))
    }
    expect(Object.keys(catalogues.en.icmp).toSorted((a, b) => a.localeCompare(b))).toEqual([...names].toSorted((a, b) => a.localeCompare(b)))
  })

  it('have the same placeholders in both languages', () => {
    for (const [key, sentence] of english) expect(placeholders(korean.get(key)!), key).toEqual(placeholders(sentence))
  })

  it('can be formatted, every sentence of them', () => {
    for (const language of ['en', 'ko'] as const) {
      const words = wordsIn(language)
      for (const [key, sentence] of language === 'en' ? english : korean) {
        const params = Object.fromEntries(placeholders(sentence).map((name) => [name, `<${name}>`]))
        const text = words(key, params)
        for (const name of placeholders(sentence)) expect(text, key).toContain(`<${name}>`)
        expect(text, key).not.toBe(key)
      }
    }
  })
})

describe('words for everything that needs them', () => {
  it.each(faultCodes)('fault %s: what, why, what to do', (code) => {
    expect(english.get(`faults.${code}`)!.split(': ').length).toBeGreaterThanOrEqual(3 - Number(code === 'sandboxUnavailable'))
    expect(korean.has(`faults.${code}`)).toBe(true)
  })

  it('a fault with a closer sentence gets that one', () => {
    expect(faultKey({ code: 'sandboxUnavailable', params: { why: 'appArmor' } })).toBe('faultVariants.sandboxUnavailable.appArmor')
    expect(faultKey({ code: 'sandboxUnavailable', params: { why: 'constructor' } })).toBe('faults.sandboxUnavailable')
    expect(faultKey({ code: 'interfaceNoPermission', params: { why: 'dismissed' } })).toBe('faultVariants.interfaceNoPermission.dismissed')
    expect(faultKey({ code: 'interfaceNoPermission', params: {} })).toBe('faults.interfaceNoPermission')
    expect(faultKey({ code: 'badFilter', params: { why: 'noFilter' } })).toBe('faultVariants.badFilter.noFilter')
    expect(faultKey({ code: 'fileInUse', params: { fresh: '' } })).toBe('faults.fileInUse')
    expect(faultKey({ code: 'fileInUse', params: { fresh: 'a-2.pcapng' } })).toBe('faultVariants.fileInUse.fresh')
  })

  it.each(commandNames)('command %s: summary, arguments, options', (name) => {
    const { positionals, options } = commandSpec(name)
    expect(english.has(`commands.summary.${name}`)).toBe(true)
    for (const positional of positionals) expect(english.has(`commands.argument.${positional.name}`), positional.name).toBe(true)
    for (const option of options) expect(english.has(`commands.option.${option.name}`), option.name).toBe(true)
  })

  it('every error of the command line', () => {
    for (const code of commandLineErrorCodes) expect(english.has(`commands.errors.${code}`), code).toBe(true)
  })
})
