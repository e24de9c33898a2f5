import { FaultError } from '../../src/base/fault.ts'
import type { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { PacketMark, PacketRecord } from '../../src/trace/packet-store.ts'
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
  const record = new PacketRecord()
  return {
    take(batch, _reader, first) {
      for (let i = first; i < first + batch.count; i++) {
        trace.store.read(i, record)
        if ((record.marks & PacketMark.retransmission) === 0) continue
        output.line(json ? JSON.stringify({ frame: i + 1, findings: ['tcp.analysis.retransmission'] }) : `${i + 1}\ttcp.analysis.retransmission`)
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
      for (let number = 0; number < trace.flowCount; number++) output.line(json ? flowJson(trace.flowRow(number)) : flowLine(trace.flowRow(number)))
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
  let bytes = 0
  let first = Infinity
  let last = -Infinity
  return {
    take(batch) {
      for (let i = 0; i < batch.count; i++) {
        bytes += batch.originalLength[i]
        const time = batch.timeSec[i] + batch.timeNsec[i] / 1e9
        if (time < first) first = time
        if (time > last) last = time
      }
    },
    end() {
      output.line(words('cli.analyze.packets', { packets: trace.packetCount, bytes, seconds: Math.max(0, last - first).toFixed(6) }))
      output.line(words('cli.analyze.flows', { flows: trace.flowCount }))
    },
  }
}
