import { randomInt } from 'node:crypto'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { Keep, LabUpdate, LinkSpec, LinkState } from '../../src/rpc/contract.ts'
import type { Decision, HostSettings, HostState } from '../../src/rpc/host-contract.ts'
import type { PacketBytes } from '../../src/rpc/packets-contract.ts'
import { keepAll } from '../../src/trace/keep.ts'
import type { HostConfig } from '../../src/stack/host-config.ts'
import { formatAddress, parseAddress } from '../../src/stack/ip-address.ts'
import type { HostEvent } from '../../src/stack/host-event.ts'
import { quickTimings, rfc5227Timings } from '../../src/stack/address-claim.ts'
import { formatMac } from '../../src/wire/addresses.ts'
import { Capture } from './capture.ts'
import { cannotFilter, compileCaptureFilter, noFilter } from './capture-filter.ts'
import type { CaptureFilter } from './capture-filter.ts'
import { machineClock } from './clock.ts'
import { CongestionHistory } from './congestion-history.ts'
import type { Clock } from './clock.ts'
import { DecisionLog } from './decision-log.ts'
import { Driver } from './driver.ts'
import { endingFault } from './ending-fault.ts'
import { hostConfigOf } from './host-settings.ts'
import { capturedSegment } from './decision-index.ts'
import { Injector } from './injector.ts'
import { LabHost } from './lab-host.ts'
import { Lease, LeasedSpeaker, dhcp, withoutLease } from './lease.ts'
import { defaultLink, openLinkOf } from './links.ts'
import type { OpenedLink } from './links.ts'
import type { LineSurroundings } from './line-frames.ts'
import { lineSurroundings } from './line-surroundings.ts'
import { NeighbourProbe } from './neighbour-probe.ts'
import { PacketRate } from './packet-rate.ts'
import { newRecordingPath } from './recording-path.ts'
import { removeOldRecordings } from './recording-retention.ts'
import { Updates } from './updates.ts'
import { hostOff, hostState, socketRows, connectionView, withKnownStates } from './views.ts'
import { PlayedScripts } from './played-scripts.ts'
import type { ViewedHost } from './views.ts'

export interface LabOptions {
  readonly version: string
  readonly recordingFolder: string
  readonly electron: boolean
  /** In place of the sandbox or the virtual link. */
  readonly defaultLink?: LinkSpec
  /** What live captures keep of their packets until told otherwise; all unless said. */
  readonly keep?: Keep
  /** A mistake of ours that no call is waiting for. */
  readonly onError: (error: unknown) => void
  readonly clock?: Clock
  /** In place of {@link openLinkOf}, for tests. */
  readonly openLink?: typeof openLinkOf
}

/** Everything that lives as long as one link is open. */
interface OpenLab {
  readonly opened: OpenedLink
  readonly capture: Capture
  readonly injector: Injector
  readonly probe: NeighbourProbe
}

/** Faults that wait for a shell to hear them. */
const faultsAtMost = 50
const firstConversation = { port: 80, path: '/' } as const

/**
 * The lab core: one link with everything on it, in the order in which it starts and, backwards, stops:
 * link, recording and packets, driver, injector, host with its applications.
 */
export class Lab {
  readonly options: LabOptions
  readonly clock: Clock
  readonly decisions = new DecisionLog()
  readonly congestion = new CongestionHistory((host, connection) => {
    const record = this.viewed()[host]?.host.record(connection)
    return record === undefined ? '' : formatAddress(record.remoteAddress)
  })

  /** Packetdrill scripts that are being played. */
  readonly scripts: PlayedScripts
  readonly updates: Updates
  readonly driver: Driver
  open: OpenLab | null = null
  host: LabHost | null = null
  private lease: Lease | null = null
  /** Public addresses that a user agreed to send to. */
  readonly consent = new Set<string>()
  /** What live captures keep of their packets. */
  private keep: Keep
  private hostFault: Fault | null = null
  private linkFault: Fault | null = null
  private filter: CaptureFilter = noFilter
  private faults: Fault[] = []
  private runsFirstConversation = false
  private opening: Promise<unknown> = Promise.resolve()
  private readonly rate = new PacketRate()

  constructor(options: LabOptions) {
    this.options = options
    this.keep = options.keep ?? keepAll
    this.clock = options.clock ?? machineClock
    this.driver = new Driver({
      clock: this.clock,
      onError: options.onError,
      watch: (batch, nowUs) => {
        if (this.open === null) return
        this.open.capture.watch()
        this.open.probe.see(batch)
        if (this.open.opened.virtual !== null) this.decisions.noteFrames(1, batch, 0, nowUs)
      },
      afterTurn: () => this.updates.touch(),
    })
    this.updates = new Updates({
      common: (nowUs, flowsAtMost) => this.commonUpdate(nowUs, flowsAtMost),
      connection: (id, nowUs) => this.host === null ? null : connectionView(this.viewed()[0], id, this.viewed()[1] ?? null, nowUs),
      decisions: (after, until, count) => this.decisions.query({ after, before: until + 1, count }),
      latestDecision: (nowUs) => this.decisions.latestSettled(nowUs),
    })
    this.driver.tasks.add(this.updates)
    this.scripts = new PlayedScripts(this.clock, () => this.wake())
  }

  /** Opens the default link; the virtual one where the sandbox cannot be had, saying why. */
  async start(): Promise<void> {
    removeOldRecordings(this.options.recordingFolder, this.clock())
    const wanted = this.options.defaultLink ?? defaultLink()
    try {
      await this.openLinkInTurn(wanted)
    } catch (error) {
      if (!(error instanceof FaultError)) throw error
      this.report(error.fault)
      if (wanted.kind !== 'virtual') await this.openLinkInTurn({ kind: 'virtual' })
    }
  }

  async stop(): Promise<void> {
    this.scripts.stop()
    await this.closeLinkInTurn()
    this.driver.stop()
  }

  /** Opens one link after another, in the order they were asked for: a sandbox takes its time. */
  openLinkInTurn(spec: LinkSpec): Promise<LinkState> {
    const opened = this.opening.then(() => this.openLink(spec))
    this.opening = opened.catch(() => {})
    return opened
  }

  closeLinkInTurn(): Promise<void> {
    return this.opening.then(() => this.closeLink())
  }

  /** What is open stays open until the new link is: one that cannot be opened changes nothing. */
  async openLink(spec: LinkSpec): Promise<LinkState> {
    const { clock, options } = this
    if (spec.host !== undefined) hostConfigOf(withoutLease(spec.host), { mtu: 1500, acceptUnfinishedChecksums: false })
    const opened = await (options.openLink ?? openLinkOf)(spec, { clock, seed: randomInt(2 ** 47), peerSink: this.congestion.sinkOf(1, this.decisions.sinkOf(1)) })
    const { link } = opened
    const nowUs = clock()
    let filter: CaptureFilter
    try {
      filter = compileCaptureFilter(spec.filter ?? '', link.info.linkType, link.info.snapLength)
    } catch (error) {
      link.close()
      throw error
    }
    this.closeLink()
    this.linkFault = null
    this.filter = filter
    const capture = new Capture(link, {
      filter: this.filter.expression, application: `TCP Lab ${options.version}`, nowUs, keep: this.keep, sourcePath: spec.kind === 'file' ? spec.name ?? null : null,
      nextPath: () => newRecordingPath(options.recordingFolder, link.info.name, clock()), isKnown: (address, port) => this.isKnown(address, port),
      congestionOf: (flow, originUs) => this.congestion.of(flow, originUs),
      reasonOf: (record, flow) => this.decisions.ofSegment(capturedSegment(record, flow))?.reason ?? null,
    })
    const injector = new Injector(link)
    const probe = new NeighbourProbe(link.info.mac ?? Uint8Array.of(2, 0, 0, 0, 0, 1), (frame) => {
      void injector.send([frame], 1, 1000, clock())
      this.driver.wake()
    })
    this.open = { opened, capture, injector, probe }
    link.onClosed = (reason) => this.linkDied(opened, reason)
    this.reportNotice()
    this.driver.tasks.add(capture)
    this.driver.tasks.add(injector)
    this.driver.attach(capture.link)
    this.runsFirstConversation = opened.hasFirstConversation && spec.host === undefined
    const host = spec.host ?? opened.host
    if (host !== null) this.startHost(host)
    return this.linkState(clock())
  }

  closeLink(): void {
    const { open } = this
    if (open === null) return
    this.stopHost()
    this.driver.detach()
    this.driver.tasks.delete(open.injector)
    this.driver.tasks.delete(open.capture)
    this.open = null
    open.injector.stop()
    open.capture.close(this.clock())
    open.opened.link.onClosed = null
    open.opened.link.close()
    this.filter = noFilter
    this.decisions.clear()
    this.congestion.clear()
    this.wake()
  }

  /** @throws FaultError `linkClosed` */
  requireOpen(): OpenLab {
    if (this.open === null) throw new FaultError(this.linkFault ?? fault('linkClosed', { name: '' }))
    return this.open
  }

  /** @throws FaultError `hostNotRunning` */
  requireHost(): LabHost {
    if (this.host === null) throw new FaultError(fault('hostNotRunning', { address: '' }))
    return this.host
  }

  /** @throws FaultError `linkClosed`, `linkCannotInject`, `addressInvalid`, `badArgument`, `portInUse` */
  startHost(settings: HostSettings): HostState {
    const { opened } = this.requireOpen()
    const { info } = opened.link
    if (!info.mayInject || info.linkType !== 1) throw new FaultError(fault('linkCannotInject', { name: info.name }))
    if (settings.address === dhcp) return this.startLeasedHost(settings)
    const config = this.configOf(settings)
    this.stopHost()
    this.beginHost(settings, config)
    this.driver.speaker = this.host
    this.wake()
    return this.hostState()
  }

  /** The host begins when a server has lent it an address, and ends when that is taken back. */
  private startLeasedHost(settings: HostSettings): HostState {
    const { opened } = this.requireOpen()
    this.configOf(withoutLease(settings))
    this.stopHost()
    const lease = new Lease(settings, opened.acceptUnfinishedChecksums, {
      bound: (leased) => { if (this.host === null) this.beginHost(leased, this.configOf(leased)) },
      lost: (address) => {
        this.host?.host.stop()
        this.host = null
        this.hostFault = fault('leaseLost', { address })
        this.report(this.hostFault)
      },
    })
    this.lease = lease
    this.hostFault = null
    this.applyFilter()
    lease.client.start(this.clock())
    this.driver.speaker = new LeasedSpeaker(lease.client, () => this.host)
    this.wake()
    return this.hostState()
  }

  /** @throws FaultError `addressInvalid`, `badArgument` */
  private configOf(settings: HostSettings): HostConfig {
    const { opened } = this.requireOpen()
    return hostConfigOf(settings, {
      mtu: opened.link.info.mtu, acceptUnfinishedChecksums: opened.acceptUnfinishedChecksums, claimTimings: opened.isWireless ? rfc5227Timings : quickTimings,
      isPrivate: opened.peer !== null,
    })
  }

  private beginHost(settings: HostSettings, config: HostConfig): void {
    this.decisions.clear()
    this.congestion.renumber()
    const host = new LabHost({
      config, sink: this.congestion.sinkOf(0, this.decisions.sinkOf(0)), hasLease: this.lease !== null,
      onEvent: (event) => this.noteEvent(event), onFrames: (batch, from, nowUs) => this.decisions.noteFrames(0, batch, from, nowUs),
    })
    for (const { port, application } of settings.listen ?? []) host.listen(port, application)
    this.host = host
    this.hostFault = null
    this.applyFilter()
    host.start(this.clock())
    this.wake()
  }

  /** Resets what is connected and falls silent. */
  stopHost(): void {
    const { host, lease } = this
    if (host === null && lease === null) return
    host?.abortAll(this.clock())
    lease?.client.release(this.clock())
    this.driver.flush()
    host?.host.stop()
    this.lease = null
    this.driver.speaker = null
    this.host = null
    this.hostFault = null
    this.runsFirstConversation = false
    if (this.open !== null && this.linkFault === null) this.applyFilter()
    this.wake()
  }

  /** @throws FaultError `badFilter` */
  setFilter(expression: string): { expression: string, instructions: number } {
    const { info } = this.requireOpen().opened.link
    const before = this.filter
    this.filter = compileCaptureFilter(expression, info.linkType, info.snapLength)
    try {
      this.applyFilter()
    } catch (error) {
      this.filter = before
      throw error
    }
    this.wake()
    return { expression, instructions: this.filter.instructions }
  }

  /** Holds for the links that are opened later too. */
  setKeep(keep: Keep): Keep {
    this.keep = keep
    this.open?.capture.setKeep(keep)
    this.wake()
    return keep
  }

  /** @throws FaultError `hostNotRunning`, and what `connect` says */
  runFirstConversation(): number {
    const host = this.requireHost()
    const { peer } = this.requireOpen().opened
    if (peer === null) throw new FaultError(fault('hostUnreachable', { address: '10.77.0.1' }))
    const id = host.connect({ address: peer.address, port: firstConversation.port, application: 'http-get', path: firstConversation.path }, this.clock())
    this.wake()
    return id
  }

  /** Something was asked of a part: it may have something to do, and shells something to hear. */
  wake(): void {
    this.updates.touch()
    this.driver.wake()
  }

  /** Tells every shell. */
  report(reason: Fault): void {
    this.faults.push(reason)
    if (this.faults.length > faultsAtMost) this.faults.shift()
    this.wake()
  }

  reportNotice(): void {
    const notice = this.open?.capture.takeNotice() ?? null
    if (notice !== null) this.report(notice)
  }

  linkState(nowUs: number): LinkState {
    const statistics = emptyStatistics()
    const { open } = this
    const nothing = { path: null, first: null, frames: 0, bytes: 0, flushedAgoMs: -1, fault: null }
    const filter = { expression: this.filter.expression, instructions: this.filter.instructions }
    if (open === null) {
      return { open: false, capturing: false, info: null, filter, statistics, keep: this.keep, recording: nothing, loading: null, fault: this.linkFault, peer: null, cable: null }
    }
    open.opened.link.statistics(statistics)
    return {
      open: true, capturing: open.capture.capturing, info: open.opened.link.info, filter, statistics, keep: open.capture.keep,
      recording: open.capture.state(nowUs), loading: open.capture.loading,
      fault: this.linkFault, peer: open.opened.peer, cable: open.opened.cable?.state() ?? null,
    }
  }

  hostState(): HostState {
    const waiting = this.lease === null ? hostOff : { ...hostOff, running: true, phase: 'probing' as const, address: 'DHCP', mac: formatMac(this.lease.mac) }
    return this.host === null ? { ...waiting, fault: this.hostFault } : hostState(this.host.host, this.host.listeners, this.hostFault)
  }

  /** Our host first, then the second one of the virtual link. */
  viewed(): ViewedHost[] {
    const { host, open } = this
    const hosts: ViewedHost[] = []
    if (host !== null) hosts.push({ number: 0, host: host.host, listeners: host.listeners, applicationOf: (record) => host.applicationOf(record) })
    const virtual = open?.opened.virtual ?? null
    if (virtual !== null) hosts.push({ number: 1, host: virtual.peer, listeners: [], applicationOf: () => '' })
    return hosts
  }

  /** @throws FaultError `linkClosed` */
  lineSurroundings(): LineSurroundings {
    const { opened, probe } = this.requireOpen()
    return lineSurroundings(opened, probe, this.host?.host ?? null, this.consent)
  }

  /** What a host of ours decided of a captured packet; null where none did, or where it is forgotten. */
  decisionOf({ row: { tcp }, timeSec, timeNsec }: PacketBytes): Decision | null {
    if (tcp === null) return null
    const { sourcePort, destinationPort, seq } = tcp
    return this.decisions.ofSegment({ sourcePort, destinationPort, seq, timeUs: timeSec * 1e6 + timeNsec / 1e3 })
  }

  private isKnown(address: string, _port: number): boolean {
    const own = parseAddress(address)
    return own !== null && this.viewed().some(({ host }) => host.isOwnAddress(own) || host.config.ipv4 === own)
  }

  /**
   * A host has to hear what is for it, whatever the user wants to see: beside a host its frames pass the link's own filter, and what is
   * captured is picked here. So it is where the link cannot filter.
   * @throws FaultError `badFilter`
   */
  private applyFilter(): void {
    const { opened, capture } = this.requireOpen()
    const { expression, program } = this.filter
    const own = this.host?.host.config.mac ?? this.lease?.mac ?? null
    const mac = own === null ? null : formatMac(own)
    const picksHere = program !== null && (mac !== null || cannotFilter(opened.link.info.kind))
    if (!picksHere || !cannotFilter(opened.link.info.kind)) this.filterLink(expression, mac)
    capture.setFilter(expression, picksHere ? program : null)
  }

  private filterLink(expression: string, hostMac: string | null): void {
    const { link } = this.requireOpen().opened
    const whole = expression.trim() === '' || hostMac === null ? expression : `(${expression}) or ether host ${hostMac} or arp`
    const failed = link.setFilter(whole)
    if (failed === null) return
    const why = cannotFilter(link.info.kind) || link.info.kind === 'file' ? 'noFilter' : ''
    throw new FaultError({ code: failed.code, params: { message: '', ...failed.params, expression, why } })
  }

  private noteEvent(event: HostEvent): void {
    if (event.kind === 'removed') this.decisions.forget(0, event.connection)
    const failure = endingFault(event.kind, this.host?.host.record(event.connection))
    if (failure !== null) this.report(failure)
    if (event.kind === 'addressConflict') {
      const conflict = fault('addressInUse', { address: event.address === null ? '' : formatAddress(event.address), mac: event.mac === null ? '' : formatMac(event.mac) })
      // Without one of its IPv6 addresses the host goes on.
      if (typeof event.address === 'number') {
        this.hostFault = conflict
        this.declineLease()
      }
      this.report(conflict)
    }
    if (event.kind === 'addressReady' && typeof event.address === 'number' && this.runsFirstConversation) {
      this.runsFirstConversation = false
      this.runFirstConversation()
    }
  }

  /** Somebody else has the address that was lent: another one is asked for. */
  private declineLease(): void {
    if (this.lease === null) return
    this.lease.client.decline(this.clock())
    this.host?.host.stop()
    this.host = null
  }

  /** What was captured stays; what spoke is told that nobody hears it. */
  private linkDied(opened: OpenedLink, reason: Fault): void {
    if (this.open?.opened !== opened) return
    this.linkFault = reason
    if (opened.link.info.kind !== 'file') this.report(reason)
    if (this.host !== null) {
      this.stopHost()
      this.hostFault = reason
    }
    this.open.injector.stop()
    this.wake()
  }

  private commonUpdate(nowUs: number, flowsAtMost: number): Omit<LabUpdate, 'connection' | 'decisions'> {
    const trace = this.open?.capture.traceAt(nowUs) ?? null
    const hosts = this.viewed()
    const { faults } = this
    this.faults = []
    const changed = trace === null ? [] : withKnownStates(trace.changedFlows(flowsAtMost), hosts)
    const total = trace?.packetCount ?? 0
    return {
      timeUs: nowUs, link: this.linkState(nowUs), host: this.hostState(), packets: {
        total, left: trace?.packetsLeft ?? 0, ratePps: this.rate.at(total, nowUs),
        commentChanges: trace?.comments?.changes ?? 0, commentsUnsaved: trace?.comments?.unsavedCount ?? 0,
      },
      flows: { total: trace?.flowCount ?? 0, left: trace?.tracker.flowsLeft ?? 0, changed }, sockets: socketRows(hosts, nowUs),
      datagrams: this.host?.manual.log.total ?? 0, script: this.scripts.progress, faults,
    }
  }
}
