import { FaultError } from '../../src/base/fault.ts'
import type { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { Finding, findingNames, findingsOf, wiresharkNames } from '../../src/trace/finding.ts'
import type { FindingName } from '../../src/trace/finding.ts'
import { Trace } from '../../src/trace/trace.ts'
import { readCaptureFile } from '../files/capture-input.ts'
import { CaptureFileWriter } from '../files/capture-file-writer.ts'
import { ExitCode, tellFailure } from './failure.ts'
import { flowHeader, flowJson, flowLine } from './flow-line.ts'
import { Output } from './output.ts'
import type { Invocation, Run } from './program.ts'
import { programName } from './version.ts'

/** What looks at the packets of a batch once they are in the trace. */
interface View {
  /** @param first index in the store of the batch's first packet */
  take(batch: FrameBatch, reader: CaptureReader, first: number): void
  end(): void
}

/**
 * `tcplab analyze`: reads a capture file once and prints what was asked for: findings packet by packet, then flows; with neither,
 * how much there is and what was found. A damaged file is read up to the damage, which is then told, with exit code 1.
 */
export const runAnalyze: Run = async (invocation) => {
  const { args, words } = invocation
  const path = args[0] as string
  const output = new Output(process.stdout)
  const trace = new Trace()
  const views = viewsOf(invocation, trace, output)
  const damage = await readCaptureFile(path, (batch, reader) => {
    const first = trace.packetCount
    trace.append(batch, reader.frameLinkTypes, reader.frameOffsets)
    for (const view of views) view.take(batch, reader, first)
    output.flush()
    return !output.isBroken
  })
  for (const view of views) view.end()
  await output.end()
  return damage === null ? ExitCode.done : tellFailure(new FaultError(damage), words)
}

function viewsOf({ options, json, words }: Invocation, trace: Trace, output: Output): View[] {
  const views: View[] = []
  if (options.findings !== undefined) views.push(findingsView(trace, output, options.findings === 'json' || json))
  if (options.flows) views.push(flowsView(trace, output, json))
  if (options.write !== undefined) views.push(writeView(options.write))
  if (options.findings === undefined && !options.flows && options.write === undefined) views.push(summaryView(trace, output, words))
  return views
}

function findingsView(trace: Trace, output: Output, json: boolean): View {
  return {
    take(batch, _reader, first) {
      for (let i = first; i < first + batch.count; i++) {
        const bits = trace.store.findingsOf(i)
        if (bits !== 0) output.line(json ? findingsJson(trace, i + 1, bits) : `${i + 1}\t${namesOf(bits)}`)
      }
    },
    end() {},
  }
}

const nameLists = new Map<number, string>()

/** Few combinations occur, and they occur often. */
function namesOf(bits: number): string {
  const known = nameLists.get(bits)
  if (known !== undefined) return known
  const names = findingsOf(bits).map((name) => wiresharkNames[name]).join(',')
  nameLists.set(bits, names)
  return names
}

function findingsJson(trace: Trace, packet: number, bits: number): string {
  const proofs = trace.tracker.proofs.of(packet)
  const findings = findingsOf(bits).map((name) => {
    const proof = proofs.find(({ finding }) => finding === Finding[name])
    return { name: wiresharkNames[name], ...proof && { operands: [proof.first, proof.second], packets: [proof.firstPacket, proof.secondPacket].map((number) => number || null) } }
  })
  return JSON.stringify({ frame: packet, findings })
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

function writeView(path: string): View {
  const writer = new CaptureFileWriter(path, programName)
  return {
    take(batch, reader) { writer.write(batch, reader) },
    end() { writer.close() },
  }
}

function summaryView(trace: Trace, output: Output, words: Invocation['words']): View {
  const counts = new Map<FindingName, number>()
  let bytes = 0
  let first = Infinity
  let last = -Infinity
  return {
    take(batch, _reader, from) {
      for (let i = 0; i < batch.count; i++) {
        const bits = trace.store.findingsOf(from + i)
        if (bits !== 0) for (const name of findingsOf(bits)) counts.set(name, (counts.get(name) ?? 0) + 1)
        bytes += batch.originalLength[i]
        const time = batch.timeSec[i] + batch.timeNsec[i] / 1e9
        if (time < first) first = time
        if (time > last) last = time
      }
    },
    end() {
      output.line(words('cli.analyze.packets', { packets: trace.packetCount, bytes, seconds: Math.max(0, last - first).toFixed(6) }))
      output.line(words('cli.analyze.flows', { flows: trace.flowCount }))
      for (const name of findingNames) if (counts.has(name)) output.line(`${counts.get(name)!}\t${wiresharkNames[name]}`)
    },
  }
}
