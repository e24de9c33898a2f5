import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { hex } from '../../src/base/bytes.ts'
import { buildFrame } from '../../src/craft/build.ts'
import { defaultDraft, ipv6Draft } from '../../src/craft/draft.ts'
import { draftToScapy } from '../../src/craft/export.ts'
import { readFrame } from '../../src/craft/read.ts'
import { packetTemplates, templateNames } from '../../src/craft/templates.ts'
import { parseIpv6 } from '../../src/wire/addresses.ts'
import { frames } from '../support/frames.ts'
import type { PacketDraft } from '../../src/craft/draft.ts'

const python = process.env['TCPLAB_PYTHON'] ?? 'python3'
const hasScapy = spawnSync(python, ['-c', 'import scapy.all'], { timeout: 60_000 }).status === 0

/** Evaluates one expression a line, answers with the bytes as hex. */
const evaluator = `
import logging, sys
logging.disable(logging.CRITICAL)
from scapy.all import *
for line in sys.stdin:
    print(raw(eval(line)).hex())
`

const draft6: PacketDraft = { ...defaultDraft, ip: ipv6Draft(parseIpv6('fd00::1')!, parseIpv6('fd00::2')!) }

describe('Scapy expressions', () => {
  it('evaluate to the bytes of the frame', ({ skip }) => {
    if (!hasScapy) skip(`needs Scapy, which ${python} does not have (Debian package python3-scapy; TCPLAB_PYTHON names another Python)`)
    const read = Object.keys(frames).filter((name) => name.startsWith('tcp')).map((name) => readFrame(frames[name]) as PacketDraft)
    const drafts = [...read, ...[defaultDraft, draft6].flatMap((base) => templateNames.map((name) => packetTemplates[name](base)))]
    const { status, stdout, stderr } = spawnSync(python, ['-c', evaluator], { input: drafts.map((draft) => `${draftToScapy(draft) as string}\n`).join(''), encoding: 'utf8', timeout: 60_000 })
    expect(status, stderr).toBe(0)
    expect(stdout.trimEnd().split('\n')).toEqual(drafts.map((draft) => hex(buildFrame(draft) as Uint8Array)))
  })
})
