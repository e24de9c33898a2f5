import { fault, FaultError } from '../../src/base/fault.ts'
import { publicAddress } from '../../src/craft/inject-guard.ts'
import { addressBytes } from '../../src/script/build-packet.ts'
import { profiles } from '../../src/script/profile.ts'
import { parseAddress } from '../../src/stack/ip-address.ts'
import type { IpAddress } from '../../src/stack/ip-address.ts'
import { isLinkLocalIpv6, isSameIpv4Network, isSamePrefix, parseCidr } from '../../src/wire/addresses.ts'
import { readU32 } from '../../src/base/bytes.ts'
import { machineClock } from '../lab/clock.ts'
import { Injector } from '../lab/injector.ts'
import { NeighbourProbe } from '../lab/neighbour-probe.ts'
import { LiveWire } from '../live/live-wire.ts'
import { PeerPerson } from '../live/peer-person.ts'
import { PeerProgram } from '../live/peer-program.ts'
import { playLive } from '../live/play-live.ts'
import { tellFailure, UsageError } from './failure.ts'
import { elevationOf, openNamedLink } from './link-choice.ts'
import type { CliOptions } from './options.ts'
import type { ScriptFrame, ScriptOutcome, ScriptRules } from './script-job.ts'
import { SpokenHost } from './spoken-host.ts'
import type { Words } from './words.ts'

/** A link on which scripts are played against a peer, one after another. */
export interface LiveStage {
  /** @throws FaultError `hostUnreachable`, `peerProgramFailed`, the link's own end, and what injection refuses */
  play(text: string, rules: ScriptRules): Promise<ScriptOutcome>
  close(): Promise<void>
}

/**
 * Takes an address of its own on the link, so that no kernel of ours answers for the script. A host claims it and answers ARP and neighbour solicitations,
 * and is silent about TCP.
 * @throws UsageError, FaultError as `openNamedLink` and `SpokenHost`, `targetNeedsConsent`, `hostUnreachable`
 */
export async function openLiveStage(options: CliOptions, words: Words, print: (line: string) => void): Promise<LiveStage> {
  const { link: name, peer: peerText, ip, gateway } = options
  for (const [option, value] of [['--link IF', name], ['--peer ADDR', peerText], ['--ip ADDR/LEN', ip as string | undefined]] as const) {
    if (value === undefined) throw new UsageError('missingOption', { name: option, command: 'run' })
  }
  const peer = parseAddress(peerText!)!
  const target = publicAddress(addressBytes(peer))
  const consent = new Set(options.consent)
  if (target !== null && !consent.has(target)) throw new FaultError(fault('targetNeedsConsent', { target }))
  const opened = await openNamedLink(name!, { ...elevationOf(options), promiscuous: false })
  const isSix = typeof peer !== 'number'
  let wire: LiveWire | null = null
  let died: FaultError | null = null
  // A host always has an IPv4 address; where the script speaks IPv6 it is one that nobody asks for.
  const settings = { address: isSix ? '169.254.77.77/16' : ip, ...isSix ? { ipv6: ip } : {}, ...options.mac === undefined ? {} : { mac: options.mac }, ...isSix || gateway === undefined ? {} : { gateway } }
  const host = new SpokenHost({
    opened, settings, tcp: {}, onError: (error) => { tellFailure(error, words) },
    watch: (batch) => {
      probe.see(batch)
      wire?.see(batch)
    },
  })
  host.host.host.setSilence({ refusals: 'allPorts', synFins: true })
  const { mac } = host.host.host.config
  const injector = new Injector(opened.link)
  host.driver.tasks.add(injector)
  const probe = new NeighbourProbe(mac, (frame) => {
    void injector.send([frame], 1, 1000, machineClock())
    host.driver.wake()
  })
  void host.died.then((reason) => {
    died = new FaultError(reason)
    wire?.fail(died)
  })
  const close = (): Promise<void> => host.close()
  try {
    await host.readyFor(peerText!)
    const own = parseAddress(ip.split('/')[0])!
    const hop = nextHop(peer, ip, gateway)
    const hopMac = await probe.ask(hop)
    if (hopMac === null) throw new FaultError(fault('hostUnreachable', { address: peerText! }))
    return { play: (text, live) => play(text, live, own, hopMac), close }
  } catch (error) {
    await close()
    throw error
  }

  async function play(text: string, { profile, defines, tool, keepsFrames }: ScriptRules, own: IpAddress, hopMac: Uint8Array): Promise<ScriptOutcome> {
    if (died !== null) throw died
    const startUs = machineClock()
    const frames: ScriptFrame[] = []
    const stage = wire = new LiveWire({
      link: opened.link, clock: machineClock, own: { address: own, mac }, peer: { address: peer, mac: hopMac }, consent,
      tap: (frame, direction, nowUs) => { if (keepsFrames) frames.push({ frame: frame.slice(), direction, nowUs: nowUs - startUs }) },
    })
    const notify = (): void => stage.step()
    const { peerCommand } = options
    const program = peerCommand === undefined ? new PeerPerson((line) => print(words('script.live.perform', { call: line })), notify) : new PeerProgram(peerCommand, notify)
    if (peerCommand === undefined) print(words('script.live.byHand', { peer: peerText!, own: ip.split('/')[0] }))
    try {
      const report = await playLive(text, {
        wire: stage, peer: program, isByHand: peerCommand === undefined, local: peer, remote: own, profile: profile ?? profiles.linux, defines, tool,
      })
      return { report, frames, ms: (machineClock() - startUs) / 1000 }
    } finally {
      wire = null
      await program.close()
    }
  }
}

/** The peer itself where it is on our network, else the router. @throws UsageError where no router is given */
function nextHop(peer: IpAddress, ip: string, gateway: string | undefined): IpAddress {
  const { address, prefixLength } = parseCidr(ip)!
  const isNear = typeof peer === 'number' ? isSameIpv4Network(peer, readU32(address, 0), prefixLength) : isLinkLocalIpv6(peer) || isSamePrefix(peer, address, prefixLength)
  if (isNear) return peer
  if (gateway === undefined) throw new UsageError('missingOption', { name: '--gateway ADDR', command: 'run' })
  return parseAddress(gateway)!
}
