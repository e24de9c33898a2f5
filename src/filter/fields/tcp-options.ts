import { readU32 } from '../../base/bytes.ts'
import { tcpHeaderBytes } from '../../wire/tcp.ts'
import { TcpOptionKind, tcpOptionSpans } from '../../wire/tcp-options.ts'
import type { TcpOption, TcpOptionName } from '../../wire/tcp-options.ts'
import type { Field } from '../field.ts'
import type { PacketLevel } from '../packet-view.ts'
import type { FieldType, Value } from '../value.ts'
import { tcp } from './tcp.ts'

type Read = (level: PacketLevel, into: Value[]) => void
type Named<Name extends TcpOptionName> = Extract<TcpOption, { name: Name }>

/** Fast Open as an experiment (RFC 7413 appendix A). */
const fastOpenExid = 0xf989

/** Options that the header says it has were not captured. */
export function isCutShort(dataOffsetWords: number, optionsLength: number): boolean {
  return dataOffsetWords * 4 > tcpHeaderBytes + optionsLength
}
const all = (read: (option: TcpOption, bytes: Uint8Array, into: Value[]) => void): Read => tcp(({ packet, bytes }, into) => {
  const { optionsOffset, optionsLength } = packet.tcp
  for (const { option, offset, length } of tcpOptionSpans(bytes, optionsOffset, optionsLength)) read(option, bytes.subarray(offset, offset + length), into)
})
const of = <Name extends TcpOptionName>(name: Name, values: (option: Named<Name>) => readonly Value[]): Read => all((option, _bytes, into) => {
  if (option.name === name) into.push(...values(option as Named<Name>))
})
/** Padding is an End of Option List a byte; an option of which only the kind was captured is not begun. */
const kinds: Read = tcp(({ packet: { tcp: { optionsOffset, optionsLength, dataOffsetWords } }, bytes }, into) => {
  const isCut = isCutShort(dataOffsetWords, optionsLength)
  for (const { option, offset, length } of tcpOptionSpans(bytes, optionsOffset, optionsLength)) {
    if (option.name === 'padding') into.push(...bytes.subarray(offset, offset + length))
    else if (!isCut || option.name !== 'malformed' || length > 1) into.push(bytes[offset])
  }
})
/** Of a timestamp option that was cut, the value may be there. */
const timestampValue: Read = tcp(({ packet: { tcp: { optionsOffset, optionsLength, dataOffsetWords } }, bytes }, into) => {
  for (const { option, offset, length } of tcpOptionSpans(bytes, optionsOffset, optionsLength)) {
    const isBegun = option.name === 'malformed' && isCutShort(dataOffsetWords, optionsLength) && length >= 6 && bytes[offset] === TcpOptionKind.ts && bytes[offset + 1] === 10
    if (option.name === 'ts' || isBegun) into.push(readU32(bytes, offset + 2))
  }
})
/** The option itself, as Wireshark has a protocol for each. */
const whole = (name: string, ...names: readonly TcpOptionName[]): Field => ({
  name: `tcp.options.${name}`, type: 'protocol', ofLevel: all((option, bytes, into) => { if (names.includes(option.name)) into.push(bytes) }),
})
const value = <Name extends TcpOptionName>(name: string, type: FieldType, option: Name, values: (option: Named<Name>) => readonly Value[], base?: 'hexadecimal'): Field => ({
  name: `tcp.options.${name}`, type, ofLevel: of(option, values), ...(base === undefined ? {} : { base }),
})

export const tcpOptionFields: readonly Field[] = [
  { name: 'tcp.options', type: 'bytes', ofLevel: tcp(({ packet: { tcp: { optionsOffset, optionsLength } }, bytes }, into) => { if (optionsLength > 0) into.push(bytes.subarray(optionsOffset, optionsOffset + optionsLength)) }) },
  { name: 'tcp.option_kind', type: 'uint8', ofLevel: kinds },
  { name: 'tcp.option_len', type: 'uint8', ofLevel: all((option, bytes, into) => { if (bytes[0] > 1 && option.name !== 'padding' && option.name !== 'malformed') into.push(bytes[1]) }) },
  whole('eol', 'eol', 'padding'), whole('nop', 'nop'), whole('mss', 'mss'), whole('wscale', 'wscale'), whole('sack_perm', 'sackOK'), whole('sack', 'sack'), whole('timestamp', 'ts'),
  whole('md5', 'md5'), whole('user_to', 'user-timeout'), whole('ao', 'tcp-ao'), whole('tfo', 'tfo'), whole('acc_ecn', 'accecn'), whole('experimental', 'experimental'), whole('unknown', 'unknown'),
  value('mss_val', 'uint16', 'mss', ({ mss }) => [mss]),
  value('wscale.shift', 'uint8', 'wscale', ({ shift }) => [shift]),
  value('wscale.multiplier', 'uint16', 'wscale', ({ shift }) => [2 ** Math.min(shift, 14)]),
  value('sack.count', 'uint8', 'sack', ({ blocks }) => [blocks.length]),
  { name: 'tcp.options.timestamp.tsval', type: 'uint32', ofLevel: timestampValue },
  value('timestamp.tsecr', 'uint32', 'ts', ({ ecr }) => [ecr]),
  value('md5.digest', 'bytes', 'md5', ({ digest }) => [digest]),
  value('user_to_granularity', 'boolean', 'user-timeout', ({ isMinutes }) => [isMinutes ? 1 : 0]),
  value('user_to_val', 'uint16', 'user-timeout', ({ value: timeout }) => [timeout]),
  value('ao.keyid', 'uint8', 'tcp-ao', ({ keyId }) => [keyId]),
  value('ao.rnextkeyid', 'uint8', 'tcp-ao', ({ rNextKeyId }) => [rNextKeyId]),
  value('ao.mac', 'bytes', 'tcp-ao', ({ mac }) => mac.length > 0 ? [mac] : []),
  {
    name: 'tcp.options.tfo.cookie', type: 'bytes',
    ofLevel: all((option, _bytes, into) => {
      if (option.name === 'tfo' && option.cookie.length > 0) into.push(option.cookie)
      if (option.name === 'experimental' && option.exid === fastOpenExid && option.data.length > 0) into.push(option.data)
    }),
  },
  { name: 'tcp.options.tfo.request', type: 'none', ofLevel: of('tfo', ({ cookie }) => cookie.length === 0 ? [1] : []) },
  value('acc_ecn.ee0b', 'uint24', 'accecn', ({ order, counters }) => counters.slice(order * 2, order * 2 + 1)),
  value('acc_ecn.eceb', 'uint24', 'accecn', ({ counters }) => counters.slice(1, 2)),
  value('acc_ecn.ee1b', 'uint24', 'accecn', ({ order, counters }) => counters.slice(2 - order * 2, 3 - order * 2)),
  value('experimental.exid', 'uint16', 'experimental', ({ exid }) => [exid], 'hexadecimal'),
  value('unknown.payload', 'bytes', 'unknown', ({ data }) => data.length > 0 ? [data] : []),
]
