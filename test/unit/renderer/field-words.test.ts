import { describe, expect, it } from 'vitest'
import { decodeForDisplay } from '../../../renderer/capture/decoded-packet.ts'
import { flagLetters } from '../../../renderer/tcp-flags.ts'
import type { PacketBytes, PacketRow } from '../../../src/rpc/packets-contract.ts'
import { fieldNames } from '../../../src/wire/describe.ts'
import { wireReasons } from '../../../src/wire/error.ts'
import { catalogues, languages, type Sentences } from '../../../src/words/catalogue.ts'
import { frames } from '../../support/frames.ts'

const wordAt = (tree: Sentences, path: string): unknown => path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], tree)

describe.each(languages)('words of the packet panel in %s', (language) => {
  const { field, fieldShort, packet } = catalogues[language].window

  it('name every field that a frame can have', () => {
    expect(fieldNames.filter((name) => typeof wordAt(field, name) !== 'string')).toEqual([])
  })

  it('name every reason that a decoder can give', () => {
    expect(wireReasons.filter((reason) => typeof wordAt(packet, `wireReason.${reason}`) !== 'string')).toEqual([])
  })

  it('have a short name for every cell of a few bits, in whatever frame', () => {
    const missing = new Set<string>()
    for (const bytes of Object.values(frames)) {
      const source: PacketBytes = {
        number: 1, timeSec: 0, timeNsec: 0, direction: 0, linkType: 1, originalLength: bytes.length, bytes, flow: -1, row: { tcp: null } as PacketRow, clientIsn: -1, serverIsn: -1,
        proofs: [], insights: [], decision: null, comments: [],
      }
      for (const cell of decodeForDisplay(source).sections.flatMap((section) => section.grid.flat())) {
        const isFlag = flagLetters.some((light) => cell.span.name === `tcp.flags.${light.name.toLowerCase()}`)
        if (cell.columns < 8 && cell.main && !isFlag && typeof wordAt(fieldShort, cell.span.name) !== 'string') missing.add(cell.span.name)
      }
    }
    expect([...missing]).toEqual([])
  })
})
