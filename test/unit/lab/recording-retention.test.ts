import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RecordingLock } from '../../../main/lab/recording-lock.ts'
import { removeOldRecordings } from '../../../main/lab/recording-retention.ts'

const nowUs = 1_800_000_000e6
let folder = ''
beforeEach(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'retention-')) })
afterEach(() => { rmSync(folder, { recursive: true, force: true }) })

function recording(name: string, days: number, bytes = 10): string {
  const file = path.join(folder, name)
  writeFileSync(file, new Uint8Array(bytes))
  utimesSync(file, nowUs / 1e6 - days * 86_400, nowUs / 1e6 - days * 86_400)
  return file
}

describe('recordings the lab made by itself', () => {
  it('go when they are old, and nothing else does', () => {
    recording('tcplab-20260101-000000-eth0.pcapng', 31)
    recording('tcplab-20260102-000000-eth0.pcapng', 29)
    recording('mine.pcapng', 900)
    recording('tcplab-20260101-000000-eth0.txt', 900)
    expect(removeOldRecordings(folder, nowUs)).toEqual(['tcplab-20260101-000000-eth0.pcapng'])
    expect(readdirSync(folder)).toHaveLength(3)
  })

  it('go, oldest first, when they are too large together', () => {
    for (const day of [1, 2, 3, 4]) recording(`tcplab-2026010${day}-000000-eth0.pcapng`, day, 100)
    expect(removeOldRecordings(folder, nowUs, { days: 30, bytes: 250 })).toEqual(['tcplab-20260103-000000-eth0.pcapng', 'tcplab-20260104-000000-eth0.pcapng'])
  })

  it('stay while somebody records into them', () => {
    const file = recording('tcplab-20260101-000000-eth0.pcapng', 99)
    const lock = RecordingLock.take(file)
    expect(removeOldRecordings(folder, nowUs)).toEqual([])
    expect(existsSync(file)).toBe(true)
    if (lock instanceof RecordingLock) lock.release()
    expect(removeOldRecordings(folder, nowUs)).toHaveLength(1)
  })

  it('a folder that is not there holds none', () => {
    expect(removeOldRecordings(path.join(folder, 'nowhere'), nowUs)).toEqual([])
  })
})
