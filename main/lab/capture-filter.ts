import { FaultError, fault } from '../../src/base/fault.ts'
import { bpfWords } from '../../src/link/bpf.ts'
import type { LinkKind } from '../../src/link/link.ts'
import { compileFilter } from '../link/interfaces.ts'

/** A capture filter in pcap-filter syntax with its program for `runBpf`; no program where it is empty, and where nobody here can compile it. */
export interface CaptureFilter {
  readonly expression: string
  readonly instructions: number
  readonly program: Uint32Array | null
}

export const noFilter: CaptureFilter = { expression: '', instructions: 0, program: null }

/** @throws FaultError `badFilter` */
export function compileCaptureFilter(expression: string, linkType: number, snapLength: number): CaptureFilter {
  const uncompiled: CaptureFilter = { expression, instructions: 0, program: null }
  if (expression.trim() === '') return uncompiled
  let compiled: Uint32Array | string
  try {
    compiled = compileFilter(expression, linkType, snapLength)
  } catch (error) {
    // Without the binding nobody here can tell; the link has its own compiler.
    if (error instanceof FaultError && error.fault.code === 'captureUnavailable') return uncompiled
    throw error
  }
  if (typeof compiled === 'string') throw new FaultError(fault('badFilter', { expression, message: compiled }))
  return { expression, instructions: compiled.length / bpfWords, program: compiled }
}

/** Simulated links have no filter of their own. */
export function cannotFilter(kind: LinkKind): boolean {
  return kind === 'virtual' || kind === 'memory'
}
