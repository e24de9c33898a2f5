import type { RecordedCall } from '../../src/script/recording/recording.ts'
import type { HostCall } from '../../src/stack/host.ts'

/** Calls of a connection beyond which its log is worth nothing: a script of more is nothing that anybody reads. */
const callsAtMost = 20_000
/** Connections whose calls are remembered; the oldest give way. */
const connectionsAtMost = 256

const kinds: Readonly<Record<HostCall, RecordedCall['kind']>> = { connect: 'connect', send: 'write', receive: 'read', close: 'shutdown', closeBoth: 'close', abort: 'abort' }

interface Calls { readonly kind: HostCall[], readonly timeUs: number[], readonly bytes: number[], isWhole: boolean }

/** What the programs of a host asked of its connections, each from its first call on. */
export class CallLog {
  private readonly connections = new Map<number, Calls>()

  note(connection: number, call: HostCall, lengthBytes: number, nowUs: number): void {
    const calls = this.connections.get(connection) ?? this.add(connection)
    if (!calls.isWhole) return
    if (calls.kind.length === callsAtMost) {
      calls.isWhole = false
      calls.kind.length = calls.timeUs.length = calls.bytes.length = 0
      return
    }
    calls.kind.push(call)
    calls.timeUs.push(nowUs)
    calls.bytes.push(lengthBytes)
  }

  /** All of them in their order; null where they are not known, or not all. */
  of(connection: number): readonly RecordedCall[] | null {
    const calls = this.connections.get(connection)
    if (calls === undefined || !calls.isWhole) return null
    return calls.kind.map((kind, i) => ({ kind: kinds[kind], timeUs: calls.timeUs[i], bytes: calls.bytes[i] }))
  }

  private add(connection: number): Calls {
    if (this.connections.size === connectionsAtMost) this.connections.delete(this.connections.keys().next().value!)
    const calls: Calls = { kind: [], timeUs: [], bytes: [], isWhole: true }
    this.connections.set(connection, calls)
    return calls
  }
}
