import type { Random } from '../../src/base/random.ts'

const interesting = [0, 1, 2, 4, 5, 7, 8, 0x0f, 0x10, 0x3f, 0x40, 0x45, 0x4f, 0x60, 0x7f, 0x80, 0x81, 0xa8, 0xf0, 0xfe, 0xff]

/** A broken copy of a frame: bits flipped, bytes and 16-bit fields set to values that hurt, cut short, made longer, or a part copied over another. */
export function mutate(frame: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = frame.slice()
  const changes = 1 + random.nextBelow(4)
  for (let i = 0; i < changes; i++) bytes = change(bytes, random)
  return bytes
}

function change(bytes: Uint8Array, random: Random): Uint8Array {
  const kind = random.nextBelow(8)
  if (kind === 0) return bytes.slice(0, random.nextBelow(bytes.length + 1))
  if (kind === 1) {
    const longer = new Uint8Array(bytes.length + random.nextBelow(40))
    longer.set(bytes)
    return longer
  }
  if (bytes.length < 2) return bytes
  const at = random.nextBelow(bytes.length - 1)
  if (kind <= 3) {
    bytes[at] ^= 1 << random.nextBelow(8)
  } else if (kind <= 5) {
    bytes[at] = interesting[random.nextBelow(interesting.length)]
  } else if (kind === 6) {
    const value = random.nextU32()
    bytes[at] = value
    bytes[at + 1] = value >>> 8
  } else {
    bytes.copyWithin(at, random.nextBelow(bytes.length), random.nextBelow(bytes.length))
  }
  return bytes
}
