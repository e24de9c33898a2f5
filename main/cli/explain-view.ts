import type { FlowInsights, FlowRow, FlowVerdict } from '../../src/rpc/flows-contract.ts'
import type { PacketInsight } from '../../src/rpc/packets-contract.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import type { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { Protocol } from '../../src/trace/packet-store.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { formatEndpoint } from '../../src/wire/addresses.ts'
import { reasonParams } from '../../src/words/reason-params.ts'
import type { View } from './analyze.ts'
import type { Output } from './output.ts'
import type { Words } from './words.ts'

/**
 * `--explain`: each TCP flow with what it comes to, then its packets with what they show. Said at the end, since what a packet was is often
 * proved by a later one. A display filter picks the packets; flows without any are left out.
 */
export class ExplainView implements View {
  /** A bit for each packet that the display filter lets through. */
  private chosen = new Uint8Array(0)
  private isFiltered = false

  constructor(private readonly trace: Trace, private readonly output: Output, private readonly json: boolean, private readonly words: Words) {}

  take(batch: FrameBatch, _reader: CaptureReader, first: number, chosen: Uint8Array | null): void {
    if (chosen === null) return
    this.isFiltered = true
    const bytes = ((first + batch.count) >>> 3) + 1
    if (bytes > this.chosen.length) {
      const larger = new Uint8Array(2 * bytes)
      larger.set(this.chosen)
      this.chosen = larger
    }
    for (let i = 0; i < batch.count; i++) if (chosen[i] !== 0) this.chosen[(first + i) >>> 3] |= 1 << ((first + i) & 7)
  }

  end(): void {
    for (const flow of this.trace.tracker.flows) {
      if (flow.protocol !== Protocol.tcp) continue
      const insights = this.trace.flowInsights(flow.number)
      if (insights === null) continue
      const packets: number[] = []
      let isShown = !this.isFiltered
      for (let i = 0; i < flow.packets.length; i++) {
        const packet = flow.packets.at(i)
        if (!this.passes(packet)) continue
        isShown = true
        if (this.trace.insights!.has(packet)) packets.push(packet)
      }
      if (!isShown) continue
      this.showFlow(this.trace.flowRow(flow.number), flow.stream, insights)
      for (const packet of packets) this.showPacket(packet, flow.number)
      this.output.flush()
    }
  }

  private passes(packet: number): boolean {
    return !this.isFiltered || (this.chosen[(packet - 1) >>> 3] & (1 << ((packet - 1) & 7))) !== 0
  }

  private showFlow(row: FlowRow, stream: number, { flow, verdicts, client, server }: FlowInsights): void {
    const ends = [formatEndpoint(row.client.address, row.client.port), formatEndpoint(row.server.address, row.server.port)]
    if (this.json) {
      const told = verdicts.map((verdict) => ({ ...verdict, side: sides[verdict.side], text: this.verdictText(verdict) }))
      this.output.line(JSON.stringify({ flow, stream, client: ends[0], server: ends[1], verdicts: told, times: { client, server } }))
      return
    }
    this.output.line(`# tcp.stream ${stream}: ${ends[0]} → ${ends[1]}`)
    for (const verdict of verdicts) this.output.line(`- ${this.verdictText(verdict)}${this.packetsText(verdict.packets)}`)
  }

  private showPacket(packet: number, flow: number): void {
    const insights = this.trace.packetInsights(packet)
    if (this.json) {
      this.output.line(JSON.stringify({ frame: packet, flow, insights: insights.map((insight) => ({ ...insight, text: this.insightText(insight) })) }))
      return
    }
    for (const insight of insights) {
      // What offload does to nearly every packet is said once, of the flow.
      if (insight.name === 'superSegment' || insight.name === 'unfinishedChecksum') continue
      const name = this.words(`insights.names.${insight.name}`)
      this.output.line(`${packet}\t${name}: ${this.insightText(insight)} (${insight.source})${this.packetsText(insight.packets)}`)
    }
  }

  private verdictText({ name, side, params }: FlowVerdict): string {
    const { words } = this
    return words(`insights.verdicts.${name}`, { ...reasonParams('', params), side: words(`insights.sides.${sides[side]}`), whose: words(`insights.whose.${sides[side]}`) })
  }

  private insightText({ name, operands }: PacketInsight): string {
    return this.words(`insights.proofs.${name}`, reasonParams('', operands))
  }

  private packetsText(packets: readonly number[]): string {
    return packets.length === 0 ? '' : ` [${packets.map((number) => this.words('findings.packet', { number })).join(', ')}]`
  }
}

const sides = ['client', 'server'] as const
