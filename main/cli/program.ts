import { Command, CommanderError, Option } from 'commander'
import { languages } from '../../src/words/catalogue.ts'
import { ExitCode, UsageError } from './failure.ts'
import { cliCommands, cliTable, readCliValue } from './options.ts'
import type { CliCommand, CliOption, CliOptions, CliSpec } from './options.ts'
import { withToolOptions } from './script-options.ts'
import type { Words } from './words.ts'

/** What a command does. @returns the exit code */
export type Run = (invocation: Invocation) => Promise<number>

type CliValue = string | number | boolean

export interface Invocation {
  readonly command: CliCommand
  readonly args: readonly (CliValue | readonly CliValue[] | undefined)[]
  readonly options: CliOptions
  readonly json: boolean
  readonly words: Words
}

/**
 * Reads the command line, runs its command, and says how it ended.
 * @throws UsageError where the command line is wrong, and whatever the command throws
 */
export async function runProgram(argv: readonly string[], version: string, spokenWords: Words, runs: Readonly<Record<CliCommand, Run>>): Promise<number> {
  let exitCode: number = ExitCode.done
  // Descriptions are put together for who asks for them: it takes longer than many a command.
  const words: Describe = asksForHelp(argv) ? spokenWords : () => ''
  const program = new Command('tcplab').description(words('cli.program.description')).version(version, '-V, --version', words('cli.help.version'))
  prepare(program, words)
  program.addHelpText('after', `\n${words('cli.program.exitCodes')}\n${words('cli.program.machines')}`)
  program.helpCommand('help [command]', words('cli.help.helpCommand'))
  // Where a command is asked for by its name, the others need not be described.
  const asked = cliCommands.filter((name) => name === argv[0])
  for (const name of asked.length > 0 ? asked : cliCommands) {
    const command = program.command(name).description(words(`cli.command.${name}`))
    prepare(command, words)
    describe(command, cliTable[name], words)
    command.addHelpText('after', `\n${words('cli.program.exitCodes')}`)
    command.action(async (...received: unknown[]) => {
      const given = command.optsWithGlobals<CliOptions & { json?: boolean }>()
      const spec: CliSpec = cliTable[name]
      const args = spec.arguments.map(({ type, name: argument }, index) => {
        const given = received[index] as string | string[] | undefined
        const read = (text: string) => readCliValue(type, argument.toUpperCase(), text)
        return given === undefined ? undefined : Array.isArray(given) ? given.map(read) : read(given)
      })
      exitCode = await runs[name]({ command: name, args, options: given, json: given.json ?? false, words: spokenWords })
    })
  }
  const [first, second] = argv.filter((argument) => !argument.startsWith('-'))
  if (first === 'help' && second !== undefined && !(cliCommands as readonly string[]).includes(second)) throw new UsageError('unknownCommand', { got: second })
  try {
    await program.parseAsync(withToolOptions(argv), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0 || error.code === 'commander.help') return error.code === 'commander.help' && argv.length === 0 ? ExitCode.usage : ExitCode.done
    throw usageErrorOf(error, argv)
  }
  return exitCode
}

type Describe = (key: string) => string

/** Without a command there is nothing but help. */
function asksForHelp(argv: readonly string[]): boolean {
  const namesCommand = argv.some((argument) => (cliCommands as readonly string[]).includes(argument))
  return !namesCommand || argv.some((argument) => argument === 'help' || argument === '--help' || (/^-[^-]*h/).test(argument))
}

/** `--lang` has to be known before the first word is said. */
export function askedLanguage(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((argument) => argument === '--lang' || argument.startsWith('--lang='))
  if (at < 0) return undefined
  const asked = argv[at].startsWith('--lang=') ? argv[at].slice(7) : argv[at + 1]
  if (!(languages as readonly (string | undefined)[]).includes(asked)) throw new UsageError('badValue', { name: '--lang', value: asked ?? '', expected: languages.join(' | ') })
  return asked
}

/** The same on the program and on each command, so that common options may stand before and behind its name. */
function prepare(command: Command, words: Describe): void {
  const titles: Record<string, string> = {
    'Usage:': words('cli.help.usage'), 'Options:': words('cli.help.options'), 'Commands:': words('cli.help.commands'), 'Arguments:': words('cli.help.arguments'),
    'Global Options:': words('cli.help.globalOptions'),
  }
  command.option('--lang <LANG>', words('cli.option.lang')).option('--json', words('cli.option.json'))
  command.helpOption('-h, --help', words('cli.help.helpOption'))
  command.configureHelp({
    styleTitle: (title) => titles[title] ?? title, optionDescription: ({ description }) => description, argumentDescription: ({ description }) => description,
  })
  command.configureOutput({ outputError: () => {} })
  command.exitOverride()
}

function describe(command: Command, spec: CliSpec, words: Describe): void {
  for (const { name, optional, variadic } of spec.arguments) {
    const shown = `${name.toUpperCase()}${variadic ? '...' : ''}`
    command.argument(optional ? `[${shown}]` : `<${shown}>`, words(`cli.argument.${name}`))
  }
  for (const option of spec.options) command.addOption(describeOption(option, words))
}

function describeOption({ name, short, type, value, required, repeatable, words: key }: CliOption, words: Describe): Option {
  const flags = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`
  const option = new Option(flags, words(`cli.option.${key ?? name}`)).makeOptionMandatory(required ?? false)
  if (type === 'flag') return option
  return option.argParser((text: string, previous: unknown) => {
    const read = readCliValue(type, `--${name}`, text)
    return repeatable ? [...(previous as unknown[] | undefined ?? []), read] : read
  })
}

/** Commander's own sentences are English: what they quote is taken over into ours. */
function usageErrorOf(error: CommanderError, argv: readonly string[]): UsageError {
  const quoted = (/'([^']*)'/.exec(error.message)?.[1] ?? '').replace(/^-\w, | <.*$/g, '')
  const command = argv.find((argument) => (cliCommands as readonly string[]).includes(argument)) ?? ''
  switch (error.code) {
    case 'commander.unknownCommand': return new UsageError('unknownCommand', { got: quoted })
    case 'commander.unknownOption': return new UsageError('unknownOption', { got: quoted, command })
    case 'commander.missingArgument': return new UsageError('missingArgument', { name: quoted, command })
    case 'commander.missingMandatoryOptionValue': return new UsageError('missingOption', { name: quoted, command })
    case 'commander.optionMissingArgument': return new UsageError('missingValue', { name: quoted, command })
    case 'commander.excessArguments': return new UsageError(command === '' ? 'unknownCommand' : 'excessArguments', { got: argv[0] ?? '', command })
    default: return new UsageError('other', { got: error.message.replace(/^error: /, ''), command })
  }
}
