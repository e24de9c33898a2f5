import { hex, parseHex } from '../../src/base/bytes.ts'
import type { TcpOption } from '../../src/wire/tcp-options.ts'
import { encodeTcpOption } from '../../src/wire/tcp-options.ts'

/** Options that the form can add, with their first values. */
export const newOptions: Readonly<Record<string, TcpOption>> = {
  mss: { name: 'mss', mss: 1460 },
  wscale: { name: 'wscale', shift: 7 },
  sackOK: { name: 'sackOK' },
  ts: { name: 'ts', val: 1, ecr: 0 },
  sack: { name: 'sack', blocks: [{ left: 1000, right: 2000 }] },
  nop: { name: 'nop' },
  eol: { name: 'eol' },
  unknown: { name: 'unknown', kind: 200, data: new Uint8Array([1, 2]) },
  malformed: { name: 'malformed', bytes: new Uint8Array([2, 0]) },
}

const u32 = 0xffff_ffff

/** The value of an option as one short text; null where it has none. Bytes are written as hex. */
export function optionText(option: TcpOption): string | null {
  switch (option.name) {
    case 'nop': case 'eol': case 'sackOK': return null
    case 'mss': return String(option.mss)
    case 'wscale': return String(option.shift)
    case 'ts': return `${option.val} ${option.ecr}`
    case 'sack': return option.blocks.map(({ left, right }) => `${left}:${right}`).join(' ')
    case 'unknown': return `${option.kind} ${hex(option.data)}`.trim()
    case 'malformed': case 'padding': return hex(option.bytes)
    default: return hex(encodeTcpOption(option))
  }
}

/** Reads what {@link optionText} writes. @returns null where the text does not say such an option */
export function withOptionText(option: TcpOption, text: string): TcpOption | null {
  const words = text.trim().split(/\s+/)
  switch (option.name) {
    case 'nop': case 'eol': case 'sackOK': return option
    case 'mss': return whole(words, [0xffff], ([mss]) => ({ name: 'mss', mss }))
    case 'wscale': return whole(words, [0xff], ([shift]) => ({ name: 'wscale', shift }))
    case 'ts': return whole(words, [u32, u32], ([val, ecr]) => ({ name: 'ts', val, ecr }))
    case 'sack': return sackOf(words)
    case 'unknown': return unknownOf(words)
    case 'malformed': case 'padding': return bytesOf(text, (bytes) => ({ name: option.name, bytes }))
    default: return bytesOf(text, (bytes) => bytes.length >= 2 ? { name: 'unknown', kind: bytes[0], data: bytes.subarray(2) } : null)
  }
}

/** Bytes that the option takes in the header. */
export function optionBytes(option: TcpOption): number {
  return encodeTcpOption(option).length
}

function whole(words: string[], limits: number[], make: (values: number[]) => TcpOption): TcpOption | null {
  if (words.length !== limits.length || !words.every((word, i) => /^\d+$/.test(word) && Number(word) <= limits[i])) return null
  return make(words.map(Number))
}

function sackOf(words: string[]): TcpOption | null {
  const blocks = words.map((word) => /^(\d+):(\d+)$/.exec(word))
  if (!blocks.every((match) => match !== null && Number(match[1]) <= u32 && Number(match[2]) <= u32)) return null
  return { name: 'sack', blocks: blocks.map((match) => ({ left: Number(match![1]), right: Number(match![2]) })) }
}

function unknownOf([kind, ...rest]: string[]): TcpOption | null {
  const data = rest.length === 0 ? new Uint8Array(0) : parseHex(rest.join(''))
  return /^\d+$/.test(kind) && Number(kind) <= 0xff && Number(kind) > 1 && data !== null && data.length <= 253 ? { name: 'unknown', kind: Number(kind), data } : null
}

function bytesOf(text: string, make: (bytes: Uint8Array) => TcpOption | null): TcpOption | null {
  const bytes = parseHex(text)
  return bytes === null ? null : make(bytes)
}
