import { listLinkChoices } from '../lab/links.ts'
import { FaultError } from '../../src/base/fault.ts'
import { ExitCode } from './failure.ts'
import { Output } from './output.ts'
import type { Run } from './program.ts'

/** `tcplab interfaces`. With `--json` one object an interface: name, kind, description, addresses, mac, up, mayOpen, elevates. */
export const runInterfaces: Run = async ({ json, words }) => {
  const output = new Output(process.stdout)
  const choices = listLinkChoices().filter(({ kind }) => kind === 'nic' || kind === 'cap')
  const missing = choices.find(({ name }) => name === '')
  if (missing?.obstacle) throw new FaultError(missing.obstacle)
  const width = Math.max(...choices.map(({ name }) => name.length), 4)
  for (const { name, kind, description, addresses, mac, up, mayOpen, elevates } of choices) {
    if (json) {
      output.line(JSON.stringify({ name, kind, description, addresses, mac, up, mayOpen, elevates }))
      continue
    }
    const state = [words(up ? 'cli.interfaces.up' : 'cli.interfaces.down'), words(`cli.interfaces.${mayOpen ? 'mayOpen' : elevates ? 'elevates' : 'mayNotOpen'}`)].join(', ')
    output.line([name.padEnd(width), mac ?? '-'.padEnd(17), addresses.join(' ') || words('cli.interfaces.noAddress'), state, description].filter((part) => part !== '').join('  '))
  }
  await output.end()
  return ExitCode.done
}
