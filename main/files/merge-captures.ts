import type { Fault } from '../../src/base/fault.ts'
import { CaptureCursor } from './capture-cursor.ts'
import { CaptureFileWriter } from './capture-file-writer.ts'

/** A file with its next frame at hand. */
interface Lane {
  readonly cursor: CaptureCursor
  position: number
  isOver: boolean
}

/** Frames that a file has at hand: many files may be merged. */
const framesAtHand = 512

/**
 * Puts the frames of several captures into one in the order of their times; frames of the same time stay in the order of the files.
 * @returns frames written, and what was wrong with a file: that one was taken up to its damage
 * @throws FaultError fileNotFound, fileNotReadable, fileFormatUnknown, and what the writer throws
 */
export async function mergeCaptures(paths: readonly string[], target: string, application: string): Promise<{ frames: number, damages: Fault[] }> {
  const lanes: Lane[] = []
  let writer: CaptureFileWriter | null = null
  try {
    for (const path of paths) lanes.push({ cursor: await CaptureCursor.open(path, framesAtHand), position: 0, isOver: false })
    writer = new CaptureFileWriter({ path: target, overwrite: true, application, isMerged: true })
    for (const { cursor } of lanes) writer.follow(cursor.reader)
    for (const lane of lanes) await refill(lane)
    await mergeLanes(lanes, writer)
    const damages = lanes.map(({ cursor }) => cursor.damage).filter((damage) => damage !== null)
    writer.finish()
    return { frames: writer.frames, damages }
  } catch (error) {
    writer?.discard()
    throw error
  } finally {
    for (const { cursor } of lanes) cursor.close()
  }
}

async function mergeLanes(lanes: readonly Lane[], writer: CaptureFileWriter): Promise<void> {
  for (let lane = earliest(lanes); lane !== null; lane = earliest(lanes)) {
    writer.writeOne(lane.cursor.batch, lane.cursor.reader, lane.position++)
    if (lane.position === lane.cursor.batch.count) await refill(lane)
  }
}

async function refill(lane: Lane): Promise<void> {
  lane.isOver = !await lane.cursor.next()
  lane.position = 0
}

function earliest(lanes: readonly Lane[]): Lane | null {
  let first: Lane | null = null
  for (const lane of lanes) if (!lane.isOver && (first === null || isBefore(lane, first))) first = lane
  return first
}

function isBefore(a: Lane, b: Lane): boolean {
  const sec = a.cursor.batch.timeSec[a.position] - b.cursor.batch.timeSec[b.position]
  return sec < 0 || (sec === 0 && a.cursor.batch.timeNsec[a.position] < b.cursor.batch.timeNsec[b.position])
}
