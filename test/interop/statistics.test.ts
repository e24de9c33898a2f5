import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConversationRow, EndpointRow } from '../../src/rpc/statistics-contract.ts'
import { frames } from '../support/frames.ts'
import { manyFlowFrames } from '../support/many-flows.ts'
import { simulatedCapture } from '../support/simulated-capture.ts'
import { hasTshark, nanosecondPcap } from '../support/tshark.ts'
import { buildProgram } from '../support/program.ts'

interface Statistics {
  packets: number
  bytes: number
  protocols: { name: string, depth: number, packets: number, bytes: number }[]
  lengths: { from: number, packets: number, bytes: number, least: number, most: number }[]
  conversations: Record<string, ConversationRow[]>
  endpoints: Record<string, EndpointRow[]>
  io: { intervalMs: number, packets: number[], bytes: number[] }
  findings: { name: string, packets: number, first: number }[]
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-statistics-'))
let programFile = ''
beforeAll(async () => { programFile = await buildProgram('main/cli/tcplab.ts') }, 60_000)
afterAll(() => { for (const each of [path.dirname(programFile), folder]) rmSync(each, { recursive: true, force: true }) })

function analyze(file: string, ...args: string[]): { code: number | null, stdout: string, stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [programFile, 'analyze', file, ...args], { encoding: 'utf8', env: { ...process.env, LANG: 'C', LC_ALL: '' }, timeout: 60_000, maxBuffer: 1e9 })
  return { code: status, stdout, stderr }
}

/** A transfer through a bad network over four seconds and more, then frames of every kind, then many short conversations. */
function mixedCapture(): string {
  const transfer = simulatedCapture({
    seed: 5, seenBy: 'client', transfers: 3, bytes: 200_000,
    impair: { lossRate: 0.02, delayUs: 20_000, jitterUs: 5000, duplicateRate: 0.01 },
  })
  const from = transfer.at(-1)!.timeNs
  // tshark counts no fragment of IPv6 that it cannot put together, and reads a whole datagram in its last fragment.
  const others = Object.entries(frames).filter(([name]) => !/^fragment|^tcpVlan/.test(name)).map(([, bytes]) => bytes)
  const more = [...others, ...manyFlowFrames(40, (flow) => flow % 3)].map((bytes, i) => ({ timeNs: from + (i + 1) * 7_000_123, bytes }))
  const file = path.join(folder, 'mixed.pcap')
  writeFileSync(file, nanosecondPcap([...transfer, ...more]))
  return file
}

const tshark = (file: string, ...taps: string[]) => execFileSync('tshark', ['-n', '-q', '-r', file, ...taps.flatMap((tap) => ['-z', tap])], { encoding: 'utf8', maxBuffer: 1e9 })

/** Both ends with packets and bytes of each, the ends in order, from either program. */
function line(a: string, b: string, fromA: string, fromB: string): string {
  return a <= b ? [a, b, fromA, fromB].join(' ') : [b, a, fromB, fromA].join(' ')
}

/** As tshark writes them in its table. */
const counted = (packets: number, bytes: number) => `${packets} ${bytes < 10_000 ? `${bytes} bytes` : `${Math.floor(bytes / 1000)} kB`}`

function tsharkConversations(text: string): string[] {
  return text.split('\n').flatMap((each) => {
    const match = /^(\S+)\s+<-> (\S+)\s+(\d+ \d+ \w+)\s+(\d+ \d+ \w+)\s/.exec(each)
    return match ? [line(match[1], match[2], match[4], match[3])] : []
  }).sort()
}

const address = (text: string, port: number) => port < 0 ? text : `${text}:${port}`
const ours = (rows: readonly ConversationRow[]) => rows.map((row) => (
  line(address(row.a, row.aPort), address(row.b, row.bPort), counted(row.packetsA, row.bytesA), counted(row.packetsB, row.bytesB))
)).sort()

describe.skipIf(!hasTshark)(`statistics of a capture${hasTshark ? '' : ' (needs tshark)'}`, () => {
  let file = ''
  let found: Statistics
  beforeAll(() => {
    file = mixedCapture()
    found = JSON.parse(analyze(file, '--statistics', '--interval', '1', '--json').stdout) as Statistics
  }, 60_000)

  it.each([['eth', 'eth'], ['ipv4', 'ip'], ['ipv6', 'ipv6'], ['tcp', 'tcp'], ['udp', 'udp']])('has the %s conversations of tshark, each way', (layer, tap) => {
    const expected = tsharkConversations(tshark(file, `conv,${tap}`))
    expect(expected.length).toBeGreaterThan(0)
    expect(ours(found.conversations[layer])).toEqual(expected)
  })

  it.each([['eth', 'eth'], ['ipv4', 'ip'], ['tcp', 'tcp'], ['udp', 'udp']])('has the %s endpoints of tshark, sent and received', (layer, tap) => {
    const expected = tshark(file, `endpoints,${tap}`).split('\n').flatMap((each) => {
      const match = /^(\S+)((?:\s+\d+)+)\s*$/.exec(each)
      if (!match) return []
      const numbers = match[2].trim().split(/\s+/).map(Number)
      const port = numbers.length === 7 ? numbers.shift()! : -1
      return [[address(match[1], port), ...numbers.slice(2)].join(' ')]
    }).sort()
    expect(expected.length).toBeGreaterThan(1)
    expect(found.endpoints[layer].map((row) => [address(row.a, row.aPort), row.packetsA, row.bytesA, row.packetsB, row.bytesB].join(' ')).sort()).toEqual(expected)
  })

  it('has the protocols of tshark, as deep as both look', () => {
    const expected = tshark(file, 'io,phs').split('\n').flatMap((each) => {
      const match = /^( *)(\w+) +frames:(\d+) bytes:(\d+)$/.exec(each)
      return match && found.protocols.some(({ name }) => name === match[2]) ? [[match[1].length / 2, match[2], match[3], match[4]].join(' ')] : []
    })
    expect(found.protocols.map(({ depth, name, packets, bytes }) => [depth, name, packets, bytes].join(' ')).sort()).toEqual(expected.sort())
  })

  it('has the lengths of tshark', () => {
    const expected = tshark(file, 'plen,tree').split('\n').flatMap((each) => {
      const match = /^ (\d+)(?:-\d+| and greater) +(\d+) +(\S+) +(\S+) +(\S+) /.exec(each)
      return match ? [[match[1], match[2], ...match[2] === '0' ? ['0.00', '0', '0'] : match.slice(3, 6)].join(' ')] : []
    })
    expect(expected).toHaveLength(10)
    expect(found.lengths.map(({ from, packets, bytes, least, most }) => [from, packets, packets === 0 ? '0.00' : (bytes / packets).toFixed(2), least, most].join(' '))).toEqual(expected)
  })

  it('has the packets and bytes of each second of tshark', () => {
    const expected = tshark(file, 'io,stat,1').split('\n').flatMap((each) => {
      const match = /^\|\s+\d+ <>\s+\S+\s+\|\s+(\d+) \|\s+(\d+) \|/.exec(each)
      return match ? [[Number(match[1]), Number(match[2])]] : []
    })
    expect(expected.length).toBeGreaterThan(2)
    expect(found.io.packets.map((packets, i) => [packets, found.io.bytes[i]])).toEqual(expected)
    expect(found.io.intervalMs).toBe(1000)
  })

  it('counts findings as their fields say', () => {
    for (const { name, packets, first } of found.findings) {
      const numbers = execFileSync('tshark', ['-n', '-r', file, '-Y', name, '-T', 'fields', '-e', 'frame.number'], { encoding: 'utf8' }).trim().split('\n').map(Number)
      expect([name, numbers.length, numbers[0]]).toEqual([name, packets, first])
    }
    expect(found.findings.length).toBeGreaterThan(2)
  })

  it('counts only what a display filter leaves', () => {
    const { packets, conversations } = JSON.parse(analyze(file, '--statistics', '--json', '--filter', 'udp').stdout) as Statistics
    expect(packets).toBe(found.protocols.filter(({ name }) => name === 'udp').reduce((sum, node) => sum + node.packets, 0))
    expect(conversations.tcp).toEqual([])
    expect(ours(conversations.udp)).toEqual(ours(found.conversations.udp))
  })

  it('prints sections of lines, and refuses an interval that is none', () => {
    const { code, stdout } = analyze(file, '--statistics')
    expect(code).toBe(0)
    expect(stdout).toContain(`${found.packets} packets, ${found.bytes} bytes`)
    expect(stdout).toMatch(/^# protocols: packets, bytes\neth\t\d+\t100\.0%\t\d+\t100\.0%$/m)
    expect(stdout).toMatch(/^# tcp endpoints/m)
    expect(stdout).toMatch(/^# findings/m)
    const refused = analyze(file, '--statistics', '--interval', '2')
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('0.001 | 0.01 | 0.1 | 1 | 10')])
    expect(analyze(file, '--interval', '1').code).toBe(2)
  })
})
