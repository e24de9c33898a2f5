import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commandLineErrorCodes, commandUsage, formatCommandLine, parseCommandLine } from '../../../src/rpc/command-line.ts'
import { argumentChoices, argumentRanges, commandCall, commandNames, commandSpec } from '../../../src/rpc/commands.ts'
import type { ArgumentType, Command } from '../../../src/rpc/commands.ts'
import { callNames } from '../../../src/rpc/contract.ts'
import { completeCommandLine } from '../../../src/rpc/completion.ts'
import type { CompletionContext } from '../../../src/rpc/completion.ts'

function commandOf(line: string): Command {
  const parsed = parseCommandLine(line)
  if (parsed === null || 'code' in parsed) throw new Error(`${line}: ${JSON.stringify(parsed)}`)
  return parsed
}

function errorOf(line: string): { column: number, code: string, got: string } {
  const parsed = parseCommandLine(line)
  if (parsed === null || !('code' in parsed)) throw new Error(`${line}: no error`)
  return { column: parsed.column, code: parsed.code, got: parsed.params.got }
}

describe('reading a line', () => {
  it.each([
    ['link open nic eth0 --filter "tcp port 80"', { command: 'linkOpen', args: { kind: 'nic', name: 'eth0', filter: 'tcp port 80' } }],
    ['link open nic "a \\"b\\""', { command: 'linkOpen', args: { kind: 'nic', name: 'a "b"' } }],
    ['  connect   10.77.0.1 80  ', { command: 'connect', args: { address: '10.77.0.1', port: 80 } }],
    ['connect 10.77.0.1 80 --http=/10k', { command: 'connect', args: { address: '10.77.0.1', port: 80, http: '/10k' } }],
    ['filter tcp port 80 and host "x"', { command: 'filter', args: { expression: 'tcp port 80 and host "x"' } }],
    ['filter', { command: 'filter', args: {} }],
    ['open C:\\captures\\my file.pcapng', { command: 'open', args: { file: 'C:\\captures\\my file.pcapng' } }],
    ['send 3 "GET / HTTP/1.0\\r\\n\\r\\n"', { command: 'send', args: { connection: 3, text: 'GET / HTTP/1.0\r\n\r\n' } }],
    ['send 3 it\'s', { command: 'send', args: { connection: 3, text: 'it\'s' } }],
    ['send 3 --hex "00 ff"', { command: 'send', args: { connection: 3, hex: '00 ff' } }],
    ['set 1 nagle off', { command: 'set', args: { connection: 1, setting: 'nagle', value: false } }],
    ['set 1 giveUpResets always', { command: 'set', args: { connection: 1, setting: 'giveUpResets', value: 'always' } }],
    ['set 1 mss 536', { command: 'set', args: { connection: 1, setting: 'mss', value: 536 } }],
    ['inject --count 3 S 0:0(0) win 100 <mss 1460>', { command: 'inject', args: { count: 3, line: 'S 0:0(0) win 100 <mss 1460>' } }],
    ['host start 10.77.0.2/24 --listen echo:7 --listen http:80', { command: 'hostStart', args: { ip: '10.77.0.2/24', listen: ['echo:7', 'http:80'] } }],
    ['packets --from -20 --flow 0', { command: 'packets', args: { from: -20, flow: 0 } }],
  ])('%s', (line, command) => {
    expect(commandOf(line)).toEqual(command)
  })

  it.each([
    ['conect 1 2', { column: 1, code: 'unknownCommandNear', got: 'conect' }],
    ['frobnicate', { column: 1, code: 'unknownCommand', got: 'frobnicate' }],
    ['link', { column: 5, code: 'incompleteCommand', got: '' }],
    ['link opn', { column: 6, code: 'incompleteCommand', got: 'opn' }],
    ['connect 10.77.0.1', { column: 18, code: 'missingArgument', got: '' }],
    ['connect 10.77.0.1 99999', { column: 19, code: 'badNumber', got: '99999' }],
    ['connect 10.77.0.1 1 2', { column: 21, code: 'unexpectedArgument', got: '2' }],
    ['connect somewhere 1', { column: 9, code: 'badAddress', got: 'somewhere' }],
    ['connect 10.77.0.1 1 --https x', { column: 21, code: 'unknownOption', got: '--https' }],
    ['connect 10.77.0.1 1 --http', { column: 27, code: 'missingValue', got: '' }],
    ['connect 10.77.0.1 1 --http / --http /', { column: 30, code: 'repeatedOption', got: '' }],
    ['save --overwrite=yes x', { column: 6, code: 'unexpectedValue', got: 'yes' }],
    ['link open wire', { column: 11, code: 'badChoice', got: 'wire' }],
    ['listen telnet:23', { column: 8, code: 'badListener', got: 'telnet:23' }],
    ['listen echo:0', { column: 8, code: 'badListener', got: 'echo:0' }],
    ['inject --hex 0g', { column: 14, code: 'badHex', got: '0g' }],
    ['inject', { column: 7, code: 'oneOf', got: '' }],
    ['inject --hex 00 S 0:0(0)', { column: 25, code: 'oneOf', got: '' }],
    ['set 1 nagle 4x', { column: 13, code: 'badSetting', got: '4x' }],
    ['host start 10.77.0.2/24 --mac 02', { column: 31, code: 'badMac', got: '02' }],
    ['link open nic "eth0', { column: 15, code: 'unterminatedQuote', got: '' }],
    ['send 1 "a\\q"', { column: 10, code: 'badEscape', got: '' }],
  ])('%s is refused', (line, error) => {
    expect(errorOf(line)).toEqual(error)
  })

  it('a blank line is no command', () => {
    expect(parseCommandLine('')).toBeNull()
    expect(parseCommandLine(' \t ')).toBeNull()
  })

  it('never throws and says a column within the line', () => {
    const word = fc.constantFrom(...commandNames.flatMap((name) => [...commandSpec(name).words]), '--hex', '--count', '"', '\'', '\\', '1', 'echo:7', '=')
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.oneof(word, fc.string()), { maxLength: 8 }).map((words) => words.join(' '))), (line) => {
      const parsed = parseCommandLine(line)
      if (parsed !== null && 'code' in parsed) {
        expect(parsed.column).toBeGreaterThanOrEqual(1)
        expect(parsed.column).toBeLessThanOrEqual(line.length + 1)
        expect(commandLineErrorCodes).toContain(parsed.code)
      }
    }), { numRuns: 2000 })
  })
})

const address = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.'))
const hexText = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const macText = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('hex').match(/../g)!.join(':'))

function valueOf(type: ArgumentType): fc.Arbitrary<unknown> {
  if (type in argumentRanges) {
    const [min, max] = argumentRanges[type as keyof typeof argumentRanges]
    return fc.integer({ min: Math.max(min, -(2 ** 31)), max: Math.min(max, 2 ** 31 - 1) })
  }
  if (type in argumentChoices) return fc.constantFrom(...argumentChoices[type as keyof typeof argumentChoices])
  switch (type) {
    case 'flag': return fc.constant(true)
    case 'setting': return fc.oneof(fc.boolean(), fc.integer(), fc.constantFrom('never', 'keepAlive', 'always'))
    case 'address': return address
    case 'ipv6': return fc.oneof(fc.constantFrom('auto', 'off'), fc.tuple(address, fc.nat(32)).map((parts) => parts.join('/')))
    case 'cidr': return fc.tuple(address, fc.nat(32)).map((parts) => parts.join('/'))
    case 'mac': return macText
    case 'hex': return hexText
    case 'listener': return fc.tuple(fc.constantFrom('echo', 'discard', 'chargen', 'http'), fc.integer({ min: 1, max: 65535 })).map((parts) => parts.join(':'))
    default: return fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 1 }), fc.constantFrom('--x', '\'', '"', '"a" b', '\\', ' a ', 'a b'))
  }
}

const anyCommand = fc.constantFrom(...commandNames).chain((command) => {
  const spec = commandSpec(command)
  const parts: Record<string, fc.Arbitrary<unknown>> = {}
  const oneOf = spec.oneOf === undefined ? fc.constant(null) : fc.constantFrom(...spec.oneOf)
  let leave = false
  for (const { name, type, optional } of spec.positionals) {
    leave ||= optional === true
    parts[name] = leave && spec.oneOf === undefined ? fc.option(valueOf(type), { nil: undefined }) : valueOf(type)
  }
  for (const { name, type, repeatable } of spec.options) {
    parts[name] = fc.option(repeatable ? fc.array(valueOf(type), { minLength: 1, maxLength: 3 }) : valueOf(type), { nil: undefined })
    if (spec.oneOf?.includes(name)) parts[name] = valueOf(type)
  }
  return fc.tuple(fc.record(parts), oneOf).map(([values, chosen]) => {
    const kept = Object.entries(values).filter(([name, value]) => value !== undefined && (chosen === null || name === chosen || !spec.oneOf!.includes(name)))
    // Positionals are told apart by their place: after a missing one there can be no other.
    const firstGap = spec.positionals.findIndex(({ name }) => !kept.some(([key]) => key === name))
    const after = firstGap < 0 ? [] : spec.positionals.slice(firstGap).map(({ name }) => name)
    return { command, args: Object.fromEntries(kept.filter(([name]) => !after.includes(name))) } as unknown as Command
  })
})

describe('printing a command', () => {
  it('the printed line reads as the same command', () => {
    fc.assert(fc.property(anyCommand, ({ command, args }) => {
      expect(parseCommandLine(formatCommandLine(command, args as never))).toEqual({ command, args })
    }), { numRuns: 3000 })
  })

  it('prints what a person would type', () => {
    expect(formatCommandLine('connect', { address: '10.77.0.1', port: 80, http: '/' })).toBe('connect 10.77.0.1 80 --http /')
    expect(formatCommandLine('send', { connection: 1, text: 'hello world' })).toBe('send 1 hello world')
    expect(formatCommandLine('linkOpen', { kind: 'nic', name: 'Wi-Fi 2', filter: 'tcp port 80' })).toBe('link open nic \'Wi-Fi 2\' --filter \'tcp port 80\'')
    expect(formatCommandLine('inject', { line: 'S 0:0(0)', count: 2 })).toBe('inject --count 2 S 0:0(0)')
    expect(commandUsage('connect')).toBe('connect ADDRESS PORT [--http TEXT]')
  })

  it('every command comes to a call of the contract or to the shell itself', () => {
    const own = new Set<string>()
    fc.assert(fc.property(anyCommand, (command) => {
      const call = commandCall(command)
      if (call === null) own.add(command.command)
      else expect(callNames).toContain(call.name)
    }), { numRuns: 3000 })
    expect([...own].sort((a, b) => a.localeCompare(b))).toEqual(['clear', 'help', 'language', 'sockets', 'theme'])
  })

  it('list commands ask for the latest rows', () => {
    expect(commandCall(commandOf('packets --count 5'))).toEqual({ name: 'getPacketRows', args: [{ from: -5, count: 5 }] })
    expect(commandCall(commandOf('send 2 한'))).toEqual({ name: 'send', args: [{ connection: 2, data: new Uint8Array([0xed, 0x95, 0x9c]) }] })
  })
})

describe('completing a line', () => {
  const context: CompletionContext = {
    interfaces: ['eth0', 'Wi-Fi 2'], flows: [0, 1], connections: [4], listeners: [7], settings: ['nagle', 'mss'], presets: ['rfc', 'linux'], addresses: ['10.77.0.1'],
  }
  const complete = (line: string, cursor = line.length) => {
    const { from, to, candidates } = completeCommandLine(line, cursor, context)
    return candidates.map(({ text }) => line.slice(0, from) + text + line.slice(to))
  }

  it.each([
    ['conn', ['connect']],
    ['li', ['link', 'listen']],
    ['link ', ['link open', 'link close']],
    ['link open n', ['link open nic']],
    ['link open nic ', ['link open nic eth0', 'link open nic \'Wi-Fi 2\'']],
    ['link open nic eth0 --f', ['link open nic eth0 --filter']],
    ['listen e', ['listen echo:7']],
    ['close ', ['close 4']],
    ['set 4 n', ['set 4 nagle']],
    ['set 4 nagle o', ['set 4 nagle on', 'set 4 nagle off']],
    ['packets --flow ', ['packets --flow 0', 'packets --flow 1']],
    ['packets --flow 0 --f', ['packets --flow 0 --from']],
    ['connect ', ['connect 10.77.0.1']],
    ['host start 10.0.0.1/8 --preset l', ['host start 10.0.0.1/8 --preset linux']],
    ['link open nic "et', []],
    ['nonsense ', []],
  ])('%s', (line, lines) => {
    expect(complete(line)).toEqual(lines)
  })

  it('completes at the cursor and leaves what follows it', () => {
    expect(complete('clo 4', 3)).toEqual(['close 4'])
  })

  it('never throws, and its range lies in the line', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.nat(30), (line, cursor) => {
      const at = Math.min(cursor, line.length)
      const { from, to } = completeCommandLine(line, at, context)
      expect(from).toBeLessThanOrEqual(to)
      expect(to).toBe(at)
    }))
  })
})
