import type { FlowTracker } from '../trace/flow-tracker.ts'

/** What filters ask of flows most, side by side: reading it from the flows themselves would miss the caches for every packet. */
export class FlowColumns {
  /** Ports of client and server. */
  ports = new Uint16Array(512)
  /** Addresses of client and server as numbers; -1 for IPv6. */
  addresses = new Float64Array(512)
  streams = new Uint32Array(256)
  private count = 0
  private renumbered = 0

  constructor(private readonly tracker: FlowTracker) {}

  /** Of a tracker, up to its latest flow: ends and stream of a flow never change while it is there. */
  static of(tracker: FlowTracker): FlowColumns {
    let columns = known.get(tracker)
    if (columns === undefined) known.set(tracker, columns = new FlowColumns(tracker))
    columns.follow()
    return columns
  }

  private follow(): void {
    const { flows, addresses, renumbered } = this.tracker
    if (renumbered !== this.renumbered) this.count = 0
    this.renumbered = renumbered
    if (flows.length > this.streams.length) this.grow(flows.length * 2)
    for (; this.count < flows.length; this.count++) {
      const { client, server, stream } = flows[this.count]
      this.ports[2 * this.count] = client.port
      this.ports[2 * this.count + 1] = server.port
      this.addresses[2 * this.count] = addresses.ipv4Of(client.address)
      this.addresses[2 * this.count + 1] = addresses.ipv4Of(server.address)
      this.streams[this.count] = stream
    }
  }

  private grow(size: number): void {
    const { ports, addresses, streams } = this
    this.ports = new Uint16Array(2 * size)
    this.ports.set(ports)
    this.addresses = new Float64Array(2 * size)
    this.addresses.set(addresses)
    this.streams = new Uint32Array(size)
    this.streams.set(streams)
  }
}

const known = new WeakMap<FlowTracker, FlowColumns>()
