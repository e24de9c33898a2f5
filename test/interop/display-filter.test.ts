import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../src/base/random.ts'
import { compileFilter, Filter } from '../../src/filter/filter.ts'
import { fieldTable } from '../../src/filter/field-table.ts'
import { fieldTexts } from '../../src/filter/text.ts'
import { filterFrames, FilterCapture } from '../support/filter-capture.ts'
import { buildProgram } from '../support/program.ts'
import { hasTshark, nanosecondPcap } from '../support/tshark.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-filter-'))
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

const frames = filterFrames({ streams: 80, segments: 30, seed: 21 })
const capture = new FilterCapture(frames)
const file = path.join(folder, 'capture.pcap')
writeFileSync(file, nanosecondPcap(frames))

/** Wireshark's own engine behind a pipe (sharkd comes with tshark): one dissection for all filters. */
function wiresharkSelects(filters: readonly string[]): (number[] | 'refused')[] {
  const ask = (id: number, method: string, params: object) => JSON.stringify({ jsonrpc: '2.0', id, method, params })
  const input = [ask(filters.length + 1, 'load', { file }), ...filters.map((filter, i) => ask(i + 1, 'frames', { filter })), ask(filters.length + 2, 'bye', {})].join('\n')
  const { stdout } = spawnSync('sharkd', ['-'], { input: `${input}\n`, encoding: 'utf8', env: { ...process.env, TZ: 'UTC' }, maxBuffer: 1e9, timeout: 100_000 })
  const answers = new Map(stdout.split('\n').filter((line) => line.startsWith('{')).map((line) => {
    const { id, result } = JSON.parse(line) as { id: number, result?: { num: number }[] }
    return [id, result] as const
  }))
  return filters.map((_, i) => answers.get(i + 1)?.map(({ num }) => num) ?? 'refused')
}

function weSelect(filter: string): number[] | 'refused' {
  return compileFilter(filter) instanceof Filter ? capture.select(filter) : 'refused'
}

/** Some SYNs with data have no payload in Wireshark, depending on what the conversation comes to. */
function isSynWithData(index: number): boolean {
  const { bytes } = frames[index]
  return index >= handMade && (bytes[47] & 2) !== 0 && bytes.length > 14 + 20 + (bytes[46] >>> 4) * 4
}

/** Filters that select different packets, with the first few that differ. */
function differences(filters: readonly string[], ours: readonly (number[] | 'refused')[], theirs: readonly (number[] | 'refused')[]): string[] {
  return filters.flatMap((filter, i) => {
    const [mine, other] = [ours[i], theirs[i]]
    if (mine === 'refused' || other === 'refused') return mine === other ? [] : [`${filter}: ${mine === 'refused' ? 'we' : 'they'} refuse it`]
    const [inMine, inOther] = [new Set(mine), new Set(other)]
    const more = mine.filter((number) => !inOther.has(number)).slice(0, 5)
    const fewer = other.filter((number) => !inMine.has(number)).slice(0, 5)
    return more.length + fewer.length === 0 ? [] : [`${filter}: +${more.join(',')} -${fewer.join(',')}`]
  })
}

/** The frames that are put together from fragments, and ICMP errors: Wireshark reassembles the first and analyses what the second quote. */
const handMade = filterFrames({ streams: 0 }).length

const written = readFileSync(path.join(import.meta.dirname, '../support/display-filters.txt'), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'))

describe.skipIf(!hasTshark)('the display filter beside Wireshark', () => {
  it(`selects the same packets by ${written.length} filters`, () => {
    const theirs = wiresharkSelects(written)
    const isPlain = (found: number[] | 'refused') => found === 'refused' ? found : found.filter((number) => !isSynWithData(number - 1))
    expect(differences(written, written.map(weSelect).map(isPlain), theirs.map(isPlain))).toEqual([])
    expect(theirs.filter((found) => found !== 'refused' && found.length > 0).length).toBeGreaterThan(written.length / 2)
  }, 120_000)

  it('selects the same packets by filters made at random', () => {
    const filters = randomFilters(new Random(6), 400)
    const theirs = wiresharkSelects(filters)
    const behind = (found: number[] | 'refused') => found === 'refused' ? found : found.filter((number) => number > handMade && !isSynWithData(number - 1))
    expect(differences(filters, filters.map((filter) => behind(weSelect(filter))), theirs.map(behind))).toEqual([])
    expect(theirs.filter((found) => found !== 'refused' && found.length > 0 && found.length < frames.length).length).toBeGreaterThan(150)
  }, 120_000)

  it('refuses what Wireshark refuses', () => {
    const wrong = ['tcp.prot', 'tcp.port ==', '(tcp', 'tcp tcp', '80 == tcp.port', 'tcp.port == 70000', 'tcp.len == 5.5', 'ip.src == 10.0.0', 'ip.src == "10.0.0.1"', 'tcp.port in {80 81}', 'tcp AND ip',
      'tcp.port matches "8"', 'ip.src contains 1', 'tcp.payload matches hel', 'len(tcp.payload)', 'nosuch(tcp.len) == 1', 'tcp.analysis.flags == 1', 'tcp.port[0:1] == 9c', 'ip.src + 1 == 10.0.0.1',
      'tcp.len == frame.time_relative', 'max(tcp.len, ip.src) == 1', 'string(frame.time_relative) == "0"', 'tcp.port in {}', 'frame.time > 1700000000', 'tcp.dstport-1 == 79', 'ip.addr == 10.77.0.2/33']
    expect(wiresharkSelects(wrong)).toEqual(wrong.map(() => 'refused'))
    expect(wrong.map(weSelect)).toEqual(wrong.map(() => 'refused'))
  }, 60_000)
})

/** Fields that stand in bytes of a frame: what flows come to is compared by the tests of the tracker. */
const printed = fieldTable.filter(({ name, type }) => type !== 'protocol' && !/^tcp\.(analysis|stream|completeness|seq$|ack$|nxtseq|window_size$|window_size_scale|time_|options\.sack_)|^udp\.(stream|time)|^(tcp\.state|finding|reason|checksum)|_host$|\.host$|^frame\.protocols/.test(name))
/** Accurate ECN is shown instead of three flags once it was seen in a handshake. */
const accurateEcn = /^tcp\.flags\.(ae|cwr|ece|str)$/

describe.skipIf(!hasTshark)('fields beside tshark -T fields', () => {
  it(`prints ${printed.length} fields as tshark does`, () => {
    const names = printed.map(({ name }) => name)
    const { stdout, stderr, status } = spawnSync('tshark', ['-n', '-r', file, '-T', 'fields', ...names.flatMap((name) => ['-e', name])], { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' }, maxBuffer: 1e9 })
    expect(status, stderr).toBe(0)
    const theirs = stdout.split('\n').slice(0, -1).map((line) => line.split('\t'))
    expect(theirs).toHaveLength(frames.length)
    const timeText = (time: bigint) => `Nov 14, 2023 22:13:${String(20 + Number((time / 1_000_000_000n) % 60n) - 20).padStart(2, '0')}`
    frames.forEach((_, index) => {
      capture.view.moveTo(index)
      printed.forEach((field, i) => {
        if (field.type === 'absoluteTime' || (field.name === 'tcp.payload' && isSynWithData(index)) || (accurateEcn.test(field.name) && index < handMade) || (isReassembled(index) && field.name.startsWith('udp'))) return
        expect(fieldTexts(field, capture.view, timeText).join(','), `${field.name} of packet ${index + 1}`).toBe(theirs[index][i])
      })
    })
  }, 120_000)
})

/** The second half of a datagram: Wireshark reads the header of the first there. */
function isReassembled(index: number): boolean {
  return frames[index].bytes[20] === 0 && frames[index].bytes[21] === 2 && frames[index].bytes[23] === 17
}

/** Comparisons of fields with values near those that occur, joined at random. */
function randomFilters(random: Random, count: number): string[] {
  const numbers = ['tcp.port', 'tcp.srcport', 'tcp.dstport', 'tcp.len', 'tcp.flags', 'tcp.hdr_len', 'tcp.window_size_value', 'ip.len', 'ip.ttl', 'ip.id', 'frame.len', 'frame.number', 'tcp.option_kind', 'tcp.options.mss_val']
  const comparisons = ['==', '!=', '===', '!==', '<', '<=', '>', '>=']
  const pick = <T>(from: readonly T[]): T => from[random.nextBelow(from.length)]
  const value = (): string => pick([String(random.nextBelow(100)), String(random.nextBelow(2000)), '80', '0x10', '1460', '\'P\''])
  const test = (): string => {
    switch (random.nextBelow(9)) {
      case 0: return `${pick(['ip.src', 'ip.dst', 'ip.addr'])} ${pick(comparisons)} 10.0.0.${random.nextBelow(4)}${pick(['', '', '/31', '/24'])}`
      case 1: return `tcp.flags.${pick(['syn', 'ack', 'fin', 'reset', 'push', 'urg'])}${pick([' == 1', ' == 0', ' != 1', ''])}`
      case 2: return `${pick(numbers)} in {${value()}, ${random.nextBelow(100)}..${100 + random.nextBelow(3000)}}`
      case 3: return `${pick(numbers)} ${pick(['&', '+', '-', '%'])} ${1 + random.nextBelow(60)} ${pick(comparisons)} ${random.nextBelow(200)}`
      case 4: return `${pick(['any', 'all'])} ${pick(numbers)} ${pick(['==', '!=', '<', '<=', '>', '>='])} ${value()}`
      case 5: return `${pick(numbers)} ${pick(comparisons)} ${pick(numbers)}`
      case 6: return `${pick(['ip', 'tcp', 'frame', 'eth.src'])}[${random.nextBelow(12)}${pick(['', `:${1 + random.nextBelow(3)}`])}] ${pick(['==', '>', '<', '!='])} ${pick(['00', '45', '0a:00', '02:00:00', '50'])}`
      case 7: return pick(['tcp', 'udp', 'ip', 'ipv6', 'arp', 'icmp', 'vlan', 'tcp.options', 'tcp.options.timestamp', 'tcp.payload', 'tcp.stream == 3'])
      default: return `${pick(numbers)} ${pick(comparisons)} ${value()}`
    }
  }
  const whole = (depth: number): string => {
    const kind = depth === 0 ? 3 : random.nextBelow(6)
    if (kind === 0) return `(${whole(depth - 1)}) and (${whole(depth - 1)})`
    if (kind === 1) return `(${whole(depth - 1)}) or (${whole(depth - 1)})`
    return kind === 2 ? `not (${whole(depth - 1)})` : test()
  }
  return Array.from({ length: count }, () => whole(2))
}

describe('tcplab analyze with a display filter', () => {
  let program = ''
  beforeAll(async () => { program = await buildProgram('main/cli/tcplab.ts') }, 60_000)
  afterAll(() => { rmSync(path.dirname(program), { recursive: true, force: true }) })
  const analyze = (...args: string[]) => spawnSync(process.execPath, [program, 'analyze', file, ...args], { encoding: 'utf8', env: { ...process.env, TZ: 'UTC', LANG: 'C', LC_ALL: '' }, maxBuffer: 1e8 })

  it.skipIf(!hasTshark)('prints line by line what tshark -Y -T fields prints', () => {
    const filter = 'tcp.flags.syn == 1 and frame.number in {30..1200}'
    const names = ['frame.number', 'frame.time', 'frame.time_epoch', 'ip.addr', 'tcp.port', 'tcp.flags', 'tcp.options.mss_val', 'tcp.stream', 'tcp.window_size', 'tcp.time_relative']
    const theirs = spawnSync('tshark', ['-n', '-r', file, '-Y', filter, '-T', 'fields', ...names.flatMap((name) => ['-e', name])], { encoding: 'utf8', env: { ...process.env, TZ: 'UTC' } }).stdout
    const { stdout, status } = analyze('--filter', filter, '--fields', names.join(','))
    expect(status).toBe(0)
    expect(stdout).toBe(theirs)
    expect(stdout.split('\n').length).toBeGreaterThan(40)
  }, 60_000)

  it.skipIf(!hasTshark)('writes only what the filter lets through', () => {
    const copy = path.join(folder, 'chosen.pcapng')
    expect(analyze('-Y', 'tcp.flags.syn == 1', '-w', copy)).toMatchObject({ status: 0, stdout: '' })
    const count = (of: string, ...more: string[]) => spawnSync('tshark', ['-n', '-r', of, ...more, '-T', 'fields', '-e', 'frame.time_epoch'], { encoding: 'utf8' }).stdout
    expect(count(copy)).toBe(count(file, '-Y', 'tcp.flags.syn == 1 and not icmpv6'))
  }, 60_000)

  it('says what is wrong with a filter, and where, in both languages', () => {
    expect(analyze('--filter', 'tcp.prot == 80')).toMatchObject({ status: 2, stdout: '', stderr: 'tcplab: the display filter cannot be used, character 1: There is no field “tcp.prot”: did you mean “tcp.port”?\n' })
    expect(analyze('--filter', 'ip and tcp.port = 80', '--lang', 'ko').stderr).toContain('17번째 글자: =는 비교가 아닙니다')
    expect(analyze('--fields', 'frame.number,tcp.len,tcp.prt').stderr).toContain('did you mean “tcp.port”?')
  }, 60_000)

  it('prints fields as JSON', () => {
    const lines = analyze('--json', '--fields', 'frame.number,ip.addr', '-Y', 'frame.number < 4').stdout.trim().split('\n').map((line) => JSON.parse(line) as unknown)
    expect(lines).toEqual([{ 'frame.number': ['1'], 'ip.addr': [] }, { 'frame.number': ['2'], 'ip.addr': [] }, { 'frame.number': ['3'], 'ip.addr': ['10.77.0.2', '10.77.0.80'] }])
  }, 60_000)
})
