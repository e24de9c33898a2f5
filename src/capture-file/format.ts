/** Numbers of the two capture file formats: pcapng (draft-ietf-opsawg-pcapng) and pcap (draft-ietf-opsawg-pcap). */

export const BlockType = {
  sectionHeader: 0x0a0d0d0a, interfaceDescription: 1, packet: 2, simplePacket: 3, nameResolution: 4, interfaceStatistics: 5, enhancedPacket: 6,
  journal: 9, secrets: 10, custom: 0x0bad, uncopiedCustom: 0x4000_0bad,
} as const

export const byteOrderMagic = 0x1a2b3c4d

/** Option codes; the same number means different things in different blocks. */
export const OptionCode = {
  end: 0, comment: 1,
  sectionHardware: 2, sectionOs: 3, sectionApplication: 4,
  interfaceName: 2, interfaceDescription: 3, interfaceMac: 6, interfaceSpeed: 8, interfaceTimeResolution: 9, interfaceTimeZone: 10, interfaceFilter: 11, interfaceOs: 12,
  interfaceTimeOffset: 14, interfaceSendSpeed: 16, interfaceReceiveSpeed: 17,
  packetFlags: 2, packetDropCount: 4, packetId: 5, packetQueue: 6, packetVerdict: 7, packetProcess: 8,
  statisticsStart: 2, statisticsEnd: 3, statisticsReceived: 4, statisticsDropped: 5, statisticsOsDropped: 7, statisticsDelivered: 8,
} as const

/** Bits 0 and 1 of the packet flags. */
export const PacketFlags = { directionMask: 3, inbound: 1, outbound: 2 } as const

/** `modified`: Kuznetzov's patched libpcap of 1999 and what came of it, with longer record headers. */
export const PcapMagic = { microseconds: 0xa1b2c3d4, nanoseconds: 0xa1b23c4d, modified: 0xa1b2cd34 } as const

/** A block or frame beyond this is taken for damage; Wireshark draws the same line for blocks. */
export const maxBlockBytes = 16 * 1024 * 1024

/** 0 unknown, 1 received, 2 sent: the numbers of a frame batch's direction. */
export type FrameDirection = 0 | 1 | 2

/** Where frames go, in column form; a frame batch of the link layer has this shape. */
export interface FrameColumns {
  count: number
  bytes: Uint8Array
  readonly capacity: number
  readonly offset: Uint32Array
  readonly capturedLength: Uint32Array
  readonly originalLength: Uint32Array
  readonly timeSec: Uint32Array
  readonly timeNsec: Uint32Array
  readonly direction: Uint8Array
  add(offset: number, length: number, originalLength: number, timeSec: number, timeNsec: number, direction: FrameDirection): boolean
}

export const damageReasons = [
  'cut', 'badCompression', 'cutCompression', 'compressionWindow', 'badMagic', 'badByteOrder', 'badVersion', 'badBlockLength', 'blockTooLong', 'lengthMismatch', 'frameTooLong', 'unknownInterface', 'tooManyInterfaces', 'badTimeResolution',
] as const

/** The first byte of what could not be read, and why. Everything before it is good. */
export interface CaptureDamage {
  readonly offset: number
  /** Number of the frame that would have come next, from 1. */
  readonly frame: number
  readonly reason: typeof damageReasons[number]
}

export type DamageReason = CaptureDamage['reason']

/** What a file says of an interface. A pcap file has one without words. */
export interface CaptureInterface {
  readonly linkType: number
  /** 0: no limit. */
  readonly snapLength: number
  name: string
  description: string
  filter: string
  os: string
  mac: Uint8Array | null
  /** Time units in a second. */
  unitsPerSecond: number
  /** Seconds added to each time. */
  timeOffsetSec: number
  /** From the last statistics block; -1 where there is none. */
  received: number
  dropped: number
  /** All that stands in its description but how times are to be read: pcapng options, little endian, without an end mark. */
  options: Uint8Array
}

const noOptions = new Uint8Array(0)

export function newCaptureInterface(linkType: number, snapLength: number, unitsPerSecond: number): CaptureInterface {
  return { linkType, snapLength, name: '', description: '', filter: '', os: '', mac: null, unitsPerSecond, timeOffsetSec: 0, received: -1, dropped: -1, options: noOptions }
}

export function readU16In(bytes: Uint8Array, at: number, isLittle: boolean): number {
  return isLittle ? bytes[at] | (bytes[at + 1] << 8) : (bytes[at] << 8) | bytes[at + 1]
}

export function readU32In(bytes: Uint8Array, at: number, isLittle: boolean): number {
  return isLittle
    ? (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0
    : ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
}

export function writeU16In(bytes: Uint8Array, at: number, value: number, isLittle: boolean): void {
  bytes[isLittle ? at : at + 1] = value
  bytes[isLittle ? at + 1 : at] = value >>> 8
}

export function writeU32In(bytes: Uint8Array, at: number, value: number, isLittle: boolean): void {
  writeU16In(bytes, isLittle ? at : at + 2, value & 0xffff, isLittle)
  writeU16In(bytes, isLittle ? at + 2 : at, value >>> 16, isLittle)
}
