import type { CongestionLayers, EndsCongestion } from '../../src/graph/graph.ts'
import { MinMaxPyramid } from '../../src/trace/min-max-pyramid.ts'
import type { FlowRow } from '../../src/rpc/flows-contract.ts'
import type { TcpConnection } from '../../src/tcp/connection.ts'
import type { DecisionSink } from '../../src/tcp/decision.ts'

/** Connections that are remembered; the one that has been silent for longest gives way, if it has been for a while. */
const connectionsKept = 64
const silentUs = 1e6
/** Changes that are remembered of one connection. */
const changesKept = 200_000
/** Larger windows are none: nothing has limited them yet. */
const limitless = 0x7fff_ffff
/** How far the lab's clock and a frame's stamp may lie apart. */
const clockSlackUs = 2e6

class Changes {
  readonly cwndTimes: number[] = []
  readonly cwnds: number[] = []
  readonly ssthreshTimes: number[] = []
  readonly ssthreshs: number[] = []
  latestUs = 0

  constructor(readonly host: number, readonly localPort: number, readonly remotePort: number, readonly remoteAddress: string, readonly firstUs: number) {}

  note(nowUs: number, cwnd: number, ssthresh: number): void {
    this.latestUs = nowUs
    if (cwnd !== this.cwnds[this.cwnds.length - 1]) add(this.cwndTimes, this.cwnds, nowUs, cwnd)
    if (ssthresh !== this.ssthreshs[this.ssthreshs.length - 1]) add(this.ssthreshTimes, this.ssthreshs, nowUs, ssthresh)
  }
}

function add(times: number[], values: number[], nowUs: number, value: number): void {
  if (value >= limitless || times.length >= changesKept) return
  times.push(nowUs)
  values.push(value)
}

/** The congestion windows of our own engines over time, as their decisions pass by: no packet tells them. */
export class CongestionHistory {
  private readonly live = new Map<number, Changes>()
  private kept: Changes[] = []

  /** @param remoteOf address of a connection's far end, '' where it is not known any more */
  constructor(private readonly remoteOf: (host: 0 | 1, connection: number) => string) {}

  /** A sink that hears what `next` hears. */
  sinkOf(host: 0 | 1, next: DecisionSink): DecisionSink {
    return {
      decide: (connection, verb, reason, nowUs, seq, lengthBytes, a, b, c, d) => {
        next.decide(connection, verb, reason, nowUs, seq, lengthBytes, a, b, c, d)
        const changes = this.live.get(connection.id * 2 + host) ?? (verb === 'sent' && lengthBytes > 1 ? this.begin(host, connection, nowUs) : null)
        changes?.note(nowUs, connection.cwnd, connection.ssthresh)
      },
    }
  }

  /** Connections are numbered anew. */
  renumber(): void {
    this.live.clear()
  }

  clear(): void {
    this.renumber()
    this.kept = []
  }

  /** What is known of the ends of a flow. @param originUs time of its first packet, in µs since 1970 */
  of({ client, server, firstTime, lastTime }: FlowRow, originUs: number): EndsCongestion {
    const endUs = originUs + (lastTime - firstTime) * 1e6
    const find = (own: FlowRow['client'], other: FlowRow['client']): CongestionLayers | null => {
      if (!own.known) return null
      const found = this.kept.findLast((changes) => changes.localPort === own.port && changes.remotePort === other.port
        && (changes.remoteAddress === '' || changes.remoteAddress === other.address) && changes.firstUs <= endUs + clockSlackUs && changes.latestUs >= originUs - clockSlackUs)
      if (found === undefined) return null
      return { cwnd: pyramidOf(found.cwndTimes, found.cwnds, originUs), ssthresh: pyramidOf(found.ssthreshTimes, found.ssthreshs, originUs) }
    }
    return { client: find(client, server), server: find(server, client) }
  }

  private begin(host: 0 | 1, connection: TcpConnection, nowUs: number): Changes | null {
    if (this.kept.length >= connectionsKept && !this.dropSilent(nowUs)) return null
    const changes = new Changes(host, connection.localPort, connection.remotePort, this.remoteOf(host, connection.id), nowUs)
    this.kept.push(changes)
    this.live.set(connection.id * 2 + host, changes)
    return changes
  }

  private dropSilent(nowUs: number): boolean {
    let silent = this.kept[0]
    for (const changes of this.kept) if (changes.latestUs < silent.latestUs) silent = changes
    if (nowUs - silent.latestUs < silentUs) return false
    this.kept = this.kept.filter((changes) => changes !== silent)
    for (const [key, changes] of this.live) if (changes === silent) this.live.delete(key)
    return true
  }
}

function pyramidOf(times: readonly number[], values: readonly number[], originUs: number): MinMaxPyramid {
  const pyramid = new MinMaxPyramid()
  times.forEach((timeUs, i) => pyramid.add(Math.max(0, (timeUs - originUs) / 1e6), values[i], values[i]))
  return pyramid
}
