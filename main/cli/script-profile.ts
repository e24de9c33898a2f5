import { readFileSync } from 'node:fs'
import path from 'node:path'
import { FaultError, fault } from '../../src/base/fault.ts'
import { readProfile } from '../../src/script/profile.ts'
import type { Profile } from '../../src/script/profile.ts'
import { profileNamed } from '../../src/script/settings.ts'
import { UsageError } from './failure.ts'

/** A known profile, or one in a JSON file. @throws UsageError, FaultError fileNotFound, fileNotReadable */
export function profileNamedOrRead(name: string): Profile {
  const known = profileNamed(name)
  if (known !== null) return known
  if (!name.includes('.') && !name.includes('/')) throw new UsageError('badValue', { name: '--profile', value: name, expected: 'linux | freebsd | rfc | FILE.json' })
  const read = readProfile(path.basename(name), readScript(name))
  if ('member' in read) throw new UsageError('badValue', { name: '--profile', value: `${name}: ${read.member}`, expected: read.expected })
  return read
}

/** @throws FaultError fileNotFound, fileNotReadable */
export function readScript(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new FaultError(code === 'ENOENT' ? fault('fileNotFound', { path: file }) : fault('fileNotReadable', { path: file, reason: code ?? String(error) }))
  }
}
