import { describe, expect, it } from 'vitest'
import { fieldsAtByte } from '../../../renderer/capture/bit-range.ts'
import { decodeForDisplay } from '../../../renderer/capture/decoded-packet.ts'
import { layHeader, neighbourCell } from '../../../renderer/capture/header-grid.ts'
import type { PacketBytes } from '../../../src/rpc/packets-contract.ts'
import { fixtureCapture } from '../../support/fixture-capture.ts'

const capture = fixtureCapture(10)

function shown(number: number, change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes, direction: 0 | 1 | 2 = 1) {
  const { row, bytes } = capture.packets[number - 1]
  const changed = change(bytes.slice())
  const source: PacketBytes = {
    number, timeSec: 0, timeNsec: 0, direction, linkType: 1, originalLength: Math.max(changed.length, bytes.length), bytes: changed, flow: row.flow, row,
    clientIsn: 100, serverIsn: 2000, proofs: [], insights: [], decision: null, comments: [],
  }
  return decodeForDisplay(source)
}
const section = (decoded: ReturnType<typeof shown>, id: string) => decoded.sections.find((one) => one.id === id)!
const names = (decoded: ReturnType<typeof shown>, id: string) => section(decoded, id).grid.map((row) => row.map((cell) => `${cell.span.name.split('.').at(-1)} ${cell.column}+${cell.columns}`))

describe('header grid', () => {
  it('draws TCP as RFC 9293 does, 32 bits a row', () => {
    const rows = names(shown(18), 'tcp')
    expect(rows.slice(0, 3)).toEqual([['sourcePort 0+16', 'destinationPort 16+16'], ['seq 0+32'], ['ack 0+32']])
    expect(rows[3][0]).toBe('dataOffset 0+4')
    expect(rows[3].at(-1)).toBe('window 16+16')
    expect(rows[4]).toEqual(['checksum 0+16', 'urgentPointer 16+16'])
    expect(rows).toHaveLength(5)
  })

  it('fills every row, whatever the protocol', () => {
    for (const number of [1, 3, 18]) {
      for (const { grid } of shown(number).sections) {
        grid.slice(0, -1).forEach((row) => { expect(row.reduce((sum, cell) => sum + cell.columns, 0)).toBe(32) })
      }
    }
  })

  it('splits a MAC address at the edge and names it once, in its wider stretch', () => {
    const cells = section(shown(3), 'ethernet').grid.flat().filter((cell) => cell.span.name === 'ethernet.source')
    expect(cells.map((cell) => [cell.row, cell.column, cell.columns, cell.main])).toEqual([[1, 16, 16, false], [2, 0, 32, true]])
  })

  it('draws a long field of whole rows as one row', () => {
    const address = { layer: 'ipv6', name: 'ipv6.source', bitOffset: 0, bitLength: 128, value: '::1', text: '::1' } as const
    expect(layHeader([address])).toHaveLength(1)
  })

  it('puts options into the list and not into the grid', () => {
    const tcp = section(shown(3), 'tcp')
    expect(tcp.list.map((span) => span.name)).toEqual(['tcp.option.mss', 'tcp.option.sackOK', 'tcp.option.nop', 'tcp.option.nop'])
    expect(tcp.grid).toHaveLength(5)
  })

  it('moves by keys along the fields and up and down the columns', () => {
    const { grid } = section(shown(18), 'tcp')
    const field = (name: string) => grid.flat().find((cell) => cell.span.name === name)!.span
    expect(neighbourCell(grid, field('tcp.seq'), 'ArrowRight')?.name).toBe('tcp.ack')
    expect(neighbourCell(grid, field('tcp.seq'), 'ArrowUp')?.name).toBe('tcp.destinationPort')
    expect(neighbourCell(grid, field('tcp.flags.fin'), 'ArrowDown')?.name).toBe('tcp.checksum')
    expect(neighbourCell(grid, field('tcp.sourcePort'), 'ArrowUp')).toBeNull()
    expect(neighbourCell(grid, field('tcp.sourcePort'), 'ArrowLeft')).toBeNull()
    expect(neighbourCell(grid, field('tcp.sourcePort'), 'End')?.name).toBe('tcp.urgentPointer')
  })
})

describe('fields of a byte', () => {
  it('finds the field, or all that share the byte', () => {
    const { spans } = shown(18)
    expect(fieldsAtByte(spans, 40)).toEqual({ name: 'tcp.seq', bitOffset: 38 * 8, bitLength: 32 })
    expect(fieldsAtByte(spans, 47)).toEqual({ name: 'tcp.flags.cwr', bitOffset: 47 * 8, bitLength: 8 })
    expect(fieldsAtByte(spans, 100)?.name).toBe('payload.data')
    expect(fieldsAtByte(spans, 5000)).toBeNull()
  })
})

describe('checksum judgement', () => {
  const broken = (bytes: Uint8Array) => { bytes[50] ^= 0xff; return bytes }

  it('says correct, and what it should have been', () => {
    expect(shown(18).transportChecksum).toBe('good')
    const bad = shown(18, broken)
    expect(bad.transportChecksum).toBe('bad')
    expect(bad.expectedChecksum).toBe(shown(18).packet.tcp.checksum)
  })

  it('asks about offload where this machine sent the frame', () => {
    expect(shown(18, broken, 2).transportChecksum).toBe('offloaded')
    expect(shown(18, undefined, 2).transportChecksum).toBe('good')
  })

  it('judges nothing where bytes are missing', () => {
    expect(shown(18, (bytes) => bytes.subarray(0, 200)).transportChecksum).toBe('unknown')
  })
})
