import { randomBytes } from 'node:crypto'
import { Random } from '../../src/base/random.ts'
import type { FrameBatch, FrameWriter } from '../../src/link/frame-batch.ts'
import type { HostSettings } from '../../src/rpc/host-contract.ts'
import { DhcpClient } from '../../src/stack/dhcp-client.ts'
import type { DhcpLease } from '../../src/stack/dhcp-client.ts'
import { formatIpv4, formatMac } from '../../src/wire/addresses.ts'
import type { Speaker } from './driver.ts'
import { macOf } from './host-settings.ts'

/** In the place of an address: a server lends one. */
export const dhcp = 'dhcp'

export interface LeaseActions {
  /** @param settings of the host, with what was lent */
  bound(settings: HostSettings, nowUs: number): void
  lost(address: string, nowUs: number): void
}

/** The DHCP client of a lab host, with the settings that the host gets from it. */
export class Lease {
  readonly client: DhcpClient
  readonly mac: Uint8Array

  /** @throws FaultError `badArgument` for a bad MAC */
  constructor(settings: HostSettings, acceptUnfinishedChecksums: boolean, actions: LeaseActions) {
    this.mac = macOf(settings.mac)
    this.client = new DhcpClient(this.mac, acceptUnfinishedChecksums, new Random(randomBytes(6).readUIntBE(0, 6)), {
      bound: (lease, nowUs) => actions.bound(this.settingsWith(settings, lease), nowUs),
      lost: ({ address }, nowUs) => actions.lost(formatIpv4(address), nowUs),
    })
  }

  private settingsWith(settings: HostSettings, { address, prefixLength, gateway }: DhcpLease): HostSettings {
    const router = settings.gateway ?? (gateway === 0 ? undefined : formatIpv4(gateway))
    return { ...settings, mac: formatMac(this.mac), address: `${formatIpv4(address)}/${prefixLength}`, ...(router === undefined ? {} : { gateway: router }) }
  }
}

/** Settings to judge while nobody knows the address yet. */
export function withoutLease(settings: HostSettings): HostSettings {
  return settings.address === dhcp ? { ...settings, address: '192.0.2.1/24' } : settings
}

/** A DHCP client and the host that lives on what it gets, once there is one. */
export class LeasedSpeaker implements Speaker {
  private readonly client: DhcpClient
  private readonly host: () => Speaker | null

  constructor(client: DhcpClient, host: () => Speaker | null) {
    this.client = client
    this.host = host
  }

  handleBatch(batch: FrameBatch, nowUs: number): void {
    this.host()?.handleBatch(batch, nowUs)
    this.client.handleBatch(batch, nowUs)
  }

  handleTimeout(nowUs: number): void {
    this.client.handleTimeout(nowUs)
    this.host()?.handleTimeout(nowUs)
  }

  pollTransmit(nowUs: number, writer: FrameWriter): number {
    return this.client.pollTransmit(writer) + (this.host()?.pollTransmit(nowUs, writer) ?? 0)
  }

  pollTimeout(): number {
    return Math.min(this.client.pollTimeout(), this.host()?.pollTimeout() ?? Infinity)
  }
}
