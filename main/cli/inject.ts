import { readFileSync } from 'node:fs'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { parseHex, readU32 } from '../../src/base/bytes.ts'
import { planInjection } from '../../src/craft/inject-guard.ts'
import { isLinkLocalIpv6, parseCidr, parseIpv4, parseIpv6 } from '../../src/wire/addresses.ts'
import { readCaptureFile } from '../files/capture-input.ts'
import { Driver } from '../lab/driver.ts'
import { Injector } from '../lab/injector.ts'
import { framesOfLines } from '../lab/line-frames.ts'
import type { LineSurroundings } from '../lab/line-frames.ts'
import type { OpenedLink } from '../lab/links.ts'
import { machineClock } from '../lab/clock.ts'
import { NeighbourProbe } from '../lab/neighbour-probe.ts'
import { deferred } from './deferred.ts'
import { ExitCode, UsageError, tellFailure } from './failure.ts'
import { onInterrupt } from './interrupt.ts'
import { elevationOf, openNamedLink } from './link-choice.ts'
import type { CliOptions } from './options.ts'
import type { Run } from './program.ts'

/** What to send: whole frames, or lines that still need a MAC. */
interface Wanted { frames: Uint8Array[], lines: string[] }

const ownMac = Uint8Array.of(2, 0, 0, 0, 0, 1)

/** `tcplab inject`: sends frames within the guard rails. With `--json` one object: `{"event": "injected", "sent", "failed"}`. */
export const runInject: Run = async ({ args, options, json, words }) => {
  const wanted = await readWanted(args[0] as string | undefined, options)
  const opened = await openNamedLink(options.interface, { ...elevationOf(options), promiscuous: false })
  const { info } = opened.link
  const injector = new Injector(opened.link)
  const driver = new Driver({ onError: (error) => { tellFailure(error, words) }, watch: (batch) => probe.see(batch) })
  const probe = new NeighbourProbe(info.mac ?? ownMac, (frame) => {
    void injector.send([frame], 1, 1000, machineClock())
    driver.wake()
  })
  const { promise: ended, resolve: end } = deferred<Fault | null>()
  const release = onInterrupt(() => end(null))
  opened.link.onClosed = end
  driver.tasks.add(injector)
  driver.attach(opened.link)
  try {
    if (!info.mayInject) throw new FaultError(fault('linkCannotInject', { name: info.name }))
    const frames = [...wanted.frames, ...await framesOfLines(wanted.lines, surroundingsOf(opened, options, probe))]
    const plan = planInjection(
      { frames, count: options.count ?? 1, ratePps: options.rate ?? 0, consent: new Set(options.consent) }, { linkType: info.linkType, mtu: info.mtu },
    )
    if ('code' in plan) throw new FaultError(plan)
    const order = injector.send(frames, plan.totalFrames, plan.ratePps, machineClock())
    driver.wake()
    const reason = await Promise.race([order.then(() => null), ended])
    injector.stop()
    const { sent, failed } = await order
    if (json) console.log(JSON.stringify({ event: 'injected', sent, failed }))
    else console.log(words('cli.inject.done', { sent, failed }))
    if (reason !== null) throw new FaultError(reason)
    return failed === 0 && sent === plan.totalFrames ? ExitCode.done : ExitCode.failed
  } finally {
    driver.stop()
    if (info.kind === 'sandbox') await new Promise((resolve) => setTimeout(resolve, 20))
    opened.link.close()
    release()
  }
}

/** What a line leaves out is the interface's own, and the way out is the system's. */
function surroundingsOf({ link, peer }: OpenedLink, { gateway, consent }: CliOptions, probe: NeighbourProbe): LineSurroundings {
  const own = link.info.addresses.map((text) => parseCidr(text)).filter((cidr) => cidr !== null)
  const own4 = own.find(({ version }) => version === 4)
  const { name } = link.info
  return {
    mac: link.info.mac ?? ownMac, source: own4 ? readU32(own4.address, 0) : null, destination: peer === null ? null : parseIpv4(peer.address),
    prefixLength: own4?.prefixLength ?? 0, gateway: (gateway === undefined ? null : parseIpv4(gateway)) ?? systemGateway(name),
    networks6: own.filter(({ version, address }) => version === 6 && !isLinkLocalIpv6(address)),
    gateway6: (gateway === undefined ? null : parseIpv6(gateway)) ?? systemGateway6(name),
    consent: new Set(consent), macOf: (address) => probe.ask(address),
  }
}

/** The same over IPv6: destination, its prefix length, source, its length, next hop, metric, counts, flags, device, all in hexadecimal digits. */
function systemGateway6(name: string): Uint8Array | null {
  try {
    for (const line of readFileSync('/proc/net/ipv6_route', 'latin1').split('\n')) {
      const [destination, prefixLength, , , hop, , , , , device] = line.trim().split(/\s+/)
      if (device === name && prefixLength === '00' && /^0+$/.test(destination) && /[1-9a-f]/.test(hop)) return parseHex(hop)
    }
  } catch { /* no such file: another system */ }
  return null
}

/** Linux: the default gateway of an interface, or null. Addresses stand there in the order of the machine, which is little endian wherever Linux has this lab. */
function systemGateway(name: string): number | null {
  try {
    for (const line of readFileSync('/proc/net/route', 'latin1').split('\n').slice(1)) {
      const [device, destination, gateway] = line.split('\t')
      if (device !== name || destination !== '00000000') continue
      const bytes = parseHex(gateway)!.reverse()
      return readU32(bytes, 0)
    }
  } catch { /* no such file: another system */ }
  return null
}

/** @throws UsageError `oneOf`; FaultError `hexSyntax`, and what is wrong with the file */
async function readWanted(line: string | undefined, { hex, file }: CliOptions): Promise<Wanted> {
  if ([line, hex, file].filter((given) => given !== undefined).length !== 1) throw new UsageError('oneOf', { names: '--hex, --file, LINE', command: 'inject' })
  if (line !== undefined) return { frames: [], lines: [line] }
  if (hex !== undefined) return { frames: [parseHex(hex)!], lines: [] }
  return readFile(file!)
}

async function readFile(path: string): Promise<Wanted> {
  try {
    return filled({ frames: await captureFrames(path), lines: [] }, path)
  } catch (error) {
    if (!(error instanceof FaultError) || error.fault.code !== 'fileFormatUnknown' || error.fault.params.why !== undefined) throw error
  }
  const wanted: Wanted = { frames: [], lines: [] }
  const content = readFileSync(path, 'utf8')
  // Text has none of these: it is some other file.
  if (/[\0\uFFFD]/.test(content)) throw new FaultError(fault('fileFormatUnknown', { path }))
  for (const text of content.split(/\r?\n/)) {
    const line = text.trim()
    if (line === '' || line.startsWith('#') || line.startsWith('//')) continue
    const bytes = /^[0-9a-fA-F\s:,x-]+$/.test(line) ? parseHex(line) : null
    if (bytes === null) wanted.lines.push(line)
    else wanted.frames.push(bytes)
  }
  return filled(wanted, path)
}

function filled(wanted: Wanted, path: string): Wanted {
  if (wanted.frames.length + wanted.lines.length === 0) throw new FaultError(fault('fileFormatUnknown', { path, why: 'empty' }))
  return wanted
}

/** Of another link type than the first frame's none can be sent where that one can. */
async function captureFrames(path: string): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  let linkType = -1
  const damage = await readCaptureFile(path, (batch, reader) => {
    if (linkType < 0) linkType = reader.frameLinkTypes[0]
    for (let i = 0; i < batch.count; i++) {
      if (reader.frameLinkTypes[i] === linkType) frames.push(batch.bytes.slice(batch.offset[i], batch.offset[i] + batch.capturedLength[i]))
    }
  })
  if (damage !== null) throw new FaultError(damage)
  return frames
}
