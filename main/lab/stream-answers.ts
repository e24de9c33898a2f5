import type { StreamChoice, StreamMatch, StreamPage } from '../../src/rpc/stream-contract.ts'
import { PartFile } from '../files/part-file.ts'
import { bytesOf, fieldsOf, integerOf, optional, textOf } from './arguments.ts'
import { FollowedStream } from './followed-stream.ts'
import type { Lab } from './lab.ts'

const whole = Number.MAX_SAFE_INTEGER
const longestPattern = 4096

/** Answers about the bytes that the ends of a TCP flow have sent. */
export function streamAnswers(lab: Lab) {
  const followed = (value: unknown): { stream: FollowedStream, only: 0 | 1 | null } => {
    const { flow, end } = fieldsOf(value, 'request')
    const { trace, bytesOf: read } = lab.requireOpen().capture
    return { stream: FollowedStream.of(trace, integerOf(flow, 'flow', 0, whole), read), only: optional(end, (given) => integerOf(given, 'end', 0, 1) as 0 | 1) ?? null }
  }
  return {
    getStream: (request: StreamChoice): StreamPage => {
      const { stream, only } = followed(request)
      const { from, count } = fieldsOf(request, 'request')
      return stream.page(only, integerOf(from, 'from', 0, whole), integerOf(count, 'count', 0, whole), lab.clock)
    },
    findInStream: (request: StreamChoice): StreamMatch => {
      const { stream, only } = followed(request)
      const { pattern, from, backwards, ignoreCase } = fieldsOf(request, 'request')
      const bytes = bytesOf(pattern, 'pattern')
      integerOf(bytes.length, 'pattern.length', 1, longestPattern)
      return stream.find(only, { pattern: bytes, from: integerOf(from, 'from', 0, whole), backwards: backwards === true, ignoreCase: ignoreCase === true }, lab.clock)
    },
    findStreamPacket: (request: StreamChoice): { position: number } => {
      const { stream, only } = followed(request)
      const { packet } = fieldsOf(request, 'request')
      return { position: stream.positionOf(only, integerOf(packet, 'packet', 1, lab.requireOpen().capture.trace.packetCount), lab.clock) }
    },
    saveStream: async (request: StreamChoice): Promise<{ bytes: number, missing: number }> => {
      const { stream, only } = followed(request)
      const { path, overwrite } = fieldsOf(request, 'request')
      const file = new PartFile(textOf(path, 'path'), overwrite === true)
      const release = lab.requireOpen().capture.trace.hold()
      let missing = 0
      try {
        for await (const piece of stream.bytes(only, lab.clock)) {
          if (typeof piece === 'number') missing += piece
          else file.write(piece)
        }
        file.finish()
      } catch (error) {
        file.discard()
        throw error
      } finally {
        release()
      }
      return { bytes: file.bytes, missing }
    },
  }
}
