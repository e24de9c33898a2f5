import { FaultError, fault } from '../../src/base/fault.ts'
import type { DatagramRequest, DatagramRow } from '../../src/rpc/host-contract.ts'
import type { DatagramApplication } from '../../src/stack/applications/datagram-services.ts'
import type { ApplicationRunner } from '../../src/stack/applications/runner.ts'
import type { Host } from '../../src/stack/host.ts'
import { formatAddress, parseAddress } from '../../src/stack/ip-address.ts'
import type { Datagram } from '../../src/stack/udp-socket.ts'
import { DatagramLog } from './datagram-log.ts'

/** The UDP ports of a host that a user speaks through by hand: what comes is written down and not answered. */
export class ManualDatagrams {
  readonly log = new DatagramLog()
  private readonly host: Host
  private readonly runner: ApplicationRunner
  /** Socket ids by port. */
  private readonly sockets = new Map<number, number>()
  /** What datagrams leave from where nobody names a port. */
  private usualPort = 0

  constructor(host: Host, runner: ApplicationRunner) {
    this.host = host
    this.runner = runner
  }

  /** @param port 0 for one that is free. @returns the port. @throws FaultError `badArgument`, `portInUse`, `bufferFull` */
  open(port: number): number {
    let bound = port
    const notes: DatagramApplication = { datagram: (datagram, _reply, nowUs) => this.note('received', bound, datagram, nowUs) }
    const id = this.runner.serveDatagrams(port, notes)
    if (typeof id !== 'number') throw new FaultError(id)
    bound = this.host.udpSocket(id)!.port
    this.sockets.set(bound, id)
    return bound
  }

  /** @returns whether the port was open */
  close(port: number): boolean {
    const id = this.sockets.get(port)
    if (id === undefined) return false
    this.runner.stopServingDatagrams(id)
    return this.sockets.delete(port)
  }

  get ports(): number[] {
    return [...this.sockets.keys()]
  }

  /** @returns the port that it left from. @throws FaultError `addressInvalid`, and what {@link open} and `Host.udpSend` say */
  send({ address, port, from, data }: DatagramRequest, nowUs: number): number {
    const to = parseAddress(address)
    if (to === null) throw new FaultError(fault('addressInvalid', { address }))
    const local = this.portFor(from)
    const failed = this.host.udpSend(this.sockets.get(local)!, to, port, data, nowUs)
    if (failed !== null) throw new FaultError(failed)
    this.note('sent', local, { address: to, port, bytes: data }, nowUs)
    return local
  }

  /** ICMP has told of trouble with what a socket sent. */
  noteError(socket: number, nowUs: number): void {
    const udp = this.host.udpSocket(socket)
    if (udp === undefined || udp.error === null || this.sockets.get(udp.port) !== socket) return
    const { ipVersion: version, type, code, address, port } = udp.error
    udp.error = null
    this.log.add({ timeUs: nowUs, what: 'error', localPort: udp.port, address: formatAddress(address), port, data: new Uint8Array(0), icmp: { version, type, code } })
  }

  private portFor(from: number | undefined): number {
    if (from !== undefined) return this.sockets.has(from) ? from : this.open(from)
    if (!this.sockets.has(this.usualPort)) this.usualPort = this.open(0)
    return this.usualPort
  }

  private note(what: DatagramRow['what'], localPort: number, { address, port, bytes }: Pick<Datagram, 'address' | 'port' | 'bytes'>, timeUs: number): void {
    this.log.add({ timeUs, what, localPort, address: formatAddress(address), port, data: bytes, icmp: null })
  }
}
