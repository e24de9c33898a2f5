import { describe, expect, it } from 'vitest'
import { bytesOf } from '../../support/frames.ts'
import { findingsOf } from '../../../src/trace/finding.ts'
import { findUnreadableOption } from '../../../src/trace/unreadable-option.ts'
import { segment, TraceUnderTest, usualTuple } from './segments.ts'

/** Where the first option that cannot be read begins; -1 none. */
function found(options: string): number {
  const bytes = bytesOf(`ff ff ${options}`)
  const at = findUnreadableOption(bytes, 2, bytes.length - 2)
  return at === bytes.length ? -1 : at - 2
}

describe('an option that cannot be read', () => {
  it.each([
    ['plain options', '02 04 05 b4 01 03 03 07 04 02', -1], ['a block of SACK', '01 01 05 0a 00 00 00 01 00 00 00 02', -1], ['SACK without a block', '01 01 05 02', 2],
    ['half a block of SACK', '05 06 00 00 00 01', 0], ['MP_CAPABLE with a version alone', '01 1e 03 01', 1], ['MP_CAPABLE of a SYN', '1e 04 01 81', -1],
    ['a data sequence signal with nothing', '1e 04 20 00', -1], ['with an acknowledgment', '1e 08 20 01 00 00 00 01', -1], ['with half of a long one', '1e 08 20 03 00 00 00 01', 0],
    ['with a mapping that is cut', '1e 08 20 04 00 00 00 01', 0], ['a fast close without a key', '1e 04 70 00', 0], ['a length that passes the end', '1e 20 20 05', -1],
    ['what stands behind the end of options', '00 05 02', -1],
  ])('%s', (_name, options, at) => {
    expect(found(options)).toBe(at)
  })

  it('hides the findings of its segment, which counts for the ones behind it', () => {
    const test = new TraceUnderTest()
    const lines = ['c> S 100:100(0)', 's> S. 500:500(0) ack 101', 'c> P. 101:111(10) ack 501', 's> . 501:501(0) ack 111', 's> . 501:501(0) ack 111']
    for (const line of lines.slice(0, 4)) test.send(line)
    const { frame } = segment('s> . 501:501(0) ack 111 <TS 1 2>', usualTuple)
    // In place of the time stamps: half a block of SACK.
    frame.set(bytesOf('05 06 00 00 00 01 01 01 01 01 01 01'), 54)
    test.add(frame)
    test.send(lines[4])
    expect([4, 5, 6].map((number) => findingsOf(test.row(number).tcp!.findings))).toEqual([[], [], ['duplicateAck']])
  })
})
