import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import type { HostSettings } from '../../src/rpc/host-contract.ts'
import { parseListener } from '../../src/rpc/commands.ts'
import { parseArgument } from '../../src/rpc/command-line.ts'
import { quickTimings, rfc5227Timings } from '../../src/stack/address-claim.ts'
import type { DhcpClient } from '../../src/stack/dhcp-client.ts'
import type { HostEvent } from '../../src/stack/host-event.ts'
import { parseAddress } from '../../src/stack/ip-address.ts'
import { checkTcpOption, knobValue } from '../../src/tcp/config.ts'
import type { TcpConfig } from '../../src/tcp/config.ts'
import type { DecisionSink } from '../../src/tcp/decision.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { formatIpv4, formatMac, isLinkLocalIpv6 } from '../../src/wire/addresses.ts'
import { machineClock } from '../lab/clock.ts'
import { Driver } from '../lab/driver.ts'
import { hostConfigOf } from '../lab/host-settings.ts'
import { Lease, LeasedSpeaker, dhcp, withoutLease } from '../lab/lease.ts'
import { LabHost } from '../lab/lab-host.ts'
import type { OpenedLink } from '../lab/links.ts'
import { deferred } from './deferred.ts'
import type { CliOptions } from './options.ts'

/** Duplicate address detection takes a second or two, a router's answer as long again (RFC 4861, RFC 4862). */
const ipv6AddressWithinMs = 5000

/** How long a DHCP server may take: discoveries go after 0, 4 and 12 seconds. */
const leaseWithinMs = 20_000

export interface SpokenHostOptions {
  readonly opened: OpenedLink
  readonly settings: HostSettings
  readonly tcp: Partial<TcpConfig>
  readonly sink?: DecisionSink
  readonly onEvent?: (event: HostEvent, nowUs: number) => void
  readonly onFrames?: (batch: FrameBatch, from: number, nowUs: number) => void
  readonly watch?: (batch: FrameBatch, nowUs: number) => void
  readonly afterTurn?: (nowUs: number) => void
  readonly onError: (error: unknown) => void
}

/** What a server has lent to the host that is about to speak. */
interface TakenLease {
  readonly client: DhcpClient
  onLost: (address: string) => void
}

/**
 * A host on a link; where its address is `dhcp`, as soon as a server has lent one.
 * @throws FaultError as the constructor, `leaseUnavailable`; the link is closed then
 */
export async function openSpokenHost(options: SpokenHostOptions): Promise<SpokenHost> {
  const { opened, settings } = options
  if (settings.address !== dhcp) return new SpokenHost(options)
  const { promise, resolve } = deferred<HostSettings | Fault>()
  const driver = new Driver({ onError: options.onError })
  const timer = setTimeout(() => resolve(fault('leaseUnavailable', { seconds: leaseWithinMs / 1000 })), leaseWithinMs)
  try {
    if (!opened.link.info.mayInject || opened.link.info.linkType !== 1) throw new FaultError(fault('linkCannotInject', { name: opened.link.info.name }))
    hostConfigOf(withoutLease(settings), { mtu: opened.link.info.mtu, acceptUnfinishedChecksums: false })
    const lease = new Lease(settings, opened.acceptUnfinishedChecksums, { bound: resolve, lost: (address) => taken.onLost(address) })
    const taken: TakenLease = { client: lease.client, onLost: () => {} }
    opened.link.onClosed = resolve
    driver.speaker = new LeasedSpeaker(lease.client, () => null)
    lease.client.start(machineClock())
    driver.attach(opened.link)
    const outcome = await promise
    if ('code' in outcome) throw new FaultError(outcome)
    driver.stop()
    return new SpokenHost({ ...options, settings: outcome }, taken)
  } catch (error) {
    opened.link.close()
    throw error
  } finally {
    clearTimeout(timer)
    driver.stop()
  }
}

/** A lab host on a link in this thread, driven by the lab's own loop. */
export class SpokenHost {
  readonly host: LabHost
  readonly driver: Driver
  readonly address: string
  /** Kept when the address is ours; rejected with `addressInUse` when somebody else has it. */
  readonly ready: Promise<void>
  /** Kept with the reason when the link dies. */
  readonly died: Promise<Fault>
  private readonly opened: OpenedLink
  private readonly lease: TakenLease | null
  /** Who waits for an IPv6 address. */
  private readonly listeners6 = new Set<() => void>()

  /** @throws FaultError `linkCannotInject`, and what is wrong with the settings; the link is closed then */
  constructor(options: SpokenHostOptions, lease: TakenLease | null = null) {
    this.lease = lease
    const { opened, settings } = options
    const { info } = opened.link
    this.opened = opened
    const ready = deferred<Fault | null>()
    const died = deferred<Fault>()
    try {
      if (!info.mayInject || info.linkType !== 1) throw new FaultError(fault('linkCannotInject', { name: info.name }))
      const config = hostConfigOf(settings, {
        mtu: info.mtu, acceptUnfinishedChecksums: opened.acceptUnfinishedChecksums, claimTimings: opened.isWireless ? rfc5227Timings : quickTimings,
        isPrivate: opened.peer !== null,
      })
      this.address = formatIpv4(config.ipv4)
      this.host = new LabHost({
        config: { ...config, tcp: { ...config.tcp, ...options.tcp } },
        hasLease: lease !== null,
        ...(options.sink === undefined ? {} : { sink: options.sink }),
        ...(options.onFrames === undefined ? {} : { onFrames: options.onFrames }),
        onEvent: (event, nowUs) => {
          const isOfIpv4 = typeof event.address === 'number'
          if (event.kind === 'addressReady' && isOfIpv4) ready.resolve(null)
          if (event.kind === 'addressReady' && !isOfIpv4) for (const hear of this.listeners6) hear()
          if (event.kind === 'addressConflict' && isOfIpv4) lease?.client.decline(machineClock())
          if (event.kind === 'addressConflict' && isOfIpv4) ready.resolve(fault('addressInUse', { address: this.address, mac: event.mac === null ? '' : formatMac(event.mac) }))
          options.onEvent?.(event, nowUs)
        },
      })
      for (const { port, application } of settings.listen ?? []) this.host.listen(port, application)
    } catch (error) {
      opened.link.close()
      throw error
    }
    this.ready = ready.promise.then((conflict) => { if (conflict !== null) throw new FaultError(conflict) })
    this.ready.catch(() => {})
    this.died = died.promise
    this.driver = new Driver({
      onError: options.onError,
      ...(options.watch === undefined ? {} : { watch: options.watch }),
      ...(options.afterTurn === undefined ? {} : { afterTurn: options.afterTurn }),
    })
    opened.link.onClosed = (reason) => {
      died.resolve(reason)
      ready.resolve(reason)
    }
    this.host.start(machineClock())
    if (lease !== null) lease.onLost = (address) => died.resolve(fault('leaseLost', { address }))
    this.driver.speaker = lease === null ? this.host : new LeasedSpeaker(lease.client, () => this.host)
    this.driver.attach(opened.link)
  }

  /** Kept when the host has an address that can reach this one, or after a while without one: then `connect` says why not. */
  async readyFor(address: string): Promise<void> {
    await this.ready
    const remote = parseAddress(address)
    if (remote === null || typeof remote === 'number') return
    const { host } = this.host
    const canReach = (): boolean => host.ipv6Addresses().some((own) => own.state === 'assigned' && isLinkLocalIpv6(own.address) === isLinkLocalIpv6(remote))
    const { promise, resolve } = deferred<void>()
    const hear = (): void => { if (canReach()) resolve() }
    const timer = setTimeout(resolve, ipv6AddressWithinMs)
    this.listeners6.add(hear)
    hear()
    await promise
    clearTimeout(timer)
    this.listeners6.delete(hear)
  }

  /** Resets what is still connected, and closes the link. */
  async close(): Promise<void> {
    this.host.abortAll(machineClock())
    this.lease?.client.release(machineClock())
    this.driver.flush()
    this.driver.stop()
    this.opened.link.onClosed = null
    // A link in a helper process sends in its own time.
    if (this.opened.link.info.kind === 'sandbox') await new Promise((resolve) => setTimeout(resolve, 20))
    this.opened.link.close()
  }
}

/** What the options of `host` and `connect` say about the lab host. */
export function hostSettingsOf({ ip, mac, gateway, ip6, preset, isn, listen }: CliOptions): HostSettings {
  return {
    address: ip,
    ...(mac === undefined ? {} : { mac }), ...(gateway === undefined ? {} : { gateway }),
    ...(ip6 === undefined ? {} : { ipv6: ip6 }), ...(preset === undefined ? {} : { preset }), ...(isn === undefined ? {} : { isn }),
    listen: (listen ?? []).map((text) => parseListener(text)!),
  }
}

/** `--set NAME=VALUE` as a part of the configuration. @throws FaultError `badArgument` */
export function tcpSettingsOf(assignments: readonly string[] = []): Partial<TcpConfig> {
  const settings: Record<string, unknown> = {}
  for (const assignment of assignments) {
    const [name, text] = [assignment.slice(0, assignment.indexOf('=')), assignment.slice(assignment.indexOf('=') + 1)]
    const parsed = parseArgument('setting', text)
    const value = typeof parsed === 'object' ? text : knobValue(name as keyof TcpConfig, parsed as number | boolean | string)
    const wrong = checkTcpOption(name as keyof TcpConfig, value)
    if (wrong !== null) throw new FaultError(wrong)
    settings[name] = value
  }
  return settings
}
