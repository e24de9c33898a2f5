import { rmSync, statSync } from 'node:fs'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import type { FrameBatch } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { LinkInfo } from '../../src/link/link.ts'
import { RecordingLink } from '../../src/link/record.ts'
import { machineClock } from '../lab/clock.ts'
import { Driver } from '../lab/driver.ts'
import type { Task } from '../lab/driver.ts'
import { Recorder } from '../lab/recorder.ts'
import { RingRecorder } from '../files/ring-recorder.ts'
import { deferred } from './deferred.ts'
import { displayFilterOf } from './display-filter.ts'
import { ExitCode, UsageError, tellFailure } from './failure.ts'
import { onInterrupt } from './interrupt.ts'
import { elevationOf, openNamedLink } from './link-choice.ts'
import { followerOf } from './live-follower.ts'
import { ringLimits } from './options.ts'
import type { CliOptions } from './options.ts'
import { Output } from './output.ts'
import { frameJson, frameLine } from './packet-line.ts'
import type { Run } from './program.ts'
import { programName } from './version.ts'

type FileRecorder = Recorder | RingRecorder

/** How often lines are shown that do not fill a piece. */
const flushUs = 100_000
/** More frames than a ring holds; a flood that goes on is not waited for. */
const ringFramesAtMost = 1 << 20

/**
 * `tcplab capture`: a line a frame, at the end one object of counts:
 * `{"received", "droppedByKernel", "droppedByInterface", "droppedByRing", "recorded"}`; with `--json` it has `"event": "counts"` in front.
 * Counters that a link cannot know are null.
 */
export const runCapture: Run = async ({ options, json, words }) => {
  const { promiscuous = true, count = Infinity, seconds = Infinity, quiet = false } = options
  const filter = options.displayFilter === undefined ? null : displayFilterOf(options.displayFilter, words)
  if (options.ring !== undefined && options.write === undefined) throw new UsageError('missingOption', { name: '--write', command: 'capture' })
  const opened = await openNamedLink(options.interface, { ...elevationOf(options), filter: options.filter ?? '', promiscuous, ...(options.snap ? { snapLength: options.snap } : {}) })
  const { info } = opened.link
  const recorder = options.write === undefined ? null : openRecorder(options, options.write, info)
  if (recorder?.fault) {
    opened.link.close()
    throw new FaultError(discard(recorder, recorder.fault))
  }
  const output = new Output(process.stdout)
  const link = new RecordingLink(opened.link, null)
  const live = followerOf(filter, options.findings && (json ? 'json' : options.findings), info.linkType)
  let seen = 0
  let failure: Fault | null = null
  let troubleTold = ''
  const { promise: ended, resolve: end } = deferred<void>()

  const watch = (batch: FrameBatch): void => {
    const wanted = Math.min(batch.count, count - seen)
    if (wanted <= 0) return
    if (wanted < batch.count) batch.count = wanted
    seen += wanted
    recorder?.record(batch)
    live?.take(batch)
    for (let i = 0; i < wanted && !quiet; i++) {
      if (live?.shown?.[i] === 0) continue
      const line = options.findings !== undefined ? live!.findings(i) : json ? frameJson(batch, i, info.linkType) : frameLine(batch, i, info.linkType)
      if (line !== null) output.line(line)
    }
    if (seen >= count) end()
  }
  const driver = new Driver({ watch, onError: (error) => { tellFailure(error, words) } })
  const lines: Task & { dueUs: number } = {
    dueUs: machineClock() + flushUs,
    pollTimeout() { return this.dueUs },
    handleTimeout(nowUs) {
      output.flush()
      this.dueUs = nowUs + flushUs
      if (output.isBroken) end()
      if (recorder?.fault && recorder.fault.code !== troubleTold) {
        troubleTold = recorder.fault.code
        tellFailure(new FaultError(recorder.fault), words)
      }
    },
  }
  driver.tasks.add(lines)
  if (recorder !== null) driver.tasks.add(recorder)
  opened.link.onClosed = (reason) => {
    failure = reason
    end()
  }
  const release = onInterrupt(end)
  const limit = Number.isFinite(seconds) ? setTimeout(end, seconds * 1000) : null
  if (!json) process.stderr.write(`${words('cli.capture.listening', { name: info.name, linkType: `LINKTYPE ${info.linkType}`, snapLength: info.snapLength })}\n`)
  if (recorder !== null && !json) process.stderr.write(`${words('cli.capture.recording', { path: recorder.path })}\n`)
  driver.attach(link)
  await ended
  if (limit !== null) clearTimeout(limit)
  // What waits in the ring was received before the end: it counts, and belongs into the recording.
  link.drain((batch) => watch(batch), ringFramesAtMost)
  driver.stop()
  const counts = emptyStatistics()
  link.statistics(counts)
  link.close()
  recorder?.noteStatistics(counts)
  recorder?.close(machineClock())
  const known = (name: 'droppedByKernel' | 'droppedByInterface' | 'droppedByRing'): number | null => info.unknownCounters.includes(name) ? null : counts[name]
  output.line(JSON.stringify({
    ...(json ? { event: 'counts' } : {}), received: counts.received, droppedByKernel: known('droppedByKernel'), droppedByInterface: known('droppedByInterface'),
    droppedByRing: known('droppedByRing'), recorded: recorder === null ? 0 : recorder.frames - recorder.heldFrames,
  }))
  await output.end()
  release()
  const trouble = failure ?? recorder?.fault ?? null
  recorder?.dispose()
  if (trouble === null) return ExitCode.done
  return trouble.code === troubleTold ? ExitCode.failed : tellFailure(new FaultError(final(trouble)), words)
}

/** Takes back a recording that could not be begun. @returns why, in words for a capture that does not go on */
function discard(recorder: FileRecorder, reason: Fault): Fault {
  recorder.dispose()
  const left = statSync(recorder.path, { throwIfNoEntry: false })
  // A device such as /dev/full has no size either, and is not ours to remove.
  if (left?.isFile() && left.size === 0) rmSync(recorder.path, { force: true })
  return final(reason)
}

/** Without `lost`, what is said is not that capturing goes on. */
function final({ code, params: { lost, ...params } }: Fault): Fault {
  return fault(code, code === 'diskFull' || lost === undefined ? params : { ...params, lost })
}

function openRecorder({ filter = '', ring }: CliOptions, path: string, info: LinkInfo): FileRecorder {
  const options = { path, info, filter, application: programName, nowUs: machineClock(), existing: 'overwrite', inUse: 'refuse' } as const
  return ring === undefined ? Recorder.open(options) : new RingRecorder(options, ringLimits(ring)!)
}
