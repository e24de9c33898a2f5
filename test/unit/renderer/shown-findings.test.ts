import { describe, expect, it } from 'vitest'
import { provenFindings, severityOf, shownFindings } from '../../../renderer/capture/shown-findings.ts'
import type { TcpRow } from '../../../src/rpc/packets-contract.ts'
import { Finding, findingNames } from '../../../src/trace/finding.ts'
import { catalogues } from '../../../src/words/catalogue.ts'

const tcp = (from: 0 | 1, seq: number) => ({ from, seq }) as TcpRow

describe('findings as they are shown', () => {
  it('come the gravest first, and a closer one stands for the one it implies', () => {
    expect(shownFindings(Finding.windowUpdate | Finding.lostSegment | Finding.retransmission)).toEqual(['lostSegment', 'retransmission', 'windowUpdate'])
    expect(shownFindings(Finding.fastRetransmission | Finding.retransmission)).toEqual(['fastRetransmission'])
    expect(severityOf('zeroWindow')).toBe('error')
  })

  it('have a name and a proof in words, each of them', () => {
    for (const name of findingNames) {
      expect(catalogues.en.findings.names).toHaveProperty(name)
      expect(catalogues.en.findings.proofs).toHaveProperty(name)
      expect(shownFindings(Finding[name])).toEqual([name])
    }
  })

  it('count sequence numbers from the first one of the side they belong to, also where they wrapped', () => {
    const proof = { finding: Finding.lostSegment, first: -10 | 0, second: 20, firstPacket: 4, secondPacket: 0 }
    const [found] = provenFindings(Finding.lostSegment, [proof], tcp(1, 20), [100, 0xffff_ff00], String)
    expect(found).toEqual({ name: 'lostSegment', severity: 'error', params: { a: '246', b: '276', seq: '276' }, packets: [4] })
    const duplicate = { finding: Finding.duplicateAck, first: 2, second: 600, firstPacket: 7, secondPacket: 7 }
    expect(provenFindings(Finding.duplicateAck, [duplicate], tcp(1, 5), [100, 0], String)[0]).toMatchObject({ params: { a: '2', b: '500' }, packets: [7] })
  })
})
