import { describe, expect, it } from 'vitest'
import { createI18n } from 'vue-i18n'
import { withoutColours } from '../../../renderer/console/ansi.ts'
import { ResultPrinter } from '../../../renderer/console/print-result.ts'
import { textTable } from '../../../renderer/console/text-table.ts'
import { textWidth } from '../../../renderer/console/text-width.ts'
import { fault } from '../../../src/base/fault.ts'
import { parseCommandLine, type CommandLineError } from '../../../src/rpc/command-line.ts'
import { commandCall, commandNames, commandSpec, type Command } from '../../../src/rpc/commands.ts'
import { catalogues, type Language } from '../../../src/words/catalogue.ts'
import { createFixtureCore } from '../../support/fixture-core.ts'

const core = createFixtureCore({ bulkPackets: 4 })

function printerIn(language: Language, columns = 120): ResultPrinter {
  const { t, te } = createI18n<false>({ legacy: false, locale: language, messages: catalogues as never }).global
  return new ResultPrinter({ t: (key, params) => t(key, params ?? {}), te, tFault: ({ code, params }) => t(`faults.${code}`, { ...params }) }, () => columns)
}

function run(line: string, language: Language = 'en', columns?: number): string[] {
  const command = parseCommandLine(line) as Command
  const call = commandCall(command)!
  const answer = (core.calls[call.name] as (...args: unknown[]) => unknown)(...call.args)
  return printerIn(language, columns).result(command, answer).map(withoutColours)
}

describe('results in the console', () => {
  it('lists packets, the latest unless told, and says how many there are', () => {
    const lines = run('packets --from 0 --count 3')
    expect(lines[1]).toMatch(/^ {2}1 {2}0\.000105 {2}10\.77\.0\.2 +10\.77\.0\.80 +ARP/)
    expect(lines[3]).toContain('SYN seq 100 ack 0 win 8760 len 0 MSS 1460, SACK')
    expect(lines[4]).toBe('rows 1 to 3 of 36')
    expect(run('packets').at(-1)).toBe('rows 17 to 36 of 36')
  })

  it('shows a packet as one line and as bytes', () => {
    const lines = run('packet 18')
    expect(lines[1]).toContain('10.77.0.80:80 > 10.77.0.2:40100 . 3961:5421(1460) ack 201 win 65535')
    expect(lines[2]).toBe('0000 02 00 0a 4d 00 02 02 00 0a 4d 00 50 08 00 45 00 ...M.....M.P..E.')
    expect(lines.at(-1)).toBe('1,002 more bytes')
  })

  it('keeps columns in line where words are Korean', () => {
    const lines = run('flows', 'ko', 200)
    const clientAt = lines.slice(1).map((line) => textWidth(line.slice(0, line.indexOf('10.77'))))
    expect(new Set(clientAt).size).toBe(1)
    const serverHead = textWidth(lines[0].slice(0, lines[0].indexOf('서버')))
    expect(textWidth(lines[1].slice(0, lines[1].indexOf('10.77.0.80')))).toBe(serverHead)
  })

  it('cuts the last column at the edge of the terminal', () => {
    for (const line of run('packets --from 0 --count 5', 'en', 60)) expect(textWidth(line)).toBeLessThan(60)
    expect(textTable([{ head: 'a' }, { head: 'b' }], [['x', '가나다라마바사']], 12).map(withoutColours)).toEqual(['a  b', 'x  가나다…'])
  })

  it('explains every command in both languages', () => {
    for (const language of ['en', 'ko'] as const) {
      const all = printerIn(language, 200).help(undefined).map(withoutColours)
      for (const name of commandNames) {
        const words = commandSpec(name).words.join(' ')
        expect(all.some((line) => line.startsWith(`${words} `))).toBe(true)
        const one = printerIn(language, 200).help(words).map(withoutColours)
        expect(one[0].startsWith(words)).toBe(true)
        expect(one.join('\n')).not.toContain('commands.')
      }
    }
  })

  it('puts the caret under the mistake and says what was expected', () => {
    const error = parseCommandLine('packet abc') as CommandLineError
    const lines = printerIn('en').mistake(error, 5 + error.column - 1).map(withoutColours)
    expect(lines[0]).toBe(`${' '.repeat(12)}^`)
    expect(lines[1]).toContain('“abc”')
  })

  it('lets no control character from elsewhere reach the terminal', () => {
    const [line] = printerIn('en').fault(fault('internal', { message: 'x\x1b[2Jy' }))
    expect(withoutColours(line)).not.toContain('\x1b')
    expect(line).toContain('␛[2J')
  })
})
