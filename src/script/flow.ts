import type { IpAddress } from '../stack/ip-address.ts'

/**
 * A connection as the script sees it: its 4-tuple, and how the script's numbers become those of the wire. On a SYN the script writes the
 * initial sequence number itself; elsewhere its numbers count from that one.
 */
export class Flow {
  readonly local: IpAddress
  readonly remote: IpAddress
  localPort: number
  readonly remotePort: number
  /** Of our side on the wire, and what the script calls it; learned from the first SYN that leaves. */
  localIsn = 0
  localScriptIsn = 0
  knowsLocalIsn = false
  /** Of the other side: the script's word goes, once it has sent a SYN. */
  remoteIsn = 0
  knowsRemoteIsn = false
  /** Timestamps that left, by the value that the script gives them. */
  private readonly timestamps = new Map<number, number>()
  /** IPv6 flow labels that left, by those of the script. */
  private readonly labels = new Map<number, number>()
  private firstTimestamp: { readonly script: number, readonly live: number } | null = null

  constructor(local: IpAddress, remote: IpAddress, localPort: number, remotePort: number) {
    this.local = local
    this.remote = remote
    this.localPort = localPort
    this.remotePort = remotePort
  }

  get version(): 4 | 6 {
    return typeof this.local === 'number' ? 4 : 6
  }

  learnLocalIsn(live: number, script: number): void {
    this.localIsn = live
    this.localScriptIsn = script
    this.knowsLocalIsn = true
  }

  learnRemoteIsn(isn: number): void {
    this.remoteIsn = isn
    this.knowsRemoteIsn = true
  }

  /** A sequence number that our side uses. */
  localToLive(script: number, isSyn: boolean): number {
    return isSyn ? (script - this.localScriptIsn + this.localIsn) >>> 0 : (script + this.localIsn) >>> 0
  }

  localToScript(live: number, isSyn: boolean): number {
    return isSyn ? (live - this.localIsn + this.localScriptIsn) >>> 0 : (live - this.localIsn) >>> 0
  }

  /** A sequence number of the other side. */
  remoteToLive(script: number): number {
    return (script + this.remoteIsn) >>> 0
  }

  remoteToScript(live: number): number {
    return (live - this.remoteIsn) >>> 0
  }

  /** Whether a flow label is the same as before where the script's is, and another where it is another. */
  isLabel(script: number, live: number): boolean {
    const known = this.labels.get(script)
    if (known !== undefined) return known === live
    if ([...this.labels.values()].includes(live)) return false
    this.labels.set(script, live)
    return true
  }

  noteTimestamp(script: number, live: number): void {
    this.timestamps.set(script, live)
    this.firstTimestamp ??= { script, live }
  }

  /** What `script` would be on the wire by the first timestamp and ticks of both; null before there was one. */
  scaledTimestamp(script: number, scriptTickUs: number, liveTickUs: number): number | null {
    const first = this.firstTimestamp
    return first === null ? null : (first.live + Math.round((((script - first.script) | 0) * scriptTickUs) / liveTickUs)) >>> 0
  }

  /** Null where the script never saw that value leave. */
  echoToLive(script: number): number | null {
    return this.timestamps.get(script) ?? null
  }
}
