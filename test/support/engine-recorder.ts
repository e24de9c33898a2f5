import { Direction } from '../../src/link/frame-batch.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { recordSegment } from '../../src/script/recording/recording.ts'
import type { RecordedCall, RecordedEvent, Recording } from '../../src/script/recording/recording.ts'
import type { Station } from '../../src/sim/station.ts'
import type { HostCall } from '../../src/stack/host.ts'
import { decodePacket, Layer, LinkType, Packet } from '../../src/wire/packet.ts'

const kinds: Readonly<Record<HostCall, RecordedCall['kind']>> = { connect: 'connect', send: 'write', receive: 'read', close: 'shutdown', closeBoth: 'close', abort: 'abort' }

/** Everything of one port of a simulated host: its segments as it sees them, and what its programs ask. */
export class EngineRecorder {
  private readonly events: RecordedEvent[] = []
  private readonly packet = new Packet()
  private turn = 0

  constructor(station: Station, private readonly port: number) {
    station.host.onCall = (id, call, bytes, timeUs) => {
      if (station.host.record(id)?.localPort === port) this.events.push({ kind: kinds[call], timeUs, bytes })
    }
    station.onFrames = (_station, direction, batch, nowUs) => this.take(direction, batch, nowUs)
  }

  recording(ipVersion: 4 | 6): Recording {
    return { ipVersion, events: this.events }
  }

  private take(direction: 'sent' | 'received', batch: FrameBatch, nowUs: number): void {
    this.turn++
    for (let i = 0; i < batch.count; i++) {
      if (direction === 'received' && batch.direction[i] === Direction.sent) continue
      const { packet } = this
      decodePacket(batch.bytes, batch.offset[i], batch.capturedLength[i], LinkType.ethernet, packet)
      if ((packet.layers & Layer.tcp) === 0) continue
      const port = direction === 'sent' ? packet.tcp.sourcePort : packet.tcp.destinationPort
      const segment = port === this.port ? recordSegment(packet, batch.bytes, direction === 'sent' ? 'out' : 'in', nowUs, this.turn) : null
      if (segment !== null) this.events.push(segment)
    }
  }
}
