import { describe, expect, it } from 'vitest'
import { parseHex } from '../../../src/base/bytes.ts'
import { buildFrame } from '../../../src/craft/build.ts'
import { defaultDraft } from '../../../src/craft/draft.ts'
import { draftToCArray, draftToHex, draftToScapy } from '../../../src/craft/export.ts'
import { readFrame } from '../../../src/craft/read.ts'
import { packetTemplates, templateNames } from '../../../src/craft/templates.ts'
import { frames } from '../../support/frames.ts'
import type { PacketDraft } from '../../../src/craft/draft.ts'

const read = (name: string) => readFrame(frames[name]) as PacketDraft

describe('exports', () => {
  it('hex and the C array hold the bytes of the frame', () => {
    for (const name of templateNames) {
      const draft = packetTemplates[name](defaultDraft)
      const frame = buildFrame(draft) as Uint8Array
      expect(parseHex(draftToHex(draft) as string)).toEqual(frame)
      const array = draftToCArray(draft, 'syn') as string
      expect(array).toMatch(new RegExp(`^static const unsigned char syn\\[${frame.length}\\] = \\{\\n`))
      expect(Uint8Array.from([...array.matchAll(/0x(..)/g)].map((match) => parseInt(match[1], 16)))).toEqual(frame)
    }
  })

  it('writes Scapy with its own field names, automatic fields left out', () => {
    expect(draftToScapy(read('tcpSyn'))).toBe(
      `Ether(dst='02:00:00:00:00:02', src='02:00:00:00:00:01') / IP(tos=0, id=4660, flags=2, frag=0, ttl=64, proto=6, src='10.77.0.2', dst='10.77.0.80') / `
      + `TCP(sport=40100, dport=80, seq=1000, ack=0, reserved=0, flags=0x2, window=65535, urgptr=0, `
      + `options=[('MSS', 1460), ('SAckOK', b''), ('Timestamp', (1, 0)), ('NOP', None), ('WScale', 7)])`)
    expect(draftToScapy(read('tcpData'))).toMatch(/ \/ Raw\(load=bytes\.fromhex\('68656c6c6f'\)\)$/)
    expect(draftToScapy(read('tcpVlan'))).toContain(`type=0x88a8) / Dot1AD(prio=1, vlan=100, type=0x8100) / Dot1Q(prio=0, vlan=101) / IP(`)
    expect(draftToScapy(packetTemplates.badChecksum(defaultDraft))).toContain('chksum=0xdead')
    expect(draftToScapy(packetTemplates.zeroLengthOption(defaultDraft))).toMatch(/ \/ Raw\(load=bytes\.fromhex\('9c400050.*020005b4'\)\)$/)
  })

  it('hands on the faults of a draft that cannot be built', () => {
    const wrong = { ...defaultDraft, tcp: { ...defaultDraft.tcp, window: 70_000 } }
    for (const exported of [draftToHex(wrong), draftToCArray(wrong), draftToScapy(wrong)]) expect(exported).toMatchObject({ code: 'badArgument' })
  })
})
