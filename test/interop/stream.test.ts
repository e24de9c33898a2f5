import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pcapOf } from '../support/pcap.ts'
import { buildProgram } from '../support/program.ts'
import { segment, usualTuple } from '../unit/trace/segments.ts'
import type { Tuple } from '../unit/trace/segments.ts'

let programFile = ''
let folder = ''
beforeAll(async () => { programFile = await buildProgram('main/cli/tcplab.ts') }, 60_000)
beforeAll(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-follow-')) })
afterAll(() => { for (const each of [path.dirname(programFile), folder]) rmSync(each, { recursive: true, force: true }) })

function analyze(input: Buffer | null, ...args: string[]): { code: number | null, stdout: Buffer, stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [programFile, 'analyze', ...args], { input: input ?? '', env: { ...process.env, LANG: 'C', LC_ALL: '' }, timeout: 60_000 })
  return { code: status, stdout, stderr: stderr.toString() }
}

function fileOf(name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  return file
}

/** Bytes of both directions, by the ends' addresses. */
function followed(file: string, stream: number): Map<string, Buffer> {
  const text = execFileSync('tshark', ['-r', file, '-q', '-z', `follow,tcp,raw,${stream}`], { encoding: 'utf8' })
  const nodes = [0, 1].map((node) => new RegExp(`^Node ${node}: (.+)$`, 'm').exec(text)![1])
  const lines = text.split('\n').filter((line) => /^\t?[0-9a-f]+$/.test(line))
  return new Map(nodes.map((node, i) => [node, Buffer.from(lines.filter((line) => line.startsWith('\t') === (i === 1)).join('').replaceAll('\t', ''), 'hex')]))
}

type Line = readonly [line: string, text?: string]

function captureOf(lines: readonly Line[], tuple: Tuple = usualTuple): Uint8Array[] {
  return lines.map(([line, text]) => segment(line, tuple, text).frame)
}

const opening: readonly Line[] = [['c> S 4294967200:0(0) <mss 1460>'], ['s> S. 500:0(0) ack 4294967201 <mss 1460>'], ['c> . 4294967201:0(0) ack 501']]
const request = 'GET / HTTP/1.1\r\nHost: lab.example\r\nAccept: text/plain, text/html;q=0.9, */*;q=0.8\r\nUser-Agent: some-browser/1.0 of a lab\r\n\r\n'
const answer = 'HTTP/1.1 200 OK\r\n\r\nhello'

/** The request in pieces of 42 bytes across the end of the sequence space; those of `order`, each with its own ACK. */
function pieces(order: readonly number[]): Line[] {
  return order.map((i) => [`c> P. ${(4294967201 + 42 * i) % 2 ** 32}:0(0) ack 501`, request.slice(42 * i, 42 * i + 42)])
}

const answered: readonly Line[] = [
  [`s> P. 501:0(0) ack ${(4294967201 + request.length) % 2 ** 32}`, answer],
  [`c> . ${(4294967201 + request.length) % 2 ** 32}:0(0) ack ${501 + answer.length}`],
]

describe('tcplab analyze --stream', () => {
  it.each([
    ['in order', [0, 1, 2]],
    ['out of order', [2, 0, 1]],
    ['with a retransmission', [0, 1, 1, 0, 2]],
    ['late and twice', [0, 2, 2, 1]],
  ] as const)('gives the bytes that tshark gives, %s', (name, order) => {
    const other: Tuple = { ...usualTuple, clientPort: 40_101 }
    const frames = [...captureOf([...opening], other), ...captureOf([...opening, ...pieces(order), ...answered])]
    const file = fileOf(`${name}.pcap`, pcapOf(frames))
    const theirs = followed(file, 1)
    expect(theirs.get('10.77.0.2:40100')!.toString()).toBe(request)
    expect(analyze(null, file, '--stream', '1', '--raw', 'a')).toMatchObject({ code: 0, stdout: theirs.get('10.77.0.2:40100'), stderr: '' })
    expect(analyze(null, file, '--stream', '1', '--raw', 'b')).toMatchObject({ code: 0, stdout: theirs.get('10.77.0.80:80'), stderr: '' })
  })

  it('reads a packed capture from a pipe', () => {
    const packed = gzipSync(pcapOf(captureOf([...opening, ...pieces([0, 2, 1]), ...answered])))
    expect(analyze(packed, '-', '--stream', '0', '--raw', 'a').stdout.toString()).toBe(request)
  })

  it('prints the conversation with what is missing, repeated and contradictory', () => {
    const lines: Line[] = [
      ...opening, ['c> P. 4294967201:0(0) ack 501', 'one\ntwo\u001b[2J\n'], ['c> P. 4294967201:0(0) ack 501', 'one\ntwX'], ['c> P. 4294967233:0(0) ack 501', 'last'],
      ['s> P. 501:0(0) ack 4294967237', 'fine\n'],
    ]
    const file = fileOf('holes.pcap', pcapOf(captureOf(lines)))
    expect(analyze(null, file, '--stream', '0').stdout.toString().split('\n')).toEqual([
      'a is 10.77.0.2:40100: 36 bytes', 'b is 10.77.0.80:80: 5 bytes',
      'a> one', 'a> two.[2J', 'a! packet 5 carries bytes 0 to 5 again', 'a! packet 5 carries bytes 6 to 6 again, with other content',
      'a! bytes 12 to 31 are missing (20): no packet of the capture holds them', 'a> last', 'b> fine', '',
    ])
    expect(analyze(null, file, '--stream', '0', '--lang', 'ko').stdout.toString()).toContain('a! 12번부터 31번까지의 바이트가 없습니다(20바이트)')
    expect(analyze(null, file, '--stream', '0', '--raw', 'a')).toMatchObject({ code: 0, stdout: Buffer.from('one\ntwo\u001b[2J\nlast') })
    expect(analyze(null, file, '--stream', '0', '--raw', 'a').stderr).toContain('20 bytes of this direction are missing')
    const objects = analyze(null, file, '--stream', '0', '--json').stdout.toString().trim().split('\n').map((line) => JSON.parse(line) as object)
    expect(objects.slice(2, 5)).toEqual([
      { stream: 0, from: 'a', offset: 6, length: 1, kind: 'conflict', packet: 5, hex: '58' },
      { stream: 0, from: 'a', offset: 12, length: 20, kind: 'hole', packet: null },
      { stream: 0, from: 'a', offset: 32, length: 4, kind: 'data', packet: 6, hex: '6c617374' },
    ])
  })

  it('says which streams there are where there is no such one, and what --raw needs', () => {
    const file = fileOf('one.pcap', pcapOf(captureOf(opening)))
    expect(analyze(null, file, '--stream', '3')).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no TCP stream 3: the file has 1') as string })
    expect(analyze(null, file, '--raw', 'a')).toMatchObject({ code: 2, stderr: expect.stringContaining('--stream N is missing') as string })
    expect(analyze(null, file, '--stream', '0', '--raw', 'c')).toMatchObject({ code: 2, stderr: expect.stringContaining('a | b') as string })
  })
})
