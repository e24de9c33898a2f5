/** A classic pcap file (magic 0xa1b2c3d4, little endian, microseconds) of Ethernet frames, one a millisecond: for tools that read captures. */
export function pcapOf(frames: readonly Uint8Array[], linkType = 1): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(262_144, 16)
  header.writeUInt32LE(linkType, 20)
  const records = frames.flatMap((frame, i) => {
    const record = Buffer.alloc(16)
    record.writeUInt32LE(1_700_000_000, 0)
    record.writeUInt32LE(i * 1000, 4)
    record.writeUInt32LE(frame.length, 8)
    record.writeUInt32LE(frame.length, 12)
    return [record, Buffer.from(frame)]
  })
  return Buffer.concat([header, ...records])
}
