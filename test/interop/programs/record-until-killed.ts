import { writeSync } from 'node:fs'
import { Recorder } from '../../../main/lab/recorder.ts'
import { FrameBatch } from '../../../src/link/frame-batch.ts'

/*
 * Records 25 frames every 5 ms until it is killed, driven by the clock as the lab drives a recorder, and says on stdout
 * how many frames there were at which time: `frames milliseconds`, one line a turn.
 */
const nowUs = () => Date.now() * 1000
const recorder = Recorder.open({
  path: process.argv[2],
  info: {
    kind: 'memory', name: 'killed0', description: '', linkType: 1, mtu: 1500, snapLength: 65_535, mac: null, addresses: [], mayInject: false,
    timestamps: 'virtual', timestampUnit: 'ns', reportsDirection: true, unknownCounters: [],
  },
  application: 'test', nowUs: nowUs(),
})

const batch = new FrameBatch(25, new Uint8Array(25 * 100))
setInterval(() => {
  const now = nowUs()
  batch.clear()
  for (let i = 0; i < 25; i++) batch.add(i * 100, 100, 100, Math.floor(now / 1e6), (now % 1e6) * 1000, 1)
  recorder.record(batch)
  if (now >= recorder.pollTimeout()) recorder.handleTimeout(now)
  writeSync(1, `${recorder.frames} ${Math.floor(now / 1000)}\n`)
}, 5)
