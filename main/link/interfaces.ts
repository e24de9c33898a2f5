import { FaultError } from '../../src/base/fault.ts'
import { faultOf, firstLine, loadNative } from './native.ts'
import type { NativeInterface } from './native.ts'

export type InterfaceInfo = NativeInterface

/**
 * The network interfaces of this machine, in libpcap's order (those that are up and running first).
 * @throws FaultError `captureUnavailable`
 */
export function listInterfaces(): InterfaceInfo[] {
  const native = loadNative()
  try {
    return native.interfaces()
  } catch (error) {
    throw new FaultError(faultOf(error, { reason: firstLine(error) }), { cause: error })
  }
}

/**
 * Compiles a capture filter without opening anything.
 * @returns the program for `runBpf`, four words an instruction, or the compiler's words
 * @throws FaultError `captureUnavailable`
 */
export function compileFilter(expression: string, linkType = 1, snapLength = 262_144): Uint32Array | string {
  return loadNative().compileFilter(expression, linkType, snapLength)
}

/** As {@link compileFilter}; null where the binding is not there, so that nobody here can tell. */
export function compileFilterIfPossible(expression: string, linkType: number, snapLength: number): Uint32Array | string | null {
  try {
    return compileFilter(expression, linkType, snapLength)
  } catch (error) {
    if (error instanceof FaultError && error.fault.code === 'captureUnavailable') return null
    throw error
  }
}

/** Six bytes of `aa:bb:cc:dd:ee:ff`. */
export function macBytes(text: string): Uint8Array {
  return Uint8Array.from(text.split(':'), (part) => parseInt(part, 16))
}
