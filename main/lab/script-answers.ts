import { FaultError, fault } from '../../src/base/fault.ts'
import type { Decision } from '../../src/rpc/host-contract.ts'
import type { ScriptAnswer, ScriptExportAnswer, ScriptExportRequest, ScriptRequest } from '../../src/rpc/script-contract.ts'
import { engineProfile, profileNames, profiles } from '../../src/script/profile.ts'
import type { Profile } from '../../src/script/profile.ts'
import { exportSteps } from '../../src/script/recording/export-script.ts'
import type { ExportedScript } from '../../src/script/recording/export-script.ts'
import { recordSegment } from '../../src/script/recording/recording.ts'
import type { RecordedEvent, RecordedSegment } from '../../src/script/recording/recording.ts'
import { withCalls } from '../../src/script/recording/with-calls.ts'
import type { NotedDecision, ScriptReport } from '../../src/script/report.ts'
import { scriptSteps } from '../../src/script/run-script.ts'
import type { ScriptProgress } from '../../src/script/run-script.ts'
import type { ConnectionRecord } from '../../src/stack/connection-record.ts'
import { isSameAddress, parseAddress } from '../../src/stack/ip-address.ts'
import { reasonAt } from '../../src/tcp/reasons.ts'
import type { Flow } from '../../src/trace/flow.ts'
import { PacketMark, PacketRecord, Protocol } from '../../src/trace/packet-store.ts'
import { decodePacket, Packet } from '../../src/wire/packet.ts'
import { PartFile } from '../files/part-file.ts'
import { readTextFile } from '../files/text-file.ts'
import { choiceOf, fieldsOf, integerOf, optional, textOf } from './arguments.ts'
import type { Lab } from './lab.ts'

const longestText = 1_000_000
const keptDecisions = 500
/** A script of more is nothing that anybody reads. */
const packetsAtMost = 20_000
/** Packets that are read before the lab goes on. */
const packetsAtOnce = 500
const exportTurnMs = 5
/** How far the clocks of a capture and of the lab may be apart. */
const strayUs = 1_000_000

interface Side {
  readonly side: 'client' | 'server'
  readonly profile: Profile
  /** The profile is that of the end itself. */
  readonly isKnown: boolean
  /** Of the lab's own host; -1: none. */
  readonly connection: number
}

/** Answers about packetdrill scripts: played here, and made of flows. */
export function scriptAnswers(lab: Lab) {
  return {
    runScript: async (request: ScriptRequest): Promise<ScriptAnswer> => {
      const { text, path, profile } = fieldsOf(request, 'request')
      const named = optional(profile, (name) => choiceOf(name, 'profile', profileNames))
      const script = optional(path, (file) => readTextFile(textOf(file, 'path'), longestText)) ?? textOf(text, 'text', longestText)
      const outcome = await lab.scripts.play(scriptSteps(script, { decisions: keptDecisions, ...named === undefined ? {} : { profile: profiles[named] } }))
      return 'done' in outcome ? answerOf(script, outcome.done) : stoppedAnswer(script, outcome.stopped, named ?? '')
    },
    stopScripts: (): void => lab.scripts.stop(),
    exportScript: async (request: ScriptExportRequest): Promise<ScriptExportAnswer> => {
      const { flow: number, side: asked, path, overwrite } = fieldsOf(request, 'request')
      const { trace } = lab.requireOpen().capture
      const flow = trace.tracker.flows.at(integerOf(number, 'flow', 0, trace.tracker.flows.length - 1))!
      if (flow.protocol !== Protocol.tcp) throw new FaultError(fault('badArgument', { name: 'flow', value: flow.number, expected: 'TCP' }))
      const chosen = sideOf(lab, flow, optional(asked, (value) => choiceOf(value, 'side', ['client', 'server'])))
      const release = trace.hold()
      const segments = await record(lab, flow, chosen.side).finally(release)
      const { events, ipVersion } = segments
      const recorded = callsOf(lab, chosen.connection, segments)
      const options = { comments: [], profile: chosen.profile, isKnown: chosen.isKnown }
      const inferred = (): Promise<ExportedScript | null> => inTurns(exportSteps({ ipVersion, events }, options))
      const known = recorded === null ? null : await inTurns(exportSteps({ ipVersion, events: recorded }, options))
      const hasCalls = known?.report.result === 'pass'
      const exported = hasCalls ? known : await inferred()
      if (exported === null) throw new FaultError(fault('noHandshake', { stream: flow.stream }))
      const { text, report, damaged, checksWindows } = exported
      optional(path, (file) => { writeWhole(textOf(file, 'path'), overwrite === true, text) })
      return { ...answerOf(text, report), side: chosen.side, packets: events.length - damaged, damaged, checksWindows, hasCalls }
    },
  }
}

/** An end that is a host of ours has the settings that it has; of others Linux is taken. */
function sideOf(lab: Lab, flow: Flow, asked: 'client' | 'server' | undefined): Side {
  const { addresses } = lab.requireOpen().capture.trace.tracker
  const endOf = (side: 'client' | 'server') => {
    const [own, other] = side === 'client' ? [flow.client, flow.server] : [flow.server, flow.client]
    const address = parseAddress(addresses.text(own.address))!
    const host = lab.viewed().find((viewed) => viewed.host.isOwnAddress(address))?.host
    if (host === undefined) return null
    const remote = parseAddress(addresses.text(other.address))!
    const isIt = (found: ConnectionRecord) => found.localPort === own.port && found.remotePort === other.port && isSameAddress(found.remoteAddress, remote)
    const found = [...host.connections()].findLast(isIt)
    return { config: found?.connection.config ?? host.config.tcp, connection: found === undefined || host !== lab.host?.host ? -1 : found.id }
  }
  const side = asked ?? (endOf('client') === null && endOf('server') !== null ? 'server' : 'client')
  const end = endOf(side)
  return { side, isKnown: end !== null, connection: end?.connection ?? -1, profile: end === null ? profiles.linux : { ...engineProfile(end.config), turns: false } }
}

/** The segments with what the host's program asked; null where that is not known, or belongs to another connection of these ports. */
function callsOf(lab: Lab, connection: number, { events, startUs }: { readonly events: readonly RecordedSegment[], readonly startUs: number }): RecordedEvent[] | null {
  const calls = connection < 0 ? null : lab.host?.calls.of(connection) ?? null
  if (calls === null || events.length === 0) return null
  const fromStart = calls.map((call) => ({ ...call, timeUs: call.timeUs - startUs }))
  const lastUs = events.at(-1)!.timeUs + strayUs
  if (fromStart.some(({ timeUs }) => timeUs < -strayUs)) return null
  return withCalls(events, fromStart.filter(({ timeUs }) => timeUs <= lastUs))
}

async function record(lab: Lab, flow: Flow, side: 'client' | 'server'): Promise<{ events: RecordedSegment[], ipVersion: 4 | 6, startUs: number }> {
  const { trace, bytesOf } = lab.requireOpen().capture
  const events: RecordedSegment[] = []
  const row = new PacketRecord()
  const packet = new Packet()
  const count = integerOf(flow.packets.length, 'packets', 1, packetsAtMost)
  let startSec = 0
  for (let i = 0; i < count; i++) {
    if (i % packetsAtOnce === packetsAtOnce - 1) await new Promise(setImmediate)
    trace.store.read(flow.packets.at(i) - 1, row)
    const bytes = bytesOf(row.fileOffset, row.capturedLength)
    if (bytes === null || row.protocol !== Protocol.tcp) continue
    decodePacket(bytes, 0, bytes.length, row.linkType, packet, row.originalLength)
    if (events.length === 0) startSec = row.timeSec
    const isFromServer = (row.marks & PacketMark.fromServer) !== 0
    const segment = recordSegment(packet, bytes, isFromServer === (side === 'server') ? 'out' : 'in', (row.timeSec - startSec) * 1_000_000 + Math.floor(row.timeNsec / 1000))
    if (segment !== null) events.push(segment)
  }
  return { events, ipVersion: packet.ipVersion === 6 ? 6 : 4, startUs: startSec * 1_000_000 }
}

function answerOf(text: string, { result, failure, warnings, played, decisions, printed, virtualUs, profile }: ScriptReport): ScriptAnswer {
  return { text, result, failure, warnings, played, decisions: decisions.map(decisionOf), printed, virtualUs, profile }
}

function stoppedAnswer(text: string, progress: ScriptProgress | null, profile: string): ScriptAnswer {
  return { text, result: 'stopped', failure: null, warnings: [], played: [...progress?.played ?? []], decisions: [], printed: [], virtualUs: progress?.virtualUs ?? 0, profile }
}

/** A little at a time, so that the lab goes on meanwhile. */
async function inTurns<R>(steps: Generator<unknown, R>): Promise<R> {
  for (;;) {
    const untilMs = performance.now() + exportTurnMs
    do {
      const step = steps.next()
      if (step.done) return step.value
    } while (performance.now() < untilMs)
    await new Promise(setImmediate)
  }
}

function decisionOf({ timeUs, connection, verb, reason, seq, lengthBytes, operands }: NotedDecision, id: number): Decision {
  const row = reasonAt(reason)
  return {
    id, timeUs, host: 0, connection, verb, reason: row.id, rfc: row.rfc, seq, length: lengthBytes, line: null,
    operands: Object.fromEntries(row.operands.map((name, i) => [name, operands[i]])),
  }
}

function writeWhole(path: string, overwrite: boolean, text: string): void {
  const file = new PartFile(path, overwrite)
  try {
    file.write(new TextEncoder().encode(text))
    file.finish()
  } catch (error) {
    file.discard()
    throw error
  }
}
