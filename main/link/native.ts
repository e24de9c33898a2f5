import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { FaultError, fault, faultCodes } from '../../src/base/fault.ts'
import type { Fault, FaultCode } from '../../src/base/fault.ts'

/** What the addon in `main/link/native` exports. It throws errors whose `code` is a fault code. */
export interface Native {
  /** libpcap's own line about itself. */
  libraryVersion(): string
  interfaces(): NativeInterface[]
  /** @returns the BPF program, four words an instruction (code, jt, jf, k), or the compiler's words */
  compileFilter(expression: string, linkType: number, snapLength: number): Uint32Array | string
  /**
   * Opens an interface and starts its capture thread.
   * @param ring its size is a power of two from 64 KiB to 2 GiB; layout in native/src/capture.h
   * @param control at least {@link controlWords} words
   * @param wake called at most once a millisecond when frames wait and the reader sleeps, when frames can be taken again after some were not, and
   *   once with a reason when the capture ends by itself
   */
  open(options: NativeOpenOptions, ring: Uint8Array, control: Int32Array, wake: (closedReason: string | null) => void): NativeOpened
  /** @returns null, or the compiler's words */
  setFilter(handle: NativeHandle, expression: string): string | null
  /** Fills the counters in the order received, dropped by kernel, by interface, by ring, truncated, sent, failed. */
  statistics(handle: NativeHandle, into: Float64Array): void
  /** Frames leave in order; many are sent by a thread of their own, which counts later what was refused. @returns frames taken from the front */
  inject(handle: NativeHandle, bytes: Uint8Array, offsets: Uint32Array, lengths: Uint32Array, count: number): number
  close(handle: NativeHandle): void
}

export interface NativeInterface {
  readonly name: string
  readonly description: string
  /** `address/prefix length`, IPv4 and IPv6. */
  readonly addresses: readonly string[]
  /** Colon form, or null where it has none. */
  readonly mac: string | null
  /** Largest IP packet in bytes; 0 where unknown. */
  readonly mtu: number
  readonly up: boolean
  readonly running: boolean
  readonly loopback: boolean
  readonly wireless: boolean
  /** Whether this user may capture on it. */
  readonly mayOpen: boolean
}

export interface NativeOpenOptions {
  readonly name: string
  readonly filter: string
  readonly snapLength: number
  readonly bufferBytes: number
  readonly timeoutMs: number
  readonly promiscuous: boolean
  readonly immediate: boolean
  readonly seeSent: boolean
  readonly inject: boolean
  readonly mac: Uint8Array | null
}

declare const handleBrand: unique symbol
export interface NativeHandle { readonly [handleBrand]: true }

export interface NativeOpened {
  readonly handle: NativeHandle
  readonly linkType: number
  readonly snapLength: number
  readonly nanoseconds: boolean
  readonly mayInject: boolean
  readonly reportsDirection: boolean
}

/** Words of the control block and where the three that are used lie; each on its own cache line. */
export const controlWords = 48
export const controlHead = 0
export const controlTail = 16
export const controlWaiting = 32

let native: Native | null = null

/**
 * Loads the addon once a thread.
 * @throws FaultError `captureUnavailable` when it was not built, or when libpcap (Npcap) is not installed
 */
export function loadNative(): Native {
  if (native !== null) return native
  const root = packageRoot()
  const require = createRequire(path.join(root, 'package.json'))
  try {
    const load = require('node-gyp-build') as (folder: string) => Native
    const loaded = load(path.join(unpacked(root), 'main/link/native'))
    loaded.libraryVersion()
    native = loaded
    return loaded
  } catch (error) {
    throw new FaultError(fault('captureUnavailable', { reason: firstLine(error) }), { cause: error })
  }
}

/** The fault that an error of the addon stands for. */
export function faultOf(error: unknown, params: Fault['params']): Fault {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code === 'string' && (faultCodes as readonly string[]).includes(code)) return fault(code as FaultCode, params)
  return fault('internal', { ...params, message: firstLine(error) })
}

export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]
}

/** The folder with our package.json: the same from the sources, from a bundle in `out`, and inside app.asar. */
function packageRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url))
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder)
    if (parent === folder) throw new FaultError(fault('captureUnavailable', { reason: 'package.json was not found above the program' }))
    folder = parent
  }
  return folder
}

/** A library cannot be loaded out of the archive: the packager leaves it beside. */
function unpacked(root: string): string {
  return root.replace(/app\.asar$/, 'app.asar.unpacked')
}
