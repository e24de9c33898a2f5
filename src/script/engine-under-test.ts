import type { ConnectionRecord } from '../stack/connection-record.ts'
import type { Host } from '../stack/host.ts'
import { isSameAddress } from '../stack/ip-address.ts'
import { createTcpSnapshot } from '../tcp/snapshot.ts'
import { TcpState } from '../tcp/state.ts'
import type { CodeValue } from './code.ts'
import type { System } from './constants.ts'
import type { DecisionCounts } from './counters.ts'
import type { Flow } from './flow.ts'
import { icmpErrno } from './icmp-errno.ts'
import { Nstat } from './nstat.ts'
import type { Call, Command, Where } from './script.ts'
import type { Settings } from './settings.ts'
import { runCommand } from './shell.ts'
import type { CommandOutcome } from './shell.ts'
import type { Pending } from './sockets/arguments.ts'
import { startCall } from './sockets/calls.ts'
import { SocketLayer } from './sockets/layer.ts'
import { measure } from './tcp-info.ts'
import type { UdpTunnels } from './udp-tunnel.ts'
import type { UnderTest } from './under-test.ts'

/** Our own engine under test: a host, and the sockets of a system on it. */
export class EngineUnderTest implements UnderTest {
  readonly firstRemotePort = 49_152
  readonly answerWithinUs = 0
  private readonly layer: SocketLayer
  private readonly nstat: Nstat
  private readonly snapshot = createTcpSnapshot()

  constructor(
    private readonly host: Host,
    { ipVersion, local, remote, bindPort, connectPort, profile }: Settings,
    clock: () => number, counts: DecisionCounts, tunnels: UdpTunnels | null,
  ) {
    const family = ipVersion === 'ipv4' ? 4 : 6
    this.layer = new SocketLayer(host, profile, { family, local, remote, bindPort, connectPort }, clock)
    if (tunnels !== null) {
      this.layer.udpTunnelPort = 0
      tunnels.chosen = (localPort) => this.layer.tunnelOf(localPort)
    }
    this.nstat = new Nstat(() => counts.read(host.statistics(), this.layer.accepted, this.established()))
  }

  get system(): System {
    return this.layer.profile.sockets.system
  }

  set onConnect(listener: (localPort: number, remotePort: number) => void) {
    this.layer.onConnect = listener
  }

  get boundPort(): number {
    return this.layer.underTest?.boundPort ?? 0
  }

  stateOf(flow: Flow): { state: TcpState, irs: number } | null {
    const record = this.recordOf(flow)
    if (record === undefined) return null
    record.connection.snapshot(this.snapshot)
    return { state: record.connection.state, irs: this.snapshot.irs }
  }

  noteIcmp(version: 4 | 6, type: number, code: number): void {
    this.layer.unreachableErrno = icmpErrno(version, type, code, this.system)
  }

  startCall(call: Call, where: Where): Pending {
    return startCall(this.layer, call, where)
  }

  takeEvents(): void {
    this.layer.takeEvents()
  }

  runCommand(command: Command): CommandOutcome {
    return runCommand(command, { layer: this.layer, change: (change) => this.layer.change(change), nstat: this.nstat })
  }

  measure(): ReadonlyMap<string, CodeValue> {
    return measure(this.layer)
  }

  private established(): number {
    let count = 0
    for (const { isLive, connection: { state } } of this.host.connections()) if (isLive && (state === TcpState.established || state === TcpState.closeWait)) count++
    return count
  }

  private recordOf(flow: Flow): ConnectionRecord | undefined {
    for (const record of this.host.connections()) {
      if (record.isLive && record.localPort === flow.localPort && record.remotePort === flow.remotePort && isSameAddress(record.remoteAddress, flow.remote)) return record
    }
    return undefined
  }
}
