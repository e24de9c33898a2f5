import { writeU16, writeU32 } from '../base/bytes.ts'
import { sipHash24 } from './siphash.ts'

/** Both ends of a connection; addresses are a u32 (IPv4) or 16 bytes (IPv6). */
export interface FourTuple {
  readonly localAddress: number | Uint8Array
  readonly localPort: number
  readonly remoteAddress: number | Uint8Array
  readonly remotePort: number
}

const tickUs = 4

/** Of {@link putTuple}: two IPv6 addresses and two ports. */
export const tupleBytesLimit = 36

/**
 * F(local address, local port, remote address, remote port, secret) of RFC 6528 §3 and RFC 7323 §5.4, by SipHash-2-4, so that nobody without the secret can tell
 * where another connection's numbers begin.
 * @param secret at least four random words, drawn once when the host starts
 * @returns two words, good until the next call
 * @throws RangeError where the secret is shorter than 128 bits
 */
export function hashTuple(secret: Uint32Array, tuple: FourTuple): Uint32Array {
  if (secret.length < 4) throw new RangeError('the secret of initial sequence numbers needs 128 bits')
  sipHash24(secret, input, putTuple(input, tuple), hash)
  return hash
}

/** ISN = M + F (RFC 6528 §3, RFC 9293 §3.4.1): M counts every 4 µs. */
export function initialSequence(tupleHash: Uint32Array, nowUs: number): number {
  return (Math.floor(nowUs / tickUs) + tupleHash[0]) >>> 0
}

/**
 * Where the timestamp clock of a connection begins (RFC 7323 §5.4): secret, and the same for a tuple each time, so that a connection that follows
 * another goes on with later timestamps.
 */
export function timestampOffsetOf(tupleHash: Uint32Array): number {
  return tupleHash[1]
}

const hash = new Uint32Array(2)
const input = new Uint8Array(tupleBytesLimit)

/** Writes both ends, 12 bytes for IPv4, 36 for IPv6: no two tuples give the same. @returns their length */
export function putTuple(bytes: Uint8Array, tuple: FourTuple): number {
  const { localAddress, remoteAddress } = tuple
  const addressBytes = typeof localAddress === 'number' ? 4 : 16
  putAddress(bytes, 0, localAddress)
  putAddress(bytes, addressBytes, remoteAddress)
  writeU16(bytes, 2 * addressBytes, tuple.localPort)
  writeU16(bytes, 2 * addressBytes + 2, tuple.remotePort)
  return 2 * addressBytes + 4
}

function putAddress(bytes: Uint8Array, at: number, address: number | Uint8Array): void {
  if (typeof address === 'number') writeU32(bytes, at, address)
  else bytes.set(address, at)
}
