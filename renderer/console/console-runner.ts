import type { Fault } from '../../src/base/fault.ts'
import { parseCommandLine } from '../../src/rpc/command-line.ts'
import { commandCall, type Command } from '../../src/rpc/commands.ts'
import type { Completion, CompletionContext } from '../../src/rpc/completion.ts'
import { completeCommandLine } from '../../src/rpc/completion.ts'
import { tcpConfigTable, tcpPresets } from '../../src/tcp/config.ts'
import type { Language } from '../../src/words/catalogue.ts'
import { faultOf } from '../lab/client.ts'
import type { Lab } from '../lab/store.ts'
import type { ThemeChoice } from '../theme.ts'
import type { ResultPrinter } from './print-result.ts'
import { textWidth } from './text-width.ts'

export interface RunnerOptions {
  lab: Lab
  printer: ResultPrinter
  prompt: string
  print(lines: readonly string[]): void
  clear(): void
  setLanguage(language: Language): void
  setTheme(theme: ThemeChoice): void
  /** A command that chose something which the window shows too. */
  onDone(command: Command): void
}

/** Runs lines of the console: by the contract, or by the window itself where the command is about the window. */
export class ConsoleRunner {
  private readonly options: RunnerOptions

  constructor(options: RunnerOptions) {
    this.options = options
  }

  /** Prints what a line comes to; never rejects. */
  async run(line: string): Promise<void> {
    const { printer, print, prompt } = this.options
    const command = parseCommandLine(line)
    if (command === null) return
    if ('code' in command) {
      print(printer.mistake(command, textWidth(prompt) + textWidth(line.slice(0, command.column - 1))))
      return
    }
    try {
      print(await this.perform(command))
      this.options.onDone(command)
    } catch (error) {
      print(printer.fault(faultOf(error)))
    }
  }

  complete(line: string, cursor: number): Completion {
    return completeCommandLine(line, cursor, this.context())
  }

  printFault(fault: Fault): void {
    this.options.print(this.options.printer.fault(fault))
  }

  private async perform(command: Command): Promise<string[]> {
    const { lab, printer } = this.options
    switch (command.command) {
      case 'help': return printer.help(command.args.command)
      case 'clear': this.options.clear(); return []
      case 'language': this.options.setLanguage(command.args.language); return []
      case 'theme': this.options.setTheme(command.args.theme); return []
      case 'sockets': return printer.sockets(lab.sockets.value)
    }
    const call = commandCall(command)!
    const perform = lab.client[call.name] as (...args: unknown[]) => Promise<unknown>
    return printer.result(command, await perform(...call.args))
  }

  private context(): CompletionContext {
    const { lab } = this.options
    const sockets = lab.sockets.value
    const addresses = [lab.link.value?.peer?.address, ...(lab.host.value?.neighbours.map((neighbour) => neighbour.address) ?? [])]
    return {
      interfaces: lab.links.value.filter((choice) => choice.kind === 'nic' || choice.kind === 'cap').map((choice) => choice.name),
      flows: [...lab.flows.value.keys()].slice(-50),
      connections: sockets.filter((socket) => socket.connection >= 0).map((socket) => socket.connection),
      listeners: (lab.host.value?.listeners ?? []).map((listener) => listener.port),
      settings: Object.keys(tcpConfigTable),
      presets: Object.keys(tcpPresets),
      addresses: [...new Set(addresses.filter((address) => address !== undefined))],
    }
  }
}
