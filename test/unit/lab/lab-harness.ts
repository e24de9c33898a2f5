import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, expect } from 'vitest'
import { openShellDoor } from '../../../main/lab/shell-door.ts'
import { Lab } from '../../../main/lab/lab.ts'
import type { LabOptions } from '../../../main/lab/lab.ts'
import { FaultError } from '../../../src/base/fault.ts'
import { callNames } from '../../../src/rpc/contract.ts'
import type { LabClient, LabUpdate } from '../../../src/rpc/contract.ts'

export interface TestLab {
  lab: Lab
  client: LabClient
  updates: LabUpdate[]
  errors: unknown[]
  call(name: string, args: unknown[]): ReturnType<ReturnType<typeof openShellDoor>['call']>
  /** Waits until an update satisfies; the latest first. */
  until<T>(probe: () => T | null | undefined | false, what: string, withinMs?: number): Promise<T>
  stop(): Promise<void>
}

/** A lab core in this process, asked through the same door as every shell. */
export function startTestLab(options: Partial<LabOptions> = {}): TestLab {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-lab-'))
  const errors: unknown[] = []
  const updates: LabUpdate[] = []
  const lab = new Lab({ version: '0.0.0', recordingFolder: folder, electron: false, defaultLink: { kind: 'virtual' }, onError: (error) => errors.push(error), ...options })
  const door = openShellDoor(lab, (update) => updates.push(structuredClone(update)))
  const ask = async (name: string, args: unknown[]): Promise<unknown> => {
    const outcome = await door.call(name, structuredClone(args))
    if (!outcome.ok) throw new FaultError(outcome.fault)
    return structuredClone(outcome.value)
  }
  return {
    lab, updates, errors,
    client: Object.fromEntries(callNames.map((name) => [name, (...args: unknown[]) => ask(name, args)])) as unknown as LabClient,
    call: (name, args) => door.call(name, args),
    async until(probe, what, withinMs = 5000) {
      const end = performance.now() + withinMs
      for (;;) {
        const found = probe()
        if (found) return found
        if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}; errors: ${errors.map(String).join('; ')}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    async stop() {
      door.close()
      await lab.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** For a file of tests with a lab each: starts it; behind the test it is stopped, and has met no error. */
export function startsLabOfTest(): typeof startTestLab {
  let running: TestLab | null = null
  afterEach(async () => {
    const lab = running
    running = null
    await lab?.stop()
    expect(lab?.errors ?? []).toEqual([])
  })
  return (options) => running = startTestLab(options)
}
