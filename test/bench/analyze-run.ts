import { closeSync, openSync, readSync } from 'node:fs'
import { CaptureReader } from '../../src/capture-file/capture-reader.ts'
import { FrameBatch } from '../../src/link/frame-batch.ts'
import { Trace } from '../../src/trace/trace.ts'

/** Argument: file. Reads it once, with findings and everything else that the tracker knows; prints what it took as JSON. */
const chunkBytes = 1 << 18
const started = process.hrtime.bigint()
const trace = new Trace()
const reader = new CaptureReader()
const batch = new FrameBatch(4096)
const descriptor = openSync(process.argv[2], 'r')
for (let count = 1; count > 0;) {
  const space = reader.space(chunkBytes)
  count = readSync(descriptor, space, 0, space.length, null)
  reader.filled(count)
  if (count === 0) reader.finish()
  while (reader.read(batch, 4096) > 0) trace.append(batch, reader.frameLinkTypes, reader.frameOffsets)
}
closeSync(descriptor)
let findings = 0
for (let i = 0; i < trace.packetCount; i++) if (trace.store.findingsOf(i) !== 0) findings++
console.log(JSON.stringify({ packets: trace.packetCount, findings, seconds: Number(process.hrtime.bigint() - started) / 1e9 }))
