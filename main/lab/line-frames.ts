import { readU32 } from '../../src/base/bytes.ts'
import { FaultError, fault } from '../../src/base/fault.ts'
import { buildFrame, isFault } from '../../src/craft/build.ts'
import { defaultDraft, ipv4Draft } from '../../src/craft/draft.ts'
import type { PacketDraft } from '../../src/craft/draft.ts'
import { publicAddress } from '../../src/craft/inject-guard.ts'
import { draftFromOneLine } from '../../src/craft/one-line.ts'
import { formatIp, formatIpv4, ipv4Bytes, isSameIpv4Network } from '../../src/wire/addresses.ts'
import { isOneLineError } from '../../src/wire/one-line-parse.ts'

/** What a line leaves out. */
export interface LineSurroundings {
  /** Sender of the frames. */
  readonly mac: Uint8Array
  /** Source and destination of lines that name none; null where there is nobody to name. */
  readonly source: number | null
  readonly destination: number | null
  /** Who is on the same network as `source`. */
  readonly prefixLength: number
  readonly gateway: number | null
  /** Public addresses that the user agreed to. */
  readonly consent: ReadonlySet<string>
  /** The MAC of a neighbour, or null where nobody answers for the address. */
  macOf(address: number): Promise<Uint8Array | null>
}

/**
 * Packets in one-line form as Ethernet frames.
 * @throws FaultError `packetSyntax`, `targetNeedsConsent`, `badArgument`, `frameTooLong`, `hostUnreachable`
 */
export async function framesOfLines(lines: readonly string[], surroundings: LineSurroundings): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  for (const line of lines) frames.push(await frameOfLine(line, surroundings))
  return frames
}

async function frameOfLine(line: string, surroundings: LineSurroundings): Promise<Uint8Array> {
  const { mac, source, destination } = surroundings
  const defaults: PacketDraft = {
    ...defaultDraft, ethernet: { ...defaultDraft.ethernet, source: mac },
    ip: ipv4Draft(ipv4Bytes(source ?? 0), ipv4Bytes(destination ?? 0)), payload: new Uint8Array(0), tcp: { ...defaultDraft.tcp, options: [] },
  }
  const draft = draftFromOneLine(line, defaults)
  if (isOneLineError(draft)) throw new FaultError(fault('packetSyntax', { line, column: draft.column, expected: draft.expected, got: draft.got }))
  if (draft.ip.source.every((byte) => byte === 0) || draft.ip.destination.every((byte) => byte === 0)) {
    throw new FaultError(fault('packetSyntax', { line, column: 1, expected: 'ADDRESS:PORT > ADDRESS:PORT', got: line.slice(0, 20) }))
  }
  // Before anybody is asked for a MAC: nothing at all is sent towards a target without consent.
  const target = publicAddress(draft.ip.destination)
  if (target !== null && !surroundings.consent.has(target)) throw new FaultError(fault('targetNeedsConsent', { target }))
  const frame = buildFrame({ ...draft, ethernet: { ...draft.ethernet, destination: await destinationMac(draft, surroundings) } })
  if (isFault(frame)) throw new FaultError(frame)
  return frame
}

async function destinationMac({ ip }: PacketDraft, surroundings: LineSurroundings): Promise<Uint8Array> {
  const unreachable = (): FaultError => new FaultError(fault('hostUnreachable', { address: formatIp(ip.destination) }))
  if (ip.version === 6) throw unreachable()
  const target = readU32(ip.destination, 0)
  const { source, prefixLength, gateway } = surroundings
  const isNear = source === null || prefixLength === 0
    ? gateway === null || publicAddress(ip.destination) === null
    : isSameIpv4Network(source, target, prefixLength)
  if (!isNear && gateway === null) throw unreachable()
  const mac = await surroundings.macOf(isNear ? target : gateway!)
  if (mac === null) throw new FaultError(fault('hostUnreachable', { address: isNear ? formatIpv4(target) : formatIpv4(gateway!) }))
  return mac
}
