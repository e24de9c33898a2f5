import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'
import { FaultError, fault } from '../../src/base/fault.ts'
import { firstLine } from './native.ts'

/** What we use of the npm package `cap` 0.2.1. */
export interface CapModule {
  readonly Cap: {
    new(): CapHandle
    deviceList(): CapDevice[]
  }
}

export interface CapHandle {
  /** @returns the link type as a word */
  open(device: string, filter: string, bufferBytes: number, buffer: Buffer): string
  on(event: 'packet', listener: (length: number, truncated: boolean) => void): void
  removeAllListeners(): void
  send(frame: Buffer, length: number): void
  close(): boolean
}

export interface CapDevice {
  readonly name: string
  readonly description?: string
  readonly addresses: readonly { readonly addr?: string }[]
}

/** @throws FaultError `captureUnavailable` */
export function loadCap(): CapModule {
  // It drives the process's default event loop and cannot be loaded twice.
  if (!isMainThread) throw new FaultError(fault('captureUnavailable', { reason: 'the npm package cap works only in the main thread of a process' }))
  try {
    return createRequire(import.meta.url)('cap') as CapModule
  } catch (error) {
    throw new FaultError(fault('captureUnavailable', { reason: `the npm package cap cannot be loaded: ${firstLine(error)}` }), { cause: error })
  }
}

/**
 * Every handle and its buffer, for the life of the process. `cap` keeps no reference to the buffer it writes into, leaves its poll
 * handle in the event loop's list after `close`, and stops one that was never started when a failed `open` is collected: each
 * of the three is a use of freed memory as soon as the garbage collector comes by. A closed handle is some hundred bytes.
 */
const kept: { handle: CapHandle, buffer: Buffer }[] = []

/** Longest frame: the largest IPv4 packet, an Ethernet header and two VLAN tags. */
export const longestFrame = 65_535 + 22

export function openHandle(module: CapModule, device: string, filter: string, bufferBytes: number): { handle: CapHandle, buffer: Buffer, linkType: string } {
  const handle = new module.Cap()
  const buffer = Buffer.alloc(longestFrame)
  kept.push({ handle, buffer })
  return { handle, buffer, linkType: handle.open(device, filter, bufferBytes, buffer) }
}
