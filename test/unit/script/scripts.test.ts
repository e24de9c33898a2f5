import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { joinParts } from '../../../src/script/packet-text.ts'
import type { PacketParts } from '../../../src/script/packet-text.ts'
import { runScript } from '../../../src/script/run-script.ts'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const folder = path.join(root, 'scripts')
const requirements = new Set(readFileSync(path.join(root, 'requirements/tcp.tsv'), 'utf8').split('\n').map((row) => row.split('\t')[0]))
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.name.endsWith('.pkt')).map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name))).toSorted((a, b) => a < b ? -1 : 1)

describe('our own scripts', () => {
  it('are enough to walk every state', () => {
    expect(files.length).toBeGreaterThanOrEqual(150)
  })

  it.each(files)('%s', (file) => {
    const text = readFileSync(path.join(folder, file), 'utf8')
    const report = runScript(text)
    const { failure } = report
    const lineOf = (parts: PacketParts | null) => parts && joinParts(parts)
    const told = failure && { line: failure.where.line, code: failure.code, params: failure.params, expected: lineOf(failure.expected), actual: lineOf(failure.actual) }
    expect(told).toBe(null)
    expect(report.result).toBe('pass')
  })

  it.each(files)('%s says what it is about', (file) => {
    const [intent, ids, profile] = readFileSync(path.join(folder, file), 'utf8').split('\n')
    expect(intent).toMatch(/^\/\/ [A-Za-z].*\.$/)
    expect(profile).toMatch(/^\/\/ profile (?:rfc|linux|freebsd)$/)
    const named = [...ids.matchAll(/\[([^\]]+)\]/g)].map(([, id]) => id)
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((id) => !requirements.has(id))).toEqual([])
  })
})
