import type { Defines } from '../../src/script/preprocess.ts'
import type { Profile } from '../../src/script/profile.ts'
import type { ScriptReport } from '../../src/script/report.ts'
import { runScript } from '../../src/script/run-script.ts'
import type { ToolOptions } from '../../src/script/settings.ts'

export interface ScriptFrame { readonly frame: Uint8Array, readonly direction: 'sent' | 'received', readonly nowUs: number }

/** What all scripts of a run have in common. Survives structured clone. */
export interface ScriptRules {
  /** Null: the one that each script names. */
  readonly profile: Profile | null
  readonly defines: Defines
  readonly tool: ToolOptions
  readonly keepsFrames: boolean
}

export interface ScriptOutcome { readonly report: ScriptReport, readonly frames: readonly ScriptFrame[], readonly ms: number }

/** One script against the engine, with the time that it took. */
export function runJob(text: string, { profile, defines, tool, keepsFrames }: ScriptRules): ScriptOutcome {
  const frames: ScriptFrame[] = []
  const beganMs = performance.now()
  const report = runScript(text, {
    defines, tool, ...profile === null ? {} : { profile }, ...keepsFrames ? { tap: (frame, direction, nowUs) => { frames.push({ frame: frame.slice(), direction, nowUs }) } } : {},
  })
  return { report, frames, ms: performance.now() - beganMs }
}
