import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Recorder } from '../../main/lab/recorder.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { LinkInfo } from '../../src/link/link.ts'
import { buildProgram } from '../support/program.ts'
import { pause } from '../support/link-frames.ts'

const info: LinkInfo = {
  kind: 'nic', name: 'lab-veth7', description: '시험 케이블', linkType: 1, mtu: 1500, snapLength: 65_535, mac: Uint8Array.of(2, 0, 0, 0, 0, 7), addresses: [], mayInject: true,
  timestamps: 'kernel', timestampUnit: 'ns', reportsDirection: true, unknownCounters: [],
}
const startSec = 1_790_000_000
const hasTshark = spawnSync('tshark', ['--version']).status === 0

let folder: string
beforeAll(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'recorder-interop-')) })
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

function tshark(file: string, fields: readonly string[]): { rows: string[][], stderr: string, status: number | null } {
  const { stdout, stderr, status } = spawnSync('tshark', ['-n', '-r', file, '-T', 'fields', '-E', 'separator=;', ...fields.flatMap((field) => ['-e', field])], { encoding: 'utf8', maxBuffer: 1e8 })
  return { rows: stdout.split('\n').filter(Boolean).map((line) => line.split(';')), stderr, status }
}

/** What tshark has to complain about a file; its warning about root is none. */
function complaints(stderr: string): string {
  return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user')).join('\n')
}

function batchOf(count: number, first: number): FrameBatch {
  const length = 60 + (first % 40)
  const batch = new FrameBatch(count, new Uint8Array(count * 100))
  for (let i = 0; i < count; i++) batch.add(i * 100, length, length + (i % 3) * 500, startSec + first, i * 1001 + 7, i % 3 as 0 | 1 | 2)
  return batch
}

describe.skipIf(!hasTshark)('a recording in tshark (needs tshark)', () => {
  it('agrees in number, nanoseconds, lengths, direction and interface', () => {
    const recorder = Recorder.open({ path: path.join(folder, 'agree.pcapng'), info, filter: 'tcp or arp', application: 'TCP Lab', nowUs: startSec * 1e6 })
    const expected: string[][] = []
    for (let turn = 0; turn < 30; turn++) {
      const batch = batchOf(100, turn)
      recorder.record(batch)
      for (let i = 0; i < 100; i++) {
        const time = `${startSec + turn}.${String(i * 1001 + 7).padStart(9, '0')}`
        expected.push([time, String(batch.capturedLength[i]), String(batch.originalLength[i]), String(i % 3), 'lab-veth7', '시험 케이블'])
      }
    }
    recorder.noteStatistics({ ...emptyStatistics(), received: 3000, droppedByKernel: 12 })
    recorder.close((startSec + 40) * 1e6)
    const { rows, stderr, status } = tshark(recorder.path, ['frame.time_epoch', 'frame.cap_len', 'frame.len', 'frame.packet_flags_direction', 'frame.interface_name', 'frame.interface_description'])
    expect(status).toBe(0)
    expect(complaints(stderr)).toBe('')
    // Directions are printed in hex.
    expect(rows.map((row) => row.with(3, String(Number(row[3]))))).toEqual(expected)
    const { stdout } = spawnSync('capinfos', [recorder.path], { encoding: 'utf8' })
    expect(stdout).toMatch(/Time precision = nanoseconds \(9\)/)
    expect(stdout).toMatch(/Filter string = tcp or arp/)
    expect(stdout).toMatch(/Number of stat entries = 1/)
    recorder.dispose()
  })

  it('opens while it is being written, and a saved copy opens', () => {
    const recorder = Recorder.open({ path: path.join(folder, 'live.pcapng'), info, application: 'TCP Lab', nowUs: 0 })
    recorder.record(batchOf(50, 1))
    recorder.flush(0)
    recorder.record(batchOf(50, 2))
    expect(tshark(recorder.path, ['frame.number']).rows).toHaveLength(50)
    const copy = path.join(folder, 'copy.pcapng')
    recorder.copyTo(copy)
    const { rows, stderr } = tshark(copy, ['frame.number'])
    expect(rows).toHaveLength(100)
    expect(complaints(stderr)).toBe('')
    recorder.dispose()
  })

  it('of a lab that is killed has lost at most a second', async () => {
    const program = await buildProgram('test/interop/programs/record-until-killed.ts')
    const file = path.join(folder, 'killed.pcapng')
    const child = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (data: Buffer) => { said += data.toString() })
    const ended = new Promise<NodeJS.Signals | null>((resolve) => { child.on('exit', (_, signal) => { resolve(signal) }) })
    while (!said.includes('\n')) await pause(20)
    await pause(2300)
    const second = Recorder.open({ path: file, info, application: 'TCP Lab', nowUs: 0, existing: 'overwrite' })
    expect(second.notice).toEqual({ code: 'fileInUse', params: { path: file, pid: child.pid, fresh: path.join(folder, 'killed-2.pcapng') } })
    second.dispose()
    child.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')
    rmSync(path.dirname(program), { recursive: true, force: true })

    const turns = said.split('\n').slice(0, -1).map((line) => line.split(' ').map(Number))
    const [lastFrames, lastMs] = turns.at(-1)!
    const [secondAgo] = turns.findLast(([, ms]) => ms <= lastMs - 1000)!
    const { rows, stderr, status } = tshark(file, ['frame.number'])
    expect(status).toBe(0)
    expect(complaints(stderr)).toBe('')
    expect(rows.length).toBeGreaterThanOrEqual(secondAgo)
    expect(rows.length).toBeLessThanOrEqual(lastFrames + 25)
    expect(secondAgo).toBeGreaterThan(100)

    // The dead lab's lock keeps nobody from the file.
    const next = Recorder.open({ path: file, info, application: 'TCP Lab', nowUs: 0, existing: 'overwrite' })
    expect(next.notice).toBeNull()
    expect(next.path).toBe(file)
    next.dispose()
  })

  it('on a disk that fills up keeps what it has, goes on when there is room, and opens at each moment', ({ skip }) => {
    const disk = path.join(folder, 'disk')
    mkdirSync(disk)
    if (process.getuid?.() !== 0) skip('needs root to mount a small file system')
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', disk], { encoding: 'utf8' })
    if (mounted.status !== 0) skip(`needs a small file system to fill: ${mounted.stderr.trim()}`)
    try {
      const ballast = path.join(disk, 'ballast')
      writeFileSync(ballast, new Uint8Array(300 * 1024))
      const recorder = Recorder.open({ path: path.join(disk, 'full.pcapng'), info, application: 'TCP Lab', nowUs: 0 })
      const offsets: number[] = []
      for (let turn = 0; turn < 40; turn++) {
        offsets.push(...recorder.record(batchOf(100, turn)).slice(0, 100))
        recorder.flush(turn)
      }
      expect(recorder.fault).toMatchObject({ code: 'diskFull', params: { path: recorder.path, reason: 'ENOSPC', lost: 0 } })
      expect(recorder.frames).toBe(4000)
      const full = tshark(recorder.path, ['frame.number'])
      expect(complaints(full.stderr)).toBe('')
      expect(full.rows.length).toBeGreaterThan(500)
      expect(full.rows.length).toBeLessThan(4000)
      for (const offset of [offsets[0], offsets[2000], offsets[3999]]) expect(recorder.readBytes(offset, 60)).toHaveLength(60)
      expect(recorder.copyTo(path.join(folder, 'rescued.pcapng')).frames).toBe(4000)
      expect(tshark(path.join(folder, 'rescued.pcapng'), ['frame.number']).rows).toHaveLength(4000)

      spawnSync('mount', ['-o', 'remount,size=4m', disk])
      rmSync(ballast)
      expect(recorder.flush(50)).toBe(true)
      expect(recorder.fault).toBeNull()
      recorder.close(60)
      const whole = tshark(recorder.path, ['frame.number'])
      expect(whole.rows).toHaveLength(4000)
      expect(complaints(whole.stderr)).toBe('')
      recorder.dispose()
    } finally {
      spawnSync('umount', ['-l', disk])
    }
    expect(existsSync(path.join(disk, 'full.pcapng'))).toBe(false)
  })
})
