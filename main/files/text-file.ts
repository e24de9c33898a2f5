import { readFileSync, statSync } from 'node:fs'
import { FaultError, fault } from '../../src/base/fault.ts'

/** @throws FaultError fileNotFound, fileNotReadable (also where it is longer than `most` bytes) */
export function readTextFile(path: string, most = Infinity): string {
  try {
    if (statSync(path).size > most) throw new FaultError(fault('fileNotReadable', { path, reason: `> ${most} B` }))
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof FaultError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new FaultError(code === 'ENOENT' ? fault('fileNotFound', { path }) : fault('fileNotReadable', { path, reason: code ?? String(error) }))
  }
}
