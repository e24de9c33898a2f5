import { describe, expect, it } from 'vitest'
import { asciiBytes } from '../../../src/base/bytes.ts'
import { answerPacket } from '../../../src/craft/answer.ts'
import { buildFrame, isFault } from '../../../src/craft/build.ts'
import { defaultDraft } from '../../../src/craft/draft.ts'
import { draftFromOneLine } from '../../../src/craft/one-line.ts'
import { LinkType, Packet, decodePacket } from '../../../src/wire/packet.ts'
import { printPacket } from '../../../src/wire/one-line.ts'
import { frames } from '../../support/frames.ts'
import type { Answer } from '../../../src/craft/answer.ts'
import type { PacketDraft } from '../../../src/craft/draft.ts'

function answerTo(line: string, isn?: number): Answer {
  const frame = buildFrame(draftFromOneLine(line, defaultDraft) as PacketDraft) as Uint8Array
  const answer = answerPacket(frame, isn)
  if (isFault(answer)) throw new Error(JSON.stringify(answer))
  return answer
}

function printed({ draft }: Answer): string {
  const frame = buildFrame(draft) as Uint8Array
  const packet = new Packet()
  decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
  return printPacket(packet, frame)
}

const reasonsOf = (answer: Answer) => Object.fromEntries(answer.explanation.map(({ field, reason }) => [field, reason]))

describe('answerPacket', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a SYN', 'S 1000:1000(0) win 9 <mss 1200,sackOK,TS val 5 ecr 0,nop,wscale 3>', 'S. 7:7(0) ack 1001 win 65535 <mss 1200,sackOK,TS val 1 ecr 5,wscale 3,eol>'],
    ['a SYN without options', 'S 1000:1000(0)', 'S. 7:7(0) ack 1001 win 65535'],
    ['a SYN+ACK', 'S. 2000:2000(0) ack 1001 <mss 1460>', '. 1001:1001(0) ack 2001 win 65535'],
    ['data', 'P. 1001:1006(5) ack 2001 <nop,nop,TS val 9 ecr 4>', '. 2001:2001(0) ack 1006 win 65535 <nop,nop,TS val 4 ecr 9>'],
    ['a FIN', 'F. 1006:1006(0) ack 2001', '. 2001:2001(0) ack 1007 win 65535'],
    ['a FIN with data', 'FP. 1006:1016(10) ack 2001', '. 2001:2001(0) ack 1017 win 65535'],
    ['an ACK', '. 1006:1006(0) ack 2001', '. 2001:2001(0) ack 1006 win 65535'],
    ['data at the end of the sequence space', 'P. 4294967295:4(5) ack 2001', '. 2001:2001(0) ack 4 win 65535'],
  ]
  for (const [name, theirs, ours] of cases) {
    it(`answers ${name}`, () => { expect(printed(answerTo(`192.0.2.9:5555 > 192.0.2.1:80 ${theirs}`, 7))).toBe(`192.0.2.1:80 > 192.0.2.9:5555 ${ours}`) })
  }

  it('says where each number comes from', () => {
    const answer = answerTo('FP. 1006:1016(10) ack 2001')
    expect(reasonsOf(answer)).toEqual({
      ethernet: 'swapped', ip: 'swapped', ports: 'swapped', 'tcp.seq': 'seqIsTheirAck', 'tcp.ack': 'ackIsNext', 'tcp.flags': 'finGetsAck', 'tcp.window': 'fullWindow', 'tcp.options': 'noOptions' })
    expect(answer.explanation.find(({ field }) => field === 'tcp.ack')!.operands).toEqual({ seq: 1006, payload: 10, syn: 0, fin: 1, sum: 1017 })
    expect(answer.draft.ethernet).toMatchObject({ source: defaultDraft.ethernet.destination, destination: defaultDraft.ethernet.source })
    expect(reasonsOf(answerTo('R 1:1(0)'))['tcp.flags']).toBe('resetGetsNothing')
    expect(answerTo('S 5:5(0)', 99).explanation).toContainEqual({ field: 'tcp.seq', reason: 'seqIsInitial', operands: { isn: 99 } })
  })

  it('answers over IPv6 and through VLAN tags, and refuses what is not TCP', () => {
    expect(printed(answerPacket(frames.tcp6Syn) as Answer)).toMatch(/^\[2001:db8::2\]:80 > \[2001:db8::1\]:40100 S\. 0:0\(0\) ack 1001/)
    expect((answerPacket(frames.tcpVlan) as Answer).draft.ethernet.tags).toHaveLength(2)
    expect(answerPacket(frames.udpData)).toMatchObject({ code: 'badArgument' })
    expect(answerPacket(asciiBytes('short'))).toMatchObject({ code: 'frameTooShort' })
  })
})
