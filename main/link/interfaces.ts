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

/** Six bytes of `aa:bb:cc:dd:ee:ff`. */
export function macBytes(text: string): Uint8Array {
  return Uint8Array.from(text.split(':'), (part) => parseInt(part, 16))
}
