import { FaultError, fault } from '../../src/base/fault.ts'
import { bpfWords } from '../../src/link/bpf.ts'
import type { LinkKind } from '../../src/link/link.ts'
import { compileFilterIfPossible } from '../link/interfaces.ts'

/** A capture filter in pcap-filter syntax with its program for `runBpf`; no program where it is empty, and where nobody here can compile it. */
export interface CaptureFilter {
  readonly expression: string
  readonly instructions: number
  readonly program: Uint32Array | null
}

export const noFilter: CaptureFilter = { expression: '', instructions: 0, program: null }

/** @throws FaultError `badFilter` */
export function compileCaptureFilter(expression: string, linkType: number, snapLength: number): CaptureFilter {
  const compiled = expression.trim() === '' ? null : compileFilterIfPossible(expression, linkType, snapLength)
  if (compiled === null) return { expression, instructions: 0, program: null }
  if (typeof compiled === 'string') throw new FaultError(fault('badFilter', { expression, message: compiled }))
  return { expression, instructions: compiled.length / bpfWords, program: compiled }
}

/** Simulated links have no filter of their own. */
export function cannotFilter(kind: LinkKind): boolean {
  return kind === 'virtual' || kind === 'memory'
}
