import { describe, expect, it } from 'vitest'
import { formatNumber, parseNumber, rowsOf } from '../../../renderer/craft/draft-fields.ts'
import { newOptions, optionBytes, optionText, withOptionText } from '../../../renderer/craft/option-text.ts'
import { startingDraft } from '../../../renderer/craft/starting-draft.ts'
import { useDraft } from '../../../renderer/craft/use-draft.ts'
import { hex } from '../../../src/base/bytes.ts'
import { buildFrame } from '../../../src/craft/build.ts'
import { defaultDraft } from '../../../src/craft/draft.ts'
import type { LinkState } from '../../../src/rpc/contract.ts'
import type { HostState } from '../../../src/rpc/host-contract.ts'
import { catalogues } from '../../../src/words/catalogue.ts'

describe('one packet in three views', () => {
  it('starts with all three saying the same', () => {
    const editor = useDraft(defaultDraft)
    expect(editor.lineText.value).toContain('192.0.2.1:40000 > 192.0.2.2:80 S 0:0(0)')
    expect(editor.hexText.value.replaceAll(/\s/g, '')).toBe(hex(buildFrame(defaultDraft) as Uint8Array))
  })

  it('follows the line: form and bytes change, what was typed stays', () => {
    const editor = useDraft(defaultDraft)
    const typed = '10.0.0.1:1 > 10.0.0.2:2 FPU 5:8(3) win 9'
    editor.editLine(typed)
    expect(editor.lineError.value).toBeNull()
    expect(editor.lineText.value).toBe(typed)
    expect(editor.draft.value.tcp).toMatchObject({ sourcePort: 1, destinationPort: 2, seq: 5, window: 9, flags: 0x29 })
    expect(editor.draft.value.payload).toHaveLength(3)
    expect(editor.hexText.value.replaceAll(/\s/g, '')).toBe(hex(editor.frame.value!))
  })

  it('follows the bytes, wrong checksums and all', () => {
    const editor = useDraft(defaultDraft)
    const bytes = (buildFrame(defaultDraft) as Uint8Array).slice()
    bytes[14 + 20 + 16] ^= 0xff
    editor.editHex(hex(bytes, ' '))
    expect(editor.hexFault.value).toBeNull()
    expect(editor.draft.value.tcp.checksum).not.toBeNull()
    expect(hex(editor.frame.value!)).toBe(hex(bytes))
    expect(editor.lineText.value).toContain('checksum 0x')
  })

  it('keeps the packet while a text says none, and says where it stops making sense', () => {
    const editor = useDraft(defaultDraft)
    editor.editLine('10.0.0.1:1 > 10.0.0.2:2 Q')
    expect(editor.lineError.value).toMatchObject({ column: 25 })
    expect(editor.draft.value).toBe(defaultDraft)
    editor.editHex('02 00 zz')
    expect(editor.hexFault.value).toEqual({ code: 'hexSyntax', params: { got: 'zz', column: 7 } })
    editor.editHex('02 0')
    expect(editor.hexFault.value?.code).toBe('hexSyntax')
    expect(editor.draft.value).toBe(defaultDraft)
  })

  it('lets a frame without TCP be sent as it is', () => {
    const editor = useDraft(defaultDraft)
    const arp = 'ff'.repeat(6) + '020000000002' + '0806' + '0001080006040001' + '020000000002' + '0a4d0002' + '00'.repeat(6) + '0a4d0001'
    editor.editHex(arp)
    expect(editor.raw.value).not.toBeNull()
    expect(hex(editor.frame.value!)).toBe(arp)
    editor.set(defaultDraft)
    expect(editor.raw.value).toBeNull()
  })
})

describe('fields of the form', () => {
  it('all have a name in both languages', () => {
    for (const language of ['en', 'ko'] as const) {
      const has = (path: string) => path.split('.').reduce<unknown>((tree, key) => (tree as Record<string, unknown> | undefined)?.[key], catalogues[language]) !== undefined
      for (const rows of Object.values(rowsOf(defaultDraft))) for (const row of rows) expect(has(`craft.fields.${row.name}`) || has(`window.field.${row.name}`), `${language} ${row.name}`).toBe(true)
    }
  })

  it('read decimal and hexadecimal numbers within their bits', () => {
    expect(parseNumber(' 65535 ', 0xffff)).toBe(65535)
    expect(parseNumber('0xFFFF', 0xffff)).toBe(65535)
    expect(parseNumber('1,460', 0xffff)).toBe(1460)
    for (const wrong of ['', '-1', '65536', '1.5', '0x', 'x', '1e3']) expect(parseNumber(wrong, 0xffff), wrong).toBeNull()
    expect(formatNumber(0xdead, 16)).toBe('0xdead')
    expect(formatNumber(5, 16)).toBe('0x05')
  })
})

describe('options as text', () => {
  it('read back what they write', () => {
    for (const option of Object.values(newOptions)) {
      const text = optionText(option)
      if (text !== null) expect(withOptionText(option, text), option.name).toEqual(option)
      expect(optionBytes(option)).toBeGreaterThan(0)
    }
  })

  it('refuse values that do not fit', () => {
    expect(withOptionText(newOptions.mss, '65536')).toBeNull()
    expect(withOptionText(newOptions.ts, '1')).toBeNull()
    expect(withOptionText(newOptions.sack, '1-2')).toBeNull()
    expect(withOptionText(newOptions.unknown, '1 00')).toBeNull()
    expect(withOptionText(newOptions.malformed, '0')).toBeNull()
  })
})

describe('the packet to start from', () => {
  const host = { running: true, address: '10.77.0.2/24', mac: '02:00:00:00:00:02', gateway: null, neighbours: [{ address: '10.77.0.1', mac: '02:00:00:00:00:01', state: '', ageMs: 0 }] } as unknown as HostState
  const link = { peer: { address: '10.77.0.1', kind: 'kernel' } } as unknown as LinkState

  it('goes from the lab host to its peer', () => {
    const draft = startingDraft(host, link)
    expect(draft.ip.version).toBe(4)
    expect([...draft.ip.source]).toEqual([10, 77, 0, 2])
    expect([...draft.ip.destination]).toEqual([10, 77, 0, 1])
    expect([...draft.ethernet.destination]).toEqual([2, 0, 0, 0, 0, 1])
  })

  it('stays between documentation addresses while nothing is known', () => {
    expect(startingDraft(null, null)).toBe(defaultDraft)
  })
})
