import type { Failure, PlayedEvent } from '../script/report.ts'
import type { Decision } from './host-contract.ts'

/** A script, or a file on the lab's machine that holds one. `profile`: linux, freebsd or rfc; what the script says unless said. */
export interface ScriptRequest { text?: string, path?: string, profile?: string }

export interface ScriptAnswer {
  text: string
  /** Never `pass` for what could not be run, or was stopped before its end. */
  result: 'pass' | 'fail' | 'unsupported' | 'stopped'
  failure: Failure | null
  /** What was not as the script says, and is not fatal by its own word. */
  warnings: readonly Failure[]
  /** The events that came true, in their order. */
  played: readonly PlayedEvent[]
  /** The last ones that the engine made; times from the script's begin. */
  decisions: Decision[]
  printed: readonly string[]
  virtualUs: number
  profile: string
}

/** How far a script has come that is being played: events that came true, and the script's own time. */
export interface ScriptProgress { played: number, virtualUs: number }

/**
 * A TCP flow as a script, for the stack of one of its ends: that of the lab host where it is one, else the client's.
 * `path`: write it to a file too. @throws fileExists unless `overwrite`
 */
export interface ScriptExportRequest { flow: number, side?: 'client' | 'server', path?: string, overwrite?: boolean }

/** The script, and what came of running it once. */
export interface ScriptExportAnswer extends ScriptAnswer {
  side: 'client' | 'server'
  /** Packets that it is made of. */
  packets: number
  /** Left out because they came in damaged. */
  damaged: number
  /** Whether the windows of expected packets are in it. */
  checksWindows: boolean
  /** Its system calls are those that were made; otherwise they are inferred from the packets. */
  hasCalls: boolean
}
