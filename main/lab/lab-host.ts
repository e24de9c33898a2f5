import { randomBytes } from 'node:crypto'
import { FaultError, fault } from '../../src/base/fault.ts'
import { Random } from '../../src/base/random.ts'
import type { FrameBatch, FrameWriter } from '../../src/link/frame-batch.ts'
import type { ApplicationName, ConnectRequest, DatagramRequest } from '../../src/rpc/host-contract.ts'
import type { Application } from '../../src/stack/applications/application.ts'
import { HttpGet } from '../../src/stack/applications/http-get.ts'
import { ApplicationRunner } from '../../src/stack/applications/runner.ts'
import { datagramServices, services } from '../../src/stack/applications/services.ts'
import { Transfer, bytesSource } from '../../src/stack/applications/transfer.ts'
import type { ConnectionRecord } from '../../src/stack/connection-record.ts'
import { Host } from '../../src/stack/host.ts'
import type { HostConfig } from '../../src/stack/host-config.ts'
import { parseAddress } from '../../src/stack/ip-address.ts'
import type { HostEvent } from '../../src/stack/host-event.ts'
import { knobValue, tcpConfigTable } from '../../src/tcp/config.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import type { DecisionSink } from '../../src/tcp/decision.ts'
import type { TcpConnection } from '../../src/tcp/connection.ts'
import { TcpState } from '../../src/tcp/state.ts'
import { DhcpPort } from '../../src/wire/dhcp.ts'
import { CallLog } from './call-log.ts'
import type { Speaker } from './driver.ts'
import { checkListener } from './host-settings.ts'
import { ManualDatagrams } from './manual-datagrams.ts'
import type { ReceivedTail } from './received-tail.ts'
import { TappedApplication } from './tapped-application.ts'

export interface LabHostOptions {
  readonly config: HostConfig
  /** Its address is lent by DHCP. */
  readonly hasLease?: boolean
  readonly sink?: DecisionSink
  /** Each event, after its application has heard of it. */
  readonly onEvent?: (event: HostEvent, nowUs: number) => void
  /** Frames from `from` on, as they leave. */
  readonly onFrames?: (batch: FrameBatch, from: number, nowUs: number) => void
}

/** A host of ours on the link with its applications: what a driver drives, and what the calls about sockets come to. */
export class LabHost implements Speaker {
  readonly host: Host
  readonly runner: ApplicationRunner
  readonly manual: ManualDatagrams
  readonly calls = new CallLog()
  private readonly options: LabHostOptions
  private readonly listening = new Map<number, ApplicationName>()
  private readonly datagramSockets = new Map<number, { readonly id: number, readonly application: ApplicationName }>()
  private readonly applications = new Map<number, string>()
  private readonly tails = new Map<number, ReceivedTail>()

  constructor(options: LabHostOptions) {
    this.options = options
    this.host = new Host(options.config, new Random(randomBytes(6).readUIntBE(0, 6)), options.sink)
    this.host.onCall = (connection, call, lengthBytes, nowUs) => { this.calls.note(connection, call, lengthBytes, nowUs) }
    // Its answers are the DHCP client's to read; without a socket the host would call the port unreachable.
    if (options.hasLease === true) this.host.udpBind(DhcpPort.client)
    this.runner = new ApplicationRunner(this.host)
    this.manual = new ManualDatagrams(this.host, this.runner)
  }

  start(nowUs: number): void {
    this.host.start(nowUs)
  }

  handleBatch(batch: FrameBatch, nowUs: number): void {
    this.host.handleBatch(batch, nowUs)
  }

  handleTimeout(nowUs: number): void {
    this.host.handleTimeout(nowUs)
  }

  /**
   * What TCP has to say at once leaves before applications add to it, so that a handshake ends with an ACK of its own and a FIN is
   * acknowledged before ours; then the applications hear of their events, and what they say leaves too.
   */
  pollTransmit(nowUs: number, writer: FrameWriter): number {
    const written = this.transmit(nowUs, writer)
    this.run(nowUs)
    return written + this.transmit(nowUs, writer)
  }

  pollTimeout(): number {
    return this.host.pollTimeout()
  }

  get listeners(): { port: number, application: ApplicationName }[] {
    const overUdp = [...this.datagramSockets].map(([port, { application }]) => ({ port, application }))
    const byHand = this.manual.ports.map((port) => ({ port, application: 'udp-manual' as const }))
    return [...[...this.listening].map(([port, application]) => ({ port, application })), ...overUdp, ...byHand]
  }

  /** @throws FaultError `badArgument`, `portInUse` */
  listen(port: number, application: ApplicationName): void {
    checkListener(port, application)
    if (application === 'udp-echo' || application === 'udp-discard') {
      const id = this.runner.serveDatagrams(port, datagramServices[application].create())
      if (typeof id !== 'number') throw new FaultError(id)
      this.datagramSockets.set(port, { id, application })
      return
    }
    if (application === 'udp-manual') {
      this.manual.open(port)
      return
    }
    const create = (): Application => this.tapped(services[application].create())
    const failed = this.runner.serve(port, create)
    if (failed !== null) throw new FaultError(failed)
    this.listening.set(port, application)
  }

  /** Whatever listens on the port, over TCP and UDP. @throws FaultError `noSuchListener` */
  unlisten(port: number): void {
    const datagrams = this.datagramSockets.get(port)
    const isTcp = this.listening.delete(port)
    const isByHand = this.manual.close(port)
    if (!isTcp && datagrams === undefined && !isByHand) throw new FaultError(fault('noSuchListener', { port }))
    if (isTcp) this.runner.stopServing(port)
    if (datagrams !== undefined) this.runner.stopServingDatagrams(datagrams.id)
    this.datagramSockets.delete(port)
  }

  /** @throws FaultError what `Host.connect` returns, `addressInvalid` */
  connect(request: ConnectRequest, nowUs: number): number {
    const application = request.application ?? 'manual'
    const inner = application === 'http-get'
      ? new HttpGet({ host: request.address, path: request.path ?? '/' })
      : new Transfer({ ...(request.send === undefined ? {} : { source: bytesSource(request.send) }), closeAfterSend: request.closeAfterSend ?? false, closeAfterReceive: false })
    return this.connectWith(request.address, request.port, this.tapped(inner), application, nowUs)
  }

  /** Connects with an application of the caller's. @throws FaultError as {@link connect} */
  connectWith(address: string, port: number, application: Application, name: string, nowUs: number): number {
    const remote = parseAddress(address)
    if (remote === null) throw new FaultError(fault('addressInvalid', { address }))
    const id = this.runner.connect(remote, port, application, {}, nowUs)
    if (typeof id !== 'number') throw new FaultError(id)
    this.applications.set(id, name)
    if (application instanceof TappedApplication) this.tails.set(id, application.tail)
    return id
  }

  /** @returns bytes that the send buffer took. @throws FaultError `noSuchConnection`, `connectionClosing` and what else ended it */
  send(id: number, data: Uint8Array, nowUs: number): number {
    const connection = this.liveConnection(id)
    const accepted = this.host.send(id, data, 0, data.length, nowUs)
    if (accepted < 0) throw new FaultError(fault(connection.lastError ?? 'connectionClosing', { connection: id }))
    return accepted
  }

  /** @returns the port that it left from. @throws FaultError as {@link ManualDatagrams.send} */
  sendDatagram(request: DatagramRequest, nowUs: number): number {
    return this.manual.send(request, nowUs)
  }

  close(id: number, nowUs: number): void {
    this.liveConnection(id)
    this.host.close(id, nowUs)
  }

  abort(id: number, nowUs: number): void {
    this.liveConnection(id)
    this.host.abort(id, nowUs)
  }

  /** @throws FaultError `noSuchConnection`, `badArgument` */
  setOption(id: number, name: string, value: unknown, nowUs: number): void {
    this.liveConnection(id)
    if (!Object.hasOwn(tcpConfigTable, name)) throw new FaultError(fault('badArgument', { name: 'setting', value: name, expected: Object.keys(tcpConfigTable).join(' ') }))
    const key = name as keyof TcpConfig
    const failed = this.host.setOption(id, key, knobValue(key, value as string) as never, nowUs)
    if (failed === null) return
    const entry = tcpConfigTable[key]
    const expected = !entry.live ? 'live: false' : 'min' in entry ? `${entry.min} .. ${entry.max} ${entry.unit}` : 'choices' in entry ? entry.choices.join(' | ') : 'on | off'
    throw new FaultError(fault(failed.code, { name, value: String(value), expected, ...failed.params }))
  }

  received(id: number, limit: number): { total: number, data: Uint8Array } {
    if (this.host.record(id) === undefined) throw new FaultError(fault('noSuchConnection', { connection: id }))
    const tail = this.tails.get(id)
    return { total: tail?.total ?? 0, data: tail?.latest(limit) ?? new Uint8Array(0) }
  }

  applicationOf(record: ConnectionRecord): string {
    return this.applications.get(record.id) ?? ''
  }

  /** Resets every connection that is not over, so that no peer is left waiting; the frames still have to leave. */
  abortAll(nowUs: number): void {
    for (const { id, isLive, connection } of this.host.connections()) if (isLive && connection.state !== TcpState.timeWait) this.host.abort(id, nowUs)
  }

  private liveConnection(id: number): TcpConnection {
    const record = this.host.record(id)
    if (record === undefined) throw new FaultError(fault('noSuchConnection', { connection: id }))
    if (!record.isLive) throw new FaultError(fault('connectionClosing', { connection: id }))
    return record.connection
  }

  private transmit(nowUs: number, writer: FrameWriter): number {
    const before = writer.count
    const written = this.host.pollTransmit(nowUs, writer)
    if (written > 0) this.options.onFrames?.(writer.batch, before, nowUs)
    return written
  }

  private run(nowUs: number): void {
    for (let event = this.host.pollEvent(); event !== null; event = this.host.pollEvent()) {
      this.runner.handle(event, nowUs)
      this.note(event, nowUs)
    }
  }

  private note(event: HostEvent, nowUs: number): void {
    if (event.kind === 'accepted') this.noteAccepted(event)
    if (event.kind === 'datagramError') this.manual.noteError(event.socket, nowUs)
    if (event.kind === 'removed') {
      this.applications.delete(event.connection)
      this.tails.delete(event.connection)
    }
    this.options.onEvent?.(event, nowUs)
  }

  private noteAccepted(event: HostEvent): void {
    this.applications.set(event.connection, this.listening.get(event.listenerPort) ?? '')
    const application = this.runner.applicationOf(event.connection)
    if (application instanceof TappedApplication) this.tails.set(event.connection, application.tail)
  }

  private tapped(inner: Application): TappedApplication {
    return new TappedApplication(inner, this.host)
  }
}
