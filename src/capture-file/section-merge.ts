import { CaptureTime } from './capture-time.ts'
import { BlockType, OptionCode, readU16In, readU32In, writeU16In, writeU32In } from './format.ts'
import type { CaptureInterface } from './format.ts'
import { putTime } from './pcapng-writer.ts'

/*
 * Options and blocks of one pcapng section for another, which is little endian, has other interface numbers, and times in nanoseconds
 * (draft-ietf-opsawg-pcapng). What is text or bytes stays as it is; numbers, and the lengths around them, change their byte order.
 */

/** The numbers in the value of an option, as [offset, bytes] each. */
type Numbers = readonly (readonly [number, number])[]
type NumbersOf = (code: number, area: Uint8Array, valueAt: number, length: number) => Numbers

const none: Numbers = []
const word: Numbers = [[0, 4]]
const long: Numbers = [[0, 8]]

/** Of a packet's interface, time and length nothing is an option, so that all options hold in another section. */
const packetNumbers: Readonly<Record<number, Numbers>> = {
  [OptionCode.packetFlags]: word, [OptionCode.packetDropCount]: long, [OptionCode.packetId]: long, [OptionCode.packetQueue]: word, [OptionCode.packetProcess]: [[0, 4], [4, 4]],
}

const interfaceNumbers: Readonly<Record<number, Numbers>> = {
  [OptionCode.interfaceSpeed]: long, [OptionCode.interfaceTimeZone]: word, [OptionCode.interfaceSendSpeed]: long, [OptionCode.interfaceReceiveSpeed]: long,
}

/** A verdict begins with its kind: those of Linux eBPF are a number. */
const verdictNumber: Numbers = [[1, 8]]
const numberVerdicts = [1, 2]

const numbersOfPacket: NumbersOf = (code, area, at, length) =>
  code === OptionCode.packetVerdict ? (length === 9 && numberVerdicts.includes(area[at]) ? verdictNumber : none) : packetNumbers[code] ?? none
const numbersOfInterface: NumbersOf = (code) => interfaceNumbers[code] ?? none
const numbersOfStatistics: NumbersOf = (code) => code === OptionCode.statisticsStart || code === OptionCode.statisticsEnd ? [[0, 4], [4, 4]]
  : code > OptionCode.statisticsEnd && code <= OptionCode.statisticsDelivered ? long : none
const noNumbers: NumbersOf = () => none

/** Custom options begin with an enterprise number. Two of the four codes ask not to be copied into a file that is put together anew. */
const customCodes = [2988, 2989]
const uncopiedCodes = [19372, 19373]

/** Options of a packet block, without their end mark; empty where there are none or the block cannot have any. */
export function packetOptions(area: Uint8Array, start: number, length: number, isLittle: boolean): Uint8Array {
  const type = readU32In(area, start, isLittle)
  if (type !== BlockType.enhancedPacket && type !== BlockType.packet) return new Uint8Array(0)
  const from = start + 28 + padded(readU32In(area, start + 20, isLittle))
  const options = copiedOptions(area, from, start + length - 4, isLittle, numbersOfPacket)
  const drops = type === BlockType.packet ? readU16In(area, start + 10, isLittle) : unknownDrops
  return drops === unknownDrops ? options : withDrops(options, drops)
}

/** Options of an interface description, without their end mark, and without how its times are to be read. */
export function interfaceOptions(area: Uint8Array, start: number, length: number, isLittle: boolean): Uint8Array {
  return copiedOptions(area, start + 16, start + length - 4, isLittle, numbersOfInterface,
    (code) => code === OptionCode.interfaceTimeResolution || code === OptionCode.interfaceTimeOffset)
}

/** Comments of a section header as options, without an end mark: what else it says is about another writer. */
export function sectionComments(block: Uint8Array, isLittle: boolean): Uint8Array {
  return copiedOptions(block, 24, block.length - 4, isLittle, noNumbers, (code) => code !== OptionCode.comment)
}

/**
 * A block that is neither header, interface nor packet.
 * @param interfaceOf the interface that a number of its section means, and its number in the other section
 * @returns null where it cannot be carried over: it asks not to be copied, means an interface that is not there, or nothing is known of numbers in it that have the
 * other byte order
 */
export function mergedBlock(block: Uint8Array, isLittle: boolean, interfaceOf: (number: number) => { found: CaptureInterface, number: number } | null): Uint8Array | null {
  switch (readU32In(block, 0, isLittle)) {
    case BlockType.interfaceStatistics: return statistics(block, isLittle, interfaceOf(readU32In(block, 8, isLittle)))
    case BlockType.uncopiedCustom: return null
    case BlockType.nameResolution: return isLittle ? block.slice() : swappedNames(block)
    case BlockType.secrets: return isLittle ? block.slice() : swappedSecrets(block)
    case BlockType.custom: return isLittle ? block.slice() : reframed(block, block.length < 16 ? [] : [[8, 4]])
    case BlockType.journal: return isLittle ? block.slice() : reframed(block, [])
    default: return isLittle ? block.slice() : null
  }
}

const unknownDrops = 0xffff

function withDrops(options: Uint8Array, drops: number): Uint8Array {
  const more = new Uint8Array(options.length + 12)
  more.set(options)
  writeU16In(more, options.length, OptionCode.packetDropCount, true)
  writeU16In(more, options.length + 2, 8, true)
  writeU32In(more, options.length + 4, drops, true)
  return more
}

/** Up to the first that does not fit, as the reader takes them. */
function copiedOptions(area: Uint8Array, from: number, end: number, isLittle: boolean, numbersOf: NumbersOf, isLeftOut: (code: number) => boolean = () => false): Uint8Array {
  const into = new Uint8Array(Math.max(0, end - from))
  let to = 0
  for (let at = from; at + 4 <= end;) {
    const code = readU16In(area, at, isLittle)
    const length = readU16In(area, at + 2, isLittle)
    const next = at + 4 + padded(length)
    if (code === OptionCode.end || next > end) break
    if (!uncopiedCodes.includes(code) && !isLeftOut(code)) {
      into.set(area.subarray(at, next), to)
      writeU16In(into, to, code, true)
      writeU16In(into, to + 2, length, true)
      if (!isLittle) swapNumbers(into, to + 4, length, customCodes.includes(code) ? word : numbersOf(code, area, at + 4, length))
      to += next - at
    }
    at = next
  }
  return into.subarray(0, to)
}

function swapNumbers(into: Uint8Array, at: number, length: number, numbers: Numbers): void {
  for (const [offset, bytes] of numbers) if (offset + bytes <= length) into.subarray(at + offset, at + offset + bytes).reverse()
}

function statistics(block: Uint8Array, isLittle: boolean, of: { found: CaptureInterface, number: number } | null): Uint8Array | null {
  if (of === null) return null
  const options = copiedOptions(block, 20, block.length - 4, isLittle, numbersOfStatistics)
  for (let at = 0; at + 4 <= options.length; at += 4 + padded(readU16In(options, at + 2, true))) {
    const code = readU16In(options, at, true)
    const isTime = (code === OptionCode.statisticsStart || code === OptionCode.statisticsEnd) && readU16In(options, at + 2, true) === 8
    if (isTime) takeTime(options, at + 4, true, options, at + 4, of.found)
  }
  const total = 24 + (options.length > 0 ? options.length + 4 : 0)
  const into = new Uint8Array(total)
  writeU32In(into, 0, BlockType.interfaceStatistics, true)
  writeU32In(into, 4, total, true)
  writeU32In(into, 8, of.number, true)
  takeTime(block, 12, isLittle, into, 12, of.found)
  into.set(options, 20)
  writeU32In(into, total - 4, total, true)
  return into
}

function takeTime(area: Uint8Array, at: number, isLittle: boolean, into: Uint8Array, to: number, found: CaptureInterface): void {
  const time = new CaptureTime()
  time.set(readU32In(area, at, isLittle), readU32In(area, at + 4, isLittle), found.unitsPerSecond)
  putTime(into, to, time.sec + found.timeOffsetSec, time.nsec)
}

/** A big endian block without options, or whose options stay: its frame and the given numbers change. */
function reframed(block: Uint8Array, numbers: Numbers): Uint8Array {
  const into = block.slice()
  swapNumbers(into, 0, into.length, [[0, 4], [4, 4], [into.length - 4, 4], ...numbers])
  return into
}

/** Records of kind 2, length 2, value, up to kind 0; options behind them. */
function swappedNames(block: Uint8Array): Uint8Array {
  const into = reframed(block, [])
  const end = block.length - 4
  let at = 8
  for (let kind = 1; kind !== 0 && at + 4 <= end;) {
    kind = readU16In(block, at, false)
    const next = at + 4 + padded(readU16In(block, at + 2, false))
    swapNumbers(into, at, 4, [[0, 2], [2, 2]])
    at = next
  }
  return withOptions(into, block, at, noNumbers)
}

/** Kind 4, length 4, secrets; options behind them. */
function swappedSecrets(block: Uint8Array): Uint8Array {
  const into = reframed(block, block.length < 20 ? [] : [[8, 4], [12, 4]])
  return withOptions(into, block, block.length < 20 ? block.length : 16 + padded(readU32In(block, 12, false)), noNumbers)
}

/** Puts the options of a big endian block into its copy; they take the same room, or less. */
function withOptions(into: Uint8Array, block: Uint8Array, from: number, numbersOf: NumbersOf): Uint8Array {
  if (from >= block.length - 4) return into
  const options = copiedOptions(block, from, block.length - 4, false, numbersOf)
  into.fill(0, from, block.length - 4)
  into.set(options, from)
  return into
}

function padded(length: number): number {
  return length + (-length & 3)
}
