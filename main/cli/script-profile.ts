import path from 'node:path'
import { readProfile } from '../../src/script/profile.ts'
import type { Profile } from '../../src/script/profile.ts'
import { profileNamed } from '../../src/script/settings.ts'
import { readTextFile } from '../files/text-file.ts'
import { UsageError } from './failure.ts'

/** A known profile, or one in a JSON file. @throws UsageError, FaultError fileNotFound, fileNotReadable */
export function profileNamedOrRead(name: string): Profile {
  const known = profileNamed(name)
  if (known !== null) return known
  if (!name.includes('.') && !name.includes('/')) throw new UsageError('badValue', { name: '--profile', value: name, expected: 'linux | freebsd | rfc | FILE.json' })
  const read = readProfile(path.basename(name), readTextFile(name))
  if ('member' in read) throw new UsageError('badValue', { name: '--profile', value: `${name}: ${read.member}`, expected: read.expected })
  return read
}
