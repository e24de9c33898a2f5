import { Random } from '../base/random.ts'
import { Host } from '../stack/host.ts'
import type { HostConfig } from '../stack/host-config.ts'
import { DecisionCounts } from './counters.ts'
import { DecisionNotes } from './decision-notes.ts'
import { EngineUnderTest } from './engine-under-test.ts'
import { LabWire } from './lab-wire.ts'
import type { FrameTap } from './lab-wire.ts'
import { parseScript } from './parse.ts'
import type { Defines } from './preprocess.ts'
import { ScriptProblem } from './problem.ts'
import type { Profile } from './profile.ts'
import type { Failure, PlayedEvent, ScriptReport } from './report.ts'
import { Runner } from './runner.ts'
import type { Script } from './script.ts'
import { profileOf, settingsOf } from './settings.ts'
import type { Settings, ToolOptions } from './settings.ts'
import { UdpTunnels } from './udp-tunnel.ts'

export interface RunOptions {
  /** The one that the script names, or its commands point to, unless said. */
  readonly profile?: Profile
  readonly defines?: Defines
  /** Options of the tool, before the script's own. */
  readonly tool?: ToolOptions
  /** Sees every IP packet as an Ethernet frame; times from the script's begin. */
  readonly tap?: FrameTap
  /** Decisions of the engine that the report keeps; a dozen, and those of failures only, unless said. */
  readonly decisions?: number
}

/** Time in which the host takes its addresses (duplicate address detection lasts a second) before the script begins. */
const preparationUs = 10_000_000
const hostMac = Uint8Array.of(0x02, 0x54, 0, 0, 0, 1)

/** How far a script has come; alive while it is played. */
export interface ScriptProgress {
  /** Events that came true, in their order. */
  readonly played: readonly PlayedEvent[]
  /** In the script's own time. */
  readonly virtualUs: number
}

/** How often the host is woken before whoever plays a script in steps gets a turn: some milliseconds of work. */
const roundsAtOnce = 64

/** Reads and runs a script against the engine in virtual time. The same text gives the same report. */
export function runScript(text: string, options: RunOptions = {}): ScriptReport {
  const steps = scriptSteps(text, options)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** The same in steps, for who has something else to do meanwhile, or may not want to know any more. */
export function* scriptSteps(text: string, options: RunOptions = {}): Generator<ScriptProgress, ScriptReport> {
  const profile = options.profile ?? profileOf(text)
  if (profile instanceof ScriptProblem) return reportOf(profile, '')
  const script = parseScript(text, definesFor(profile, options.defines))
  if (script instanceof ScriptProblem) return reportOf(script, profile.name)
  try {
    return yield* run(script, settingsOf(script, profile, options.tool), options)
  } catch (error) {
    if (error instanceof ScriptProblem) return reportOf(error, profile.name)
    throw error
  }
}

/** Scripts for several systems keep what differs behind the name of each (`#ifdef FreeBSD`, `#ifdef STANDARD`): that of the profile, where none is given. */
function definesFor(profile: Profile, defines: Defines = new Map()): Defines {
  const systems = ['STANDARD', 'Linux', 'FreeBSD']
  if (systems.some((system) => defines.has(system))) return defines
  return new Map([...defines, [profile.sockets.system === 'freebsd' ? 'FreeBSD' : profile.name === 'linux' ? 'Linux' : 'STANDARD', '1']])
}

function* run(script: Script, settings: Settings, options: RunOptions): Generator<ScriptProgress, ScriptReport> {
  const notes = new DecisionNotes(options.decisions ?? 12)
  const counts = new DecisionCounts(notes)
  const host = new Host(hostConfig(settings), new Random(1), counts)
  const packetUs = settings.toleranceUs === 0 ? 0 : settings.profile.packetUs
  const tunnels = settings.udpEncapsulation ? new UdpTunnels() : null
  const wire = new LabWire(host, 0, (frame, direction, nowUs) => options.tap?.(frame, direction, nowUs - preparationUs), packetUs, tunnels)
  wire.advance(preparationUs)
  notes.startUs = preparationUs
  const runner = new Runner(script, settings, new EngineUnderTest(host, settings, () => wire.nowUs, counts, tunnels), wire)
  const failure = yield* play(runner, wire)
  return {
    result: failure === null ? 'pass' : 'fail', failure, warnings: runner.warnings, played: runner.played, decisions: failure === null && options.decisions === undefined ? [] : notes.last(), printed: runner.printed,
    virtualUs: wire.nowUs - preparationUs, profile: settings.profile.name,
  }
}

function* play(runner: Runner, wire: LabWire): Generator<ScriptProgress, Failure | null> {
  const progress = {
    played: runner.played,
    get virtualUs() { return wire.nowUs - preparationUs },
  }
  const steps = runner.run()
  let step = steps.next()
  let events = 0
  while (!step.done) {
    let outcome = wire.advance(step.value.toUs, step.value.until, roundsAtOnce)
    while (outcome === null) {
      yield progress
      outcome = wire.advance(step.value.toUs, step.value.until, roundsAtOnce)
    }
    step = steps.next(outcome)
    if (++events % roundsAtOnce === 0) yield progress
  }
  return step.value
}

export function reportOf({ kind, where, code, params }: ScriptProblem, profile: string): ScriptReport {
  const failure: Failure = { where, code, params, expected: null, actual: null, differing: [] }
  return { result: kind === 'unsupported' ? 'unsupported' : 'fail', failure, warnings: [], played: [], decisions: [], printed: [], virtualUs: 0, profile }
}

function hostConfig(settings: Settings): HostConfig {
  const { local, gateway, prefixLength, profile } = settings
  const mtu = settings.mtu - settings.tunnelBytes
  const isSix = typeof local !== 'number'
  return {
    mac: hostMac, mtu, tcp: profile.tcp, probeAddress: false, maxConnections: 1000, historyLength: 1000,
    ipv4: isSix ? 0xc0a8_0001 : local, prefixLength: isSix ? 16 : prefixLength, gateway: typeof gateway === 'number' ? gateway : 0xc0a8_0002,
    ipv6: isSix, ipv6Addresses: isSix ? [{ address: local, prefixLength }] : [], ipv6Gateway: typeof gateway === 'number' ? undefined : gateway,
  }
}
