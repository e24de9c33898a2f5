import { describe, expect, it } from 'vitest'
import { utf8Bytes } from '../../../src/base/bytes.ts'
import { segmentKindOf } from '../../../src/link/segment-kind.ts'
import { segmentKinds } from '../../../src/rpc/cable-contract.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'
import { tcpFrame } from '../../support/fixture-frames.ts'
import { frames } from '../../support/frames.ts'

function kindOf(frame: Uint8Array, lead = 0): string | null {
  const bytes = new Uint8Array(lead + frame.length)
  bytes.set(frame, lead)
  return segmentKindOf(bytes, lead, frame.length)
}

const segment = (flags: number, text = '', options = '') => tcpFrame({
  source: '10.0.0.1', sourcePort: 1, destination: '10.0.0.2', destinationPort: 2, seq: 1, ack: 1, flags, window: 1000, payload: utf8Bytes(text), options,
}, 1)

describe('what a segment is for', () => {
  it('is told from its flags and its length, wherever the frame lies', () => {
    const { syn, ack, fin, rst, psh } = TcpFlag
    const found = [segment(syn), segment(syn | ack), segment(ack), segment(ack | psh, 'hi'), segment(fin | ack, 'bye'), segment(rst | ack)]
    for (const lead of [0, 3]) expect(found.map((frame) => kindOf(frame, lead))).toEqual(segmentKinds)
    expect(kindOf(frames.tcp6Syn)).toBe('syn')
  })

  it('does not take options or the padding of short frames for data', () => {
    expect(kindOf(segment(TcpFlag.ack, '', '01010101'))).toBe('ack')
    const padded = new Uint8Array(60)
    padded.set(segment(TcpFlag.ack))
    expect(kindOf(padded)).toBe('ack')
  })

  it('is unknown of anything else, and of every cut of a segment', () => {
    expect([frames.arpRequest, frames.udpData, frames.udp6Data, segment(0)].map((frame) => kindOf(frame))).toEqual([null, null, null, null])
    const whole = segment(TcpFlag.syn)
    for (let length = 0; length < 54; length++) expect(segmentKindOf(whole, 0, length)).toBe(null)
  })
})
