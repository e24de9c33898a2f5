import type { Fault } from '../../base/fault.ts'
import { TcpState } from '../../tcp/state.ts'
import type { Host } from '../host.ts'
import type { HostEvent } from '../host-event.ts'
import type { IpAddress } from '../ip-address.ts'
import type { ListenOptions } from '../listeners.ts'
import type { ConnectOptions } from '../sockets.ts'
import type { UdpOptions } from '../udp-socket.ts'
import type { DatagramApplication } from './datagram-services.ts'
import { Socket } from './application.ts'
import type { Application, ApplicationFactory, Ending } from './application.ts'

/** Runs applications on a host: makes one for each accepted connection, and carries events to it. */
export class ApplicationRunner {
  private readonly host: Host
  private readonly services = new Map<number, ApplicationFactory>()
  private readonly datagramServices = new Map<number, DatagramApplication>()
  private readonly running = new Map<number, Running>()

  constructor(host: Host) {
    this.host = host
  }

  /** Listens on a port and serves it. @returns the fault of `Host.listen`, or null */
  serve(port: number, factory: ApplicationFactory, options: ListenOptions = {}): Fault | null {
    const failed = this.host.listen(port, options)
    if (failed === null) this.services.set(port, factory)
    return failed
  }

  /** Takes no more connections on a port; those there are go on. */
  stopServing(port: number): boolean {
    this.services.delete(port)
    return this.host.unlisten(port)
  }

  /** Serves a UDP port. @returns the socket's id or the fault of `Host.udpBind` */
  serveDatagrams(port: number, application: DatagramApplication, options: UdpOptions = {}): number | Fault {
    const id = this.host.udpBind(port, options)
    if (typeof id === 'number') this.datagramServices.set(id, application)
    return id
  }

  stopServingDatagrams(id: number): boolean {
    this.datagramServices.delete(id)
    return this.host.udpClose(id)
  }

  /** Connects, with an application on our side. @returns the connection's id or the fault of `Host.connect` */
  connect(address: IpAddress, port: number, application: Application, options: ConnectOptions, nowUs: number): number | Fault {
    const id = this.host.connect(address, port, options, nowUs)
    if (typeof id === 'number') this.attach(id, application)
    return id
  }

  /** Runs an application on a connection that exists; its events from now on go there. */
  attach(id: number, application: Application): void {
    this.running.set(id, { application, socket: new Socket(this.host, id) })
  }

  detach(id: number): void {
    this.running.delete(id)
  }

  applicationOf(id: number): Application | undefined {
    return this.running.get(id)?.application
  }

  /** Takes all events of the host, shows each to the observer, and acts on it. @returns how many there were */
  run(nowUs: number, observer?: (event: HostEvent) => void): number {
    let count = 0
    for (let event = this.host.pollEvent(); event !== null; event = this.host.pollEvent()) {
      count++
      observer?.(event)
      this.handle(event, nowUs)
    }
    return count
  }

  /** Acts on one event, for owners that take the events themselves. */
  handle(event: HostEvent, nowUs: number): void {
    if (event.kind === 'accepted' && !this.running.has(event.connection)) {
      const factory = this.services.get(event.listenerPort)
      if (factory !== undefined) this.attach(event.connection, factory())
    }
    if (event.kind === 'datagram') this.receiveDatagrams(event.socket, nowUs)
    const running = this.running.get(event.connection)
    if (running === undefined) return
    const { application, socket } = running
    switch (event.kind) {
      case 'accepted':
      case 'connected': application.opened?.(socket, nowUs); break
      case 'readable': application.readable?.(socket, nowUs); break
      case 'writable': application.writable?.(socket, nowUs); break
      case 'remoteClosed': application.remoteClosed?.(socket, nowUs); break
      case 'closed':
      case 'reset':
      case 'refused':
      case 'timedOut': this.end(event.connection, running, event.kind, nowUs); break
      // Trouble on the way, and an ending only where it took the connection with it.
      case 'unreachable': if (this.host.connection(event.connection)?.state === TcpState.closed) this.end(event.connection, running, event.kind, nowUs); break
      default:
    }
  }

  private receiveDatagrams(id: number, nowUs: number): void {
    const application = this.datagramServices.get(id)
    if (application === undefined) return
    for (let datagram = this.host.udpReceive(id); datagram !== null; datagram = this.host.udpReceive(id)) {
      const { address, port, localAddress } = datagram
      // What was sent to a group is answered from the address that fits the way.
      const from = this.host.isOwnAddress(localAddress) ? localAddress : undefined
      application.datagram(datagram, (bytes) => { this.host.udpSend(id, address, port, bytes, nowUs, from) }, nowUs)
    }
  }

  private end(id: number, running: Running, ending: Ending, nowUs: number): void {
    this.running.delete(id)
    running.application.ended?.(running.socket, ending, nowUs)
  }
}

interface Running { application: Application, socket: Socket }
