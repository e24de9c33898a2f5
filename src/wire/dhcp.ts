import { copyBytes, readU16, readU32, writeU16, writeU32 } from '../base/bytes.ts'
import { wireError } from './error.ts'
import type { WireError } from './error.ts'

/*
 * DHCP for IPv4 (RFC 2131), in the data of UDP datagrams between ports 67 (server) and 68 (client).
 *
 *   0  op: 1 request, 2 reply        1        16  your address                    4
 *   1  hardware type                 1        20  next server                     4
 *   2  hardware address length       1        24  relay                           4
 *   3  hops                          1        28  client hardware address        16
 *   4  transaction id                4        44  server name                    64
 *   8  seconds                       2       108  boot file                     128
 *  10  flags: broadcast 0x8000       2       236  magic cookie 63 82 53 63        4
 *  12  client address                4       240  options: code 1, length 1, data (0 pads, 255 ends)
 */

export const dhcpHeaderBytes = 240
export const dhcpCookie = 0x63825363
export const DhcpPort = { server: 67, client: 68 } as const

export const DhcpMessageType = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 } as const

/** RFC 2132. */
export const DhcpOption = {
  pad: 0, subnetMask: 1, router: 3, dns: 6, requestedAddress: 50, leaseTime: 51, overload: 52, messageType: 53, serverId: 54, parameterList: 55,
  renewalTime: 58, rebindingTime: 59, clientId: 61, end: 255,
} as const

export class DhcpMessage {
  op = 1
  hardwareType = 1
  hardwareLength = 6
  hops = 0
  transactionId = 0
  seconds = 0
  flags = 0
  clientAddress = 0
  yourAddress = 0
  nextServer = 0
  relay = 0
  readonly clientHardware = new Uint8Array(16)
  readonly serverName = new Uint8Array(64)
  readonly bootFile = new Uint8Array(128)
  cookie = dhcpCookie
  /** Where the options stand in the bytes that were decoded. */
  optionsOffset = 0
  optionsLength = 0
}

/** A wrong cookie is the caller's to judge. */
export function decodeDhcp(bytes: Uint8Array, at: number, length: number, into: DhcpMessage): WireError | null {
  if (length < dhcpHeaderBytes) return wireError('udp', at, 'truncated')
  into.op = bytes[at]
  into.hardwareType = bytes[at + 1]
  into.hardwareLength = bytes[at + 2]
  into.hops = bytes[at + 3]
  into.transactionId = readU32(bytes, at + 4)
  into.seconds = readU16(bytes, at + 8)
  into.flags = readU16(bytes, at + 10)
  into.clientAddress = readU32(bytes, at + 12)
  into.yourAddress = readU32(bytes, at + 16)
  into.nextServer = readU32(bytes, at + 20)
  into.relay = readU32(bytes, at + 24)
  copyBytes(bytes, at + 28, into.clientHardware, 0, 16)
  copyBytes(bytes, at + 44, into.serverName, 0, 64)
  copyBytes(bytes, at + 108, into.bootFile, 0, 128)
  into.cookie = readU32(bytes, at + 236)
  into.optionsOffset = at + dhcpHeaderBytes
  into.optionsLength = length - dhcpHeaderBytes
  return null
}

/** Writes every field as given. @returns bytes written: 240 + optionsLength */
export function encodeDhcp(message: DhcpMessage, options: Uint8Array, optionsAt: number, optionsLength: number, into: Uint8Array, at: number): number {
  into[at] = message.op
  into[at + 1] = message.hardwareType
  into[at + 2] = message.hardwareLength
  into[at + 3] = message.hops
  writeU32(into, at + 4, message.transactionId)
  writeU16(into, at + 8, message.seconds)
  writeU16(into, at + 10, message.flags)
  writeU32(into, at + 12, message.clientAddress)
  writeU32(into, at + 16, message.yourAddress)
  writeU32(into, at + 20, message.nextServer)
  writeU32(into, at + 24, message.relay)
  copyBytes(message.clientHardware, 0, into, at + 28, 16)
  copyBytes(message.serverName, 0, into, at + 44, 64)
  copyBytes(message.bootFile, 0, into, at + 108, 128)
  writeU32(into, at + 236, message.cookie)
  copyBytes(options, optionsAt, into, at + dhcpHeaderBytes, optionsLength)
  return dhcpHeaderBytes + optionsLength
}

/**
 * The data of the first option with a code, in the options and, where option 52 says so, in the file and server name fields (RFC 2131 §4.1).
 * @returns null where there is none; what breaks off is not there
 */
export function findDhcpOption(bytes: Uint8Array, message: DhcpMessage, code: number): Uint8Array | null {
  const found = find(bytes, message.optionsOffset, message.optionsLength, code)
  if (found !== null || code === DhcpOption.overload) return found
  const overload = find(bytes, message.optionsOffset, message.optionsLength, DhcpOption.overload)?.[0] ?? 0
  const inFile = (overload & 1) !== 0 ? find(message.bootFile, 0, 128, code) : null
  return inFile ?? ((overload & 2) !== 0 ? find(message.serverName, 0, 64, code) : null)
}

function find(bytes: Uint8Array, at: number, length: number, code: number): Uint8Array | null {
  const end = at + length
  for (let i = at; i < end && bytes[i] !== DhcpOption.end;) {
    if (bytes[i] === DhcpOption.pad) { i++; continue }
    const dataEnd = i + 2 + (i + 1 < end ? bytes[i + 1] : end)
    if (dataEnd > end) return null
    if (bytes[i] === code) return bytes.slice(i + 2, dataEnd)
    i = dataEnd
  }
  return null
}
