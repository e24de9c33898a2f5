import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { framesOfLines } from '../support/one-line-frames.ts'
import { linkTypeFrames } from '../support/link-type-frames.ts'
import { pcapOf } from '../support/pcap.ts'
import { buildProgram, runProgram } from '../support/program.ts'

interface Ended { code: number | null, stdout: string, stderr: string }

let programFile = ''
let folder = ''
beforeAll(async () => { programFile = await buildProgram('main/cli/tcplab.ts') }, 60_000)
beforeAll(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-analyze-')) })
afterAll(() => { for (const each of [path.dirname(programFile), folder]) rmSync(each, { recursive: true, force: true }) })

const analyze = (...args: string[]): Ended => run('analyze', ...args)

function run(...args: string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [programFile, ...args], { encoding: 'utf8', env: { ...process.env, LANG: 'C', LC_ALL: '' }, timeout: 60_000 })
  return { code: status, stdout, stderr }
}

function fileOf(name: string, bytes: Uint8Array): string {
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  return file
}

function tshark(file: string, ...fields: string[]): string[][] {
  const text = execFileSync('tshark', ['-r', file, '-T', 'fields', '-E', 'occurrence=f', ...fields.flatMap((field) => ['-e', field])], { encoding: 'utf8' })
  return text.split('\n').slice(0, -1).map((line) => line.split('\t'))
}

const lines = [
  '10.0.0.1:4000 > 10.0.0.2:80 S 100:100(0) win 65535 <mss 1460>',
  '10.0.0.2:80 > 10.0.0.1:4000 S. 500:500(0) ack 101 win 65535 <mss 1460>',
  '10.0.0.1:4000 > 10.0.0.2:80 . 101:101(0) ack 501 win 65535',
  '10.0.0.1:4000 > 10.0.0.2:80 P. 101:111(10) ack 501 win 65535',
  '10.0.0.1:4000 > 10.0.0.2:80 P. 101:111(10) ack 501 win 65535',
  '10.0.0.3:5000 > 10.0.0.2:80 S 7:7(0) win 65535 <mss 1460>',
] as const
const conversation = pcapOf(framesOfLines(...lines))

describe('tcplab analyze', () => {
  it('names the packets that tshark names', () => {
    const file = fileOf('a.pcap', conversation)
    const { code, stdout } = analyze(file, '--findings', 'tsv')
    expect(code).toBe(0)
    const seen = tshark(file, 'frame.number', 'tcp.analysis.retransmission').filter(([, flag]) => flag !== '').map(([number]) => number)
    expect(seen).toEqual(['5'])
    expect(stdout.trim().split('\n').map((line) => line.split('\t')[0])).toEqual(seen)
    expect(stdout).toContain('5\ttcp.analysis.retransmission')
  })

  it('explains flows and packets in words and as objects, and leaves the findings as they are', () => {
    const file = fileOf('explain.pcap', pcapOf(framesOfLines(...lines, '10.0.0.2:80 > 10.0.0.3:5000 R. 0:0(0) ack 8 win 0')))
    const { code, stdout } = analyze(file, '--explain')
    expect(code).toBe(0)
    const text = stdout.trim().split('\n')
    expect(text).toContain('# tcp.stream 1: 10.0.0.3:5000 → 10.0.0.2:80')
    expect(text).toContain('- The server refused the connection. [No. 7]')
    expect(text).toContain('7\tconnection refused: It answers a SYN: nobody listens on that port, or a firewall says so. (RFC 9293 §3.10.7.1) [No. 6]')
    expect(analyze(file, '--explain', '--lang', 'ko').stdout).toContain('- 서버: 연결을 거부했습니다. [No. 7]')
    const objects = analyze(file, '--explain', '--json').stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(objects.map(({ frame, stream }) => frame ?? `stream ${stream as number}`)).toEqual(['stream 0', 'stream 1', 7])
    expect(objects[2]).toMatchObject({ insights: [{ name: 'resetRefused', severity: 'error', packets: [6] }] })
    expect(analyze(file, '--explain', '--filter', 'tcp.stream == 0').stdout).not.toContain('10.0.0.3')
    expect(analyze(file, '--filter', 'finding == "reset_refused"', '--fields', 'frame.number,finding').stdout).toBe('7\treset_refused\n')
    expect(analyze(file, '--findings', 'tsv').stdout).toBe('5\ttcp.analysis.retransmission\n')
  })

  it('counts the flows that tshark counts', () => {
    const file = fileOf('b.pcap', conversation)
    const streams = new Set(tshark(file, 'tcp.stream').map(([stream]) => stream))
    const lines = analyze(file, '--flows').stdout.trim().split('\n')
    expect(lines.filter((line) => !line.startsWith('#')).map((line) => line.split('\t')[2])).toEqual([...streams])
  })

  it('writes a pcapng file that others read', () => {
    const file = fileOf('c.pcap', conversation)
    const copy = path.join(folder, 'c.pcapng')
    expect(analyze(file, '-w', copy)).toMatchObject({ code: 0, stdout: '' })
    expect(tshark(copy, 'frame.number', 'frame.time_epoch', 'tcp.seq_raw')).toEqual(tshark(file, 'frame.number', 'frame.time_epoch', 'tcp.seq_raw'))
  })

  it('draws a stream as an SVG file, in both languages', () => {
    const file = fileOf('g.pcap', conversation)
    for (const kind of ['sequence', 'throughput', 'rtt', 'window']) {
      const svg = path.join(folder, `${kind}.svg`)
      expect(analyze(file, '--graph', '0', '--kind', kind, '--svg', svg)).toMatchObject({ code: 0, stdout: '', stderr: '' })
      expect(readFileSync(svg, 'utf8')).toMatch(/^<svg [^]*<title id="title">[^<]*TCP stream 0 · 10\.0\.0\.1:4000 → 10\.0\.0\.2:80<\/title>[^]*<\/svg>\n$/)
    }
    const svg = path.join(folder, 'ko.svg')
    analyze(file, '--graph', '0', '--svg', svg, '--lang', 'ko')
    expect(readFileSync(svg, 'utf8')).toContain('재전송</text>')
  })

  it('draws a stream as a PNG file, with words in a font of its own', () => {
    const file = fileOf('p.pcap', conversation)
    const [english, korean] = ['en', 'ko'].map((language) => {
      const png = path.join(folder, `${language}.png`)
      // What draws stands beside the program as it is shipped.
      expect(runProgram(path.resolve('out/main/tcplab.js'), ['analyze', file, '--graph', '0', '--png', png, '--lang', language])).toMatchObject({ status: 0, stdout: '', stderr: '' })
      return readFileSync(png)
    })
    for (const picture of [english, korean]) {
      expect(picture.toString('latin1', 1, 4)).toBe('PNG')
      expect(picture.readUInt32BE(16)).toBe(2000)
      expect(picture.length).toBeGreaterThan(20_000)
    }
    expect(english.equals(korean)).toBe(false)
  })

  it('says which streams there are when another one is asked for, and that a graph needs a file', () => {
    const file = fileOf('h.pcap', conversation)
    const svg = path.join(folder, 'none.svg')
    expect(analyze(file, '--graph', '2', '--svg', svg)).toMatchObject({ code: 2, stderr: expect.stringContaining('no TCP stream 2 in this file, which has 2') as string })
    expect(analyze(file, '--graph', '0')).toMatchObject({ code: 2, stderr: expect.stringContaining('--svg FILE') as string })
    expect(analyze(file, '--graph', '0', '--svg', path.join(folder, 'no', 'such.svg'))).toMatchObject({ code: 1, stderr: expect.stringContaining('such.svg') as string })
  })

  it('reads a cut file up to the cut, says where that is, and ends with 1', () => {
    const file = fileOf('cut.pcap', conversation.subarray(0, conversation.length - 10))
    const { code, stdout, stderr } = analyze(file)
    expect(code).toBe(1)
    expect(stdout).toContain('5 packets')
    expect(stderr).toContain(`byte ${conversation.length - 16 - 58}`)
  })

  it('finds the same connection as tshark in frames of every link type', () => {
    const [syn, , , data] = framesOfLines(...lines).map((frame) => frame.subarray(14))
    const files = linkTypeFrames(syn).map(({ linkType, frame }, i) => fileOf(`link-type-${i}.pcap`, pcapOf([frame, linkTypeFrames(data)[i].frame], linkType)))
    const all = path.join(folder, 'link-types.pcapng')
    execFileSync('mergecap', ['-a', '-w', all, ...files])
    expect(tshark(all, 'tcp.stream', 'tcp.srcport', 'tcp.len')).toEqual(files.flatMap(() => [['0', '4000', '0'], ['0', '4000', '10']]))
    const [, flow] = analyze(all, '--flows').stdout.split('\n')
    expect(flow.split('\t').slice(0, 4)).toEqual(['0', 'TCP', '0', '10.0.0.1:4000'])
    expect(flow.split('\t').slice(7, 11)).toEqual([String(2 * files.length), '0', String(10 * files.length), '0'])
  })

  it('reads every variant that editcap writes, and counts as capinfos does', () => {
    const file = fileOf('plain.pcap', conversation)
    for (const format of ['pcap', 'nsecpcap', 'modpcap', 'nokiapcap', 'rh6_1pcap', 'suse6_3pcap', 'pcapng']) {
      const variant = path.join(folder, format)
      execFileSync('editcap', ['-F', format, file, variant])
      const count = /(\d+)\s*$/.exec(execFileSync('capinfos', ['-cTrm', variant], { encoding: 'utf8' }))![1]
      const copy = path.join(folder, 'copy.pcapng')
      expect(analyze(variant, '-w', copy), format).toMatchObject({ code: 0 })
      const seen = tshark(copy, 'frame.number', 'frame.time_epoch', 'tcp.seq_raw')
      expect(seen.length, format).toBe(Number(count))
      expect(seen, format).toEqual(tshark(variant, 'frame.number', 'frame.time_epoch', 'tcp.seq_raw'))
    }
  }, 60_000)

  it('merges as mergecap does, and writes what editcap and tshark read', () => {
    const files = ['0', '1'].map((part) => fileOf(`part-${part}.pcap`, pcapOf(framesOfLines(...lines).filter((_, i) => String(i % 2) === part))))
    execFileSync('editcap', ['-F', 'nsecpcap', '-t', '0.0005', files[1], `${files[1]}.later`])
    files[1] = `${files[1]}.later`
    const [ours, theirs] = ['ours.pcapng', 'theirs.pcapng'].map((name) => path.join(folder, name))
    expect(run('merge', ...files, '-w', ours)).toMatchObject({ code: 0 })
    execFileSync('mergecap', ['-w', theirs, ...files])
    const fields = ['frame.time_epoch', 'ip.src', 'tcp.srcport', 'tcp.seq_raw']
    expect(tshark(ours, ...fields)).toEqual(tshark(theirs, ...fields))
    const back = path.join(folder, 'back.pcap')
    expect(analyze(ours, '-w', back)).toMatchObject({ code: 0 })
    expect(tshark(back, ...fields)).toEqual(tshark(theirs, ...fields))
  })

  it('writes findings as comments that tshark shows', () => {
    const target = path.join(folder, 'comments.pcapng')
    expect(analyze(fileOf('f.pcap', conversation), '-w', target, '--comments')).toMatchObject({ code: 0 })
    expect(tshark(target, 'frame.comment').map(([comment]) => comment)).toEqual(['', '', '', '', 'tcp.analysis.retransmission', ''])
  })

  it('finds packets by their comments as tshark does, and prints them', () => {
    const target = path.join(folder, 'found.pcapng')
    expect(analyze(fileOf('g.pcap', conversation), '-w', target, '--comments')).toMatchObject({ code: 0 })
    for (const filter of ['frame.comment', 'frame.comment contains "retrans"', 'frame.comment matches "RETRANS.*n$"', '!frame.comment']) {
      const theirs = execFileSync('tshark', ['-r', target, '-Y', filter, '-T', 'fields', '-e', 'frame.number', '-e', 'frame.comment'], { encoding: 'utf8' })
      expect(theirs, filter).not.toBe('')
      expect(analyze(target, '-Y', filter, '--fields', 'frame.number,frame.comment').stdout, filter).toBe(theirs)
    }
    expect(analyze(fileOf('g.pcap', conversation), '-Y', 'frame.comment', '--fields', 'frame.number').stdout).toBe('')
  })

  it('reads what gzip and zstd have packed, from a file and from a pipe', () => {
    const whole = analyze(fileOf('e.pcap', conversation)).stdout
    for (const [program, ...args] of [['gzip', '-9'], ['zstd', '-q', '-1'], ['zstd', '-q', '-19', '--no-check'], ['zstd', '-q', '--format=zstd', '--long=24']]) {
      const packed = execFileSync(program, [...args, '-c', path.join(folder, 'e.pcap')])
      expect(analyze(fileOf('packed', packed))).toEqual({ code: 0, stdout: whole, stderr: '' })
      const piped = spawnSync(process.execPath, [programFile, 'analyze', '-'], { input: packed, encoding: 'utf8', env: { ...process.env, LANG: 'C', LC_ALL: '' } })
      expect(piped.stdout).toBe(whole)
    }
  })

  it('says what is no capture file, and what is not there', () => {
    expect(analyze(fileOf('text', Buffer.from('no capture file at all, only words')))).toMatchObject({ code: 1, stdout: '' })
    expect(analyze(path.join(folder, 'nowhere')).stderr).toContain('does not exist')
    expect(analyze().code).toBe(2)
    expect(analyze(fileOf('d.pcap', conversation), '--findings', 'xml').stderr).toContain('tsv | json')
    expect(readFileSync(path.join(folder, 'd.pcap'))).toEqual(conversation)
  })
})
