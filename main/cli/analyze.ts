import { utf8Bytes } from '../../src/base/bytes.ts'
import type { CommentChange } from '../../src/capture-file/packet-comment.ts'
import { FaultError } from '../../src/base/fault.ts'
import type { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { Field } from '../../src/filter/field.ts'
import { fieldTexts } from '../../src/filter/text.ts'
import { profiles } from '../../src/script/profile.ts'
import { findingNames, findingsOf, wiresharkNames } from '../../src/trace/finding.ts'
import type { FindingName } from '../../src/trace/finding.ts'
import { Trace } from '../../src/trace/trace.ts'
import { BatchComments } from '../files/batch-comments.ts'
import { BatchFrames } from '../files/batch-frames.ts'
import { readCaptureFile } from '../files/capture-input.ts'
import { CaptureFileWriter } from '../files/capture-file-writer.ts'
import { localTimeText } from '../lab/local-time.ts'
import { displayFilterOf, fieldsOf } from './display-filter.ts'
import { ExplainView } from './explain-view.ts'
import { ExitCode, tellFailure, UsageError } from './failure.ts'
import { findingLine, findingNamesText } from './finding-line.ts'
import { graphView } from './graph-view.ts'
import { flowHeader, flowJson, flowLine } from './flow-line.ts'
import { Output } from './output.ts'
import type { Invocation, Run } from './program.ts'
import { profileNamedOrRead } from './script-profile.ts'
import { ScriptView } from './script-view.ts'
import { statisticsView } from './statistics-view.ts'
import { StreamView } from './stream-view.ts'
import { programName } from './version.ts'

/** What looks at the packets of a batch once they are in the trace. */
export interface View {
  /** Before anything is read. */
  begin?(reader: CaptureReader): void
  /**
   * @param first index in the store of the batch's first packet
   * @param chosen 0 for each packet that the display filter leaves out; null: none
   */
  take(batch: FrameBatch, reader: CaptureReader, first: number, chosen: Uint8Array | null): void
  end(): void | Promise<void>
}

/**
 * `tcplab analyze`: reads a capture file once and prints what was asked for: findings packet by packet, then flows; with neither,
 * how much there is and what was found. A damaged file is read up to the damage, which is then told, with exit code 1.
 */
export const runAnalyze: Run = async (invocation) => {
  const { args, options, words } = invocation
  const path = args[0] as string
  const output = new Output(process.stdout)
  const trace = new Trace({ insights: options.explain || options.graph !== undefined || asksForInsights(options.filter) || asksForInsights(options.fields) })
  const batchComments = new BatchComments()
  trace.comments = batchComments.comments
  const views = viewsOf(invocation, trace, output)
  const hasPicture = (options.svg ?? options.png) !== undefined
  if ((options.graph !== undefined) !== hasPicture || (!hasPicture && (options.kind ?? options.sender) !== undefined)) throw new UsageError('graphNeedsBoth')
  const choose = chooserOf(invocation, trace)
  const damage = await readCaptureFile(path, (batch, reader) => {
    const first = trace.packetCount
    trace.append(batch, reader.frameLinkTypes, reader.frameOffsets)
    batchComments.follow(batch, reader)
    const chosen = choose(batch, first)
    for (const view of views) view.take(batch, reader, first, chosen)
    output.flush()
    return !output.isBroken
  }, (reader) => { for (const view of views) view.begin?.(reader) })
  for (const view of views) await view.end()
  await output.end()
  return damage === null ? ExitCode.done : tellFailure(new FaultError(damage), words)
}

/** The field `finding` has names beyond those of Wireshark, and finding those takes time. */
function asksForInsights(text: string | undefined): boolean {
  return text !== undefined && /\bfinding\b/.test(text)
}

function viewsOf({ options, json, words }: Invocation, trace: Trace, output: Output): View[] {
  if (options.raw !== undefined && options.stream === undefined) throw new UsageError('missingOption', { name: '--stream N', command: 'analyze' })
  const views: View[] = []
  if (options.findings !== undefined) views.push(findingsView(trace, output, options.findings === 'json' || json))
  if (options.flows) views.push(flowsView(trace, output, json))
  if (options.explain) views.push(new ExplainView(trace, output, json, words))
  if (options.interval !== undefined && !options.statistics) throw new UsageError('missingOption', { name: '--statistics', command: 'analyze' })
  if (options.statistics) views.push(statisticsView(trace, output, { intervalMs: options.interval === undefined ? undefined : 1000 * Number(options.interval), json, words }))
  if (options.script === undefined && (options.side ?? options.profile) !== undefined) throw new UsageError('missingOption', { name: '--script FILE', command: 'analyze' })
  if (options.script !== undefined) views.push(scriptViewOf(trace, output, options, words))
  else if (options.stream !== undefined) views.push(new StreamView(trace, output, { stream: options.stream, raw: options.raw, json, words }))
  if (options.write !== undefined) views.push(writeView(trace, options.write, options.comments ?? false))
  if (options.fields !== undefined) views.push(fieldsView(trace, output, fieldsOf(options.fields, words), json))
  const { graph, svg, png, kind = 'sequence', sender = null } = options
  if (graph !== undefined) views.push(graphView(trace, { stream: graph, svg, png, kind, sender }, words))
  if (views.length === 0) views.push(summaryView(trace, output, words))
  return views
}

function scriptViewOf(trace: Trace, output: Output, { stream, script, side, profile, raw }: Invocation['options'], words: Invocation['words']): View {
  if (stream === undefined) throw new UsageError('missingOption', { name: '--stream N', command: 'analyze' })
  if (raw !== undefined) throw new UsageError('oneOf', { names: '--raw, --script', command: 'analyze' })
  return new ScriptView(trace, output, { stream, path: script!, side: side ?? 'client', profile: profile === undefined ? profiles.linux : profileNamedOrRead(profile), words })
}

/** What the display filter leaves of a batch. */
function chooserOf({ options, words }: Invocation, trace: Trace): (batch: FrameBatch, first: number) => Uint8Array | null {
  if (options.filter === undefined) return () => null
  const filter = displayFilterOf(options.filter, words)
  const frames = new BatchFrames(trace)
  return (batch, first) => frames.choose(filter, batch, first)
}

/** A line a packet, tab-separated as `tshark -T fields`, or an object of lists. */
function fieldsView(trace: Trace, output: Output, fields: readonly Field[], json: boolean): View {
  const reader = new BatchFrames(trace)
  return {
    take(batch, _reader, first, chosen) {
      const view = reader.viewOf(batch, first)
      for (let i = 0; i < batch.count; i++) {
        if (chosen?.[i] === 0) continue
        view.moveTo(first + i)
        output.line(json
          ? JSON.stringify(Object.fromEntries(fields.map((field) => [field.name, fieldTexts(field, view, localTimeText)])))
          : fields.map((field) => fieldTexts(field, view, localTimeText).join(',')).join('\t'))
      }
    },
    end() {},
  }
}

function findingsView(trace: Trace, output: Output, json: boolean): View {
  return {
    take(batch, _reader, first, chosen) {
      for (let i = first; i < first + batch.count; i++) {
        if (chosen?.[i - first] === 0) continue
        const bits = trace.store.findingsOf(i)
        if (bits !== 0) output.line(findingLine(trace.tracker.proofs, i + 1, bits, json))
      }
    },
    end() {},
  }
}

function flowsView(trace: Trace, output: Output, json: boolean): View {
  return {
    take() {},
    end() {
      if (!json) output.line(flowHeader)
      for (const { number, stream } of trace.tracker.flows) output.line((json ? flowJson : flowLine)(trace.flowRow(number), stream))
    },
  }
}

/** With comments, what was found in a packet stands with it in Wireshark too. */
function writeView(trace: Trace, path: string, comments: boolean): View {
  const writer = new CaptureFileWriter({ path, overwrite: true, application: programName })
  return {
    begin(reader) { writer.follow(reader) },
    take(batch, reader, first, chosen) { writer.write(batch, reader, chosen, comments ? (i) => findingComment(trace.store.findingsOf(first + i)) : null) },
    end() { writer.finish() },
  }
}

function findingComment(findings: number): CommentChange | null {
  return findings === 0 ? null : { add: [utf8Bytes(findingNamesText(findings))], drops: false }
}

function summaryView(trace: Trace, output: Output, words: Invocation['words']): View {
  const counts = new Map<FindingName, number>()
  let packets = 0
  let bytes = 0
  let first = Infinity
  let last = -Infinity
  return {
    take(batch, _reader, from, chosen) {
      for (let i = 0; i < batch.count; i++) {
        if (chosen?.[i] === 0) continue
        packets++
        const bits = trace.store.findingsOf(from + i)
        if (bits !== 0) for (const name of findingsOf(bits)) counts.set(name, (counts.get(name) ?? 0) + 1)
        bytes += batch.originalLength[i]
        const time = batch.timeSec[i] + batch.timeNsec[i] / 1e9
        if (time < first) first = time
        if (time > last) last = time
      }
    },
    end() {
      output.line(words('cli.analyze.packets', { packets, bytes, seconds: Math.max(0, packets === 0 ? 0 : last - first).toFixed(6) }))
      output.line(words('cli.analyze.flows', { flows: trace.flowCount }))
      for (const name of findingNames) if (counts.has(name)) output.line(`${counts.get(name)!}\t${wiresharkNames[name]}`)
    },
  }
}
