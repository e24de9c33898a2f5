import { writeFileSync } from 'node:fs'
import { fault, FaultError } from '../../src/base/fault.ts'

/** Writes a file, over one that is there. @throws FaultError fileNotWritable, diskFull */
export function writeWhole(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new FaultError(reason === 'ENOSPC' || reason === 'EDQUOT' ? fault('diskFull', { path, reason }) : fault('fileNotWritable', { path, reason, lost: 0 }))
  }
}
