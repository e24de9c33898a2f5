import { openSync } from 'node:fs'
import { fault, FaultError } from '../../src/base/fault.ts'

/** @throws FaultError fileNotFound, fileNotReadable */
export function openForReading(filePath: string): number {
  try {
    return openSync(filePath, 'r')
  } catch (error) {
    throw notReadable(filePath, error)
  }
}

export function notReadable(filePath: string, error: unknown): FaultError {
  const reason = (error as NodeJS.ErrnoException).code ?? String(error)
  return new FaultError(reason === 'ENOENT' ? fault('fileNotFound', { path: filePath }) : fault('fileNotReadable', { path: filePath, reason }), { cause: error })
}
