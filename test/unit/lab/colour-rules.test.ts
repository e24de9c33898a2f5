import { describe, expect, it } from 'vitest'
import { FaultError } from '../../../src/base/fault.ts'
import { ColourRules } from '../../../main/lab/colour-rules.ts'
import { TraceUnderTest } from '../trace/segments.ts'

const test = new TraceUnderTest()
for (const line of [
  '@0 c> S 100:100(0) win 1000 <mss 1460>', '@0.1 s> S. 500:500(0) ack 101 win 4000 <mss 1460>', '@0.2 c> . 101:101(0) ack 501 win 1000',
  '@0.3 c> . 101:101(1000) ack 501 win 1000', '@1 c> . 101:101(1000) ack 501 win 1000', '@1.1 s> R 501:501(0) win 0',
]) test.send(line)

describe('colour rules of rows', () => {
  it('say the first that each packet passes', () => {
    const rules = new ColourRules(test.trace, test.bytesOf)
    expect(rules.match([1, 2, 3, 4, 5, 6], ['tcp.flags.reset == 1', 'finding', 'tcp.len > 0', 'tcp.flags.syn == 1 or tcp.len > 0'])).toEqual([3, 3, -1, 2, 1, 0])
    expect(rules.match([5, 4], ['tcp.len > 0', 'finding'])).toEqual([0, 0])
    expect(rules.match([5], [])).toEqual([-1])
  })

  it('read bytes where the columns do not tell', () => {
    expect(new ColourRules(test.trace, test.bytesOf).match([1, 4], ['tcp.options.mss_val == 1460'])).toEqual([0, -1])
  })

  it('that are no display filters are refused, many others are forgotten', () => {
    const rules = new ColourRules(test.trace, test.bytesOf)
    expect(() => rules.match([1], ['tcp.len >'])).toThrow(FaultError)
    for (let i = 0; i < 500; i++) expect(rules.match([4], [`tcp.len == ${i + 800}`])).toEqual([i === 200 ? 0 : -1])
  })
})
