import { synOptionNames } from '../../tcp/config.ts'
import type { TcpConfig } from '../../tcp/config.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import type { Profile } from '../profile.ts'
import type { ScriptReport } from '../report.ts'
import { scriptSteps } from '../run-script.ts'
import { inferCalls } from './infer-calls.ts'
import type { ReadHabit } from './infer-calls.ts'
import type { RecordedSegment, Recording } from './recording.ts'
import { scriptText } from './script-text.ts'

export interface ExportOptions {
  readonly comments: readonly string[]
  readonly profile: Profile
  /** The recording is of our own engine, with the configuration of the profile: times, calls and windows are its own. */
  readonly isExact?: boolean
  /** The profile is the sender's own: nothing of it is read from the packets. */
  readonly isKnown?: boolean
  /** Of the link; by the MSS that was offered unless said. */
  readonly mtu?: number
}

export interface ExportedScript {
  readonly text: string
  /** What came of running it once. */
  readonly report: ScriptReport
  /** Expected windows are written. Where the script passes only without, they are not. */
  readonly checksWindows: boolean
  /** Segments that came in damaged, and are left out since the stack dropped them. */
  readonly damaged: number
}

/** What the tool allows by itself. */
const toolToleranceUs = 4000
const busyToleranceUs = 150_000

/**
 * Writes a recording as a script and runs it. Of the ways to read the recording that differ in what cannot be seen (when the program read, how large its
 * buffers were) the first that passes is taken, else the one that comes furthest. Null where there is no SYN: a script begins with the handshake.
 */
export function exportScript(recording: Recording, options: ExportOptions): ExportedScript | null {
  const steps = exportSteps(recording, options)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** The same in steps, as {@link scriptSteps}. */
export function* exportSteps(recording: Recording, options: ExportOptions): Generator<unknown, ExportedScript | null> {
  const segments = recording.events.filter((event) => event.kind === 'segment')
  if (!segments.some(({ flags }) => (flags & TcpFlag.syn) !== 0)) return null
  const isExact = options.isExact ?? false
  const profile = isExact || options.isKnown === true ? options.profile : tuned(options.profile, segments)
  const mtu = options.mtu ?? mtuOf(recording, segments)
  const damaged = segments.filter(({ direction, isDamaged }) => direction === 'in' && isDamaged).length
  let best: ExportedScript | null = null
  for (const { toleranceUs, checksWindows, habit } of waysToRead(isExact, options.isKnown === true)) {
    const text = scriptText(inferCalls(recording, habit), { comments: options.comments, profile, mtu, isExact, toleranceUs, checksWindows })
    const report = yield* scriptSteps(text)
    if (best === null || furthest(report) > furthest(best.report)) best = { text, report, checksWindows, damaged }
    if (report.result === 'pass') return best
  }
  return best
}

interface WayToRead { readonly toleranceUs: number, readonly checksWindows: boolean, readonly habit: ReadHabit }

/** The strictest first. A host of ours is driven by a program, which a busy machine lets wait. */
function waysToRead(isExact: boolean, isOurs: boolean): WayToRead[] {
  const ways: WayToRead[] = []
  for (const toleranceUs of isOurs ? [toolToleranceUs, busyToleranceUs] : [toolToleranceUs]) {
    for (const checksWindows of isExact ? [true] : [true, false]) {
      for (const habit of ['atOnce', 'whenWindowOpens'] as const) ways.push({ toleranceUs, checksWindows, habit })
    }
  }
  return ways
}

function furthest({ result, failure }: ScriptReport): number {
  return result === 'pass' ? Infinity : failure?.where.line ?? 0
}

/** What the stack under test shows of its settings: with its first SYN, and in how it begins to acknowledge. */
function tuned(profile: Profile, segments: readonly RecordedSegment[]): Profile {
  const own = firstSyn(segments, 'out')
  if (own === undefined) return profile
  const peer = firstSyn(segments, 'in')
  const has = (segment: RecordedSegment | undefined, name: string) => segment?.options.some((option) => option.name === name) ?? false
  const shift = own.options.find((option) => option.name === 'wscale')?.shift
  const isAnswer = (own.flags & TcpFlag.ack) !== 0
  // An answer leaves out what was not offered: that says nothing.
  const knob = (name: 'ts' | 'sackOK' | 'wscale') => isAnswer && !has(peer, name) ? undefined : has(own, name)
  const changes: { [K in keyof TcpConfig]?: TcpConfig[K] | undefined } = {
    timestamps: knob('ts'), sackPermitted: knob('sackOK'), windowScaling: knob('wscale'), ...shift === undefined ? {} : { windowShift: shift },
    receiveBufferBytes: own.window > 0 ? own.window : undefined, synOptionOrder: orderOf(own),
    quickAckSegments: Math.min(profile.tcp.quickAckSegments, answeredAtOnce(segments)),
    ecn: isAnswer ? undefined : (own.flags & TcpFlag.ece) !== 0 ? 'on' : 'passive',
  }
  const tcp = Object.fromEntries(Object.entries(changes).filter(([name, value]) => value !== undefined && value !== profile.tcp[name as keyof TcpConfig]))
  return { ...profile, tcp: { ...profile.tcp, ...tcp } }
}

/** Segments with data, from the first on, of which each drew an ACK of its own before anything else happened. */
function answeredAtOnce(segments: readonly RecordedSegment[]): number {
  let count = 0
  for (const [i, { direction, length }] of segments.entries()) {
    if (direction === 'out' || length === 0) continue
    const next = segments.at(i + 1)
    if (next === undefined || next.direction === 'in' || next.length > 0) return count
    count++
  }
  return count
}

/** The options of a SYN in their order, where all are there that the order is about. */
function orderOf({ options }: RecordedSegment): string | undefined {
  const shown = options.map(({ name }) => name === 'ts' ? 'TS' : name).filter((name) => (synOptionNames as readonly string[]).includes(name))
  return shown.length === synOptionNames.length ? shown.join() : undefined
}

function mtuOf({ ipVersion }: Recording, segments: readonly RecordedSegment[]): number {
  const mss = firstSyn(segments, 'out')?.options.find((option) => option.name === 'mss')?.mss
  return mss === undefined ? 1500 : Math.max(ipVersion === 4 ? 68 : 1280, mss + (ipVersion === 4 ? 40 : 60))
}

function firstSyn(segments: readonly RecordedSegment[], of: 'in' | 'out'): RecordedSegment | undefined {
  return segments.find(({ direction, flags }) => direction === of && (flags & TcpFlag.syn) !== 0)
}
