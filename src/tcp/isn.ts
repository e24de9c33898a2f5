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

/**
 * ISN = M + F(local address, local port, remote address, remote port, secret) (RFC 6528 §3, RFC 9293 §3.4.1): M counts every 4 µs, F is
 * SipHash-2-4, so that nobody without the secret can tell where another connection's numbers begin.
 * @param secret at least four random words, drawn once when the host starts
 * @throws RangeError where the secret is shorter than 128 bits
 */
export function initialSequence(secret: Uint32Array, tuple: FourTuple, nowUs: number): number {
  if (secret.length < 4) throw new RangeError('the secret of initial sequence numbers needs 128 bits')
  sipHash24(secret, tupleBytes(tuple), hash)
  return (Math.floor(nowUs / tickUs) + hash[0]) >>> 0
}

const hash = new Uint32Array(2)
const tupleOf = { 4: new Uint8Array(12), 16: new Uint8Array(36) } as const

/** 12 bytes for IPv4, 36 for IPv6: no two tuples give the same. Good until the next call. */
function tupleBytes(tuple: FourTuple): Uint8Array {
  const { localAddress, remoteAddress } = tuple
  const addressBytes = typeof localAddress === 'number' ? 4 : 16
  const bytes = tupleOf[addressBytes]
  putAddress(bytes, 0, localAddress)
  putAddress(bytes, addressBytes, remoteAddress)
  writeU16(bytes, 2 * addressBytes, tuple.localPort)
  writeU16(bytes, 2 * addressBytes + 2, tuple.remotePort)
  return bytes
}

function putAddress(bytes: Uint8Array, at: number, address: number | Uint8Array): void {
  if (typeof address === 'number') writeU32(bytes, at, address)
  else bytes.set(address, at)
}
