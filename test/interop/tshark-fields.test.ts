import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../src/base/random.ts'
import { hex } from '../../src/base/bytes.ts'
import { buildFrame, isFault } from '../../src/craft/build.ts'
import { defaultDraft, ipv6Draft } from '../../src/craft/draft.ts'
import { packetTemplates, templateNames } from '../../src/craft/templates.ts'
import { formatIpv4, formatIpv6, formatMac, parseIpv6 } from '../../src/wire/addresses.ts'
import { Ipv4Flag } from '../../src/wire/ipv4.ts'
import { fastOpenExid } from '../../src/wire/tcp-options.ts'
import { Layer, LinkType, Packet, decodePacket } from '../../src/wire/packet.ts'
import { checkIpChecksum, checkTransportChecksum } from '../../src/wire/packet-checksum.ts'
import { decodeTcpOptions, encodeTcpOption, encodeTcpOptions } from '../../src/wire/tcp-options.ts'
import { frames } from '../support/frames.ts'
import { pcapOf } from '../support/pcap.ts'
import type { PacketDraft } from '../../src/craft/draft.ts'
import type { ChecksumVerdict } from '../../src/wire/packet-checksum.ts'
import type { TcpOption, TcpOptionName } from '../../src/wire/tcp-options.ts'

const version = spawnSync('tshark', ['--version'], { encoding: 'utf8' })
const hasTshark = version.status === 0
if (!hasTshark) console.warn('skipped: field by field comparison with tshark, which is not installed (Debian package tshark)')

/** What we say of a frame under tshark's names; a field we do not name is not compared. */
type Fields = Record<string, string | number | readonly (string | number)[]>

const isOne = (isSet: boolean | number) => (isSet ? 1 : 0)
const word = (value: number) => `0x${value.toString(16).padStart(4, '0')}`

/** tshark: 0 bad, 1 good, 2 unverified, 3 not present. */
const statusOf = (verdict: ChecksumVerdict) => ({ bad: 0, partial: 0, good: 1, unknown: 2, none: 3 })[verdict]

function fieldsOf(frame: Uint8Array): Fields {
  const packet = new Packet()
  decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
  const { layers, ethernet, arp, ipv4, ipv6, icmp, icmpv6, udp } = packet
  const fields: Fields = { 'frame.len': packet.frameLength, 'eth.dst': formatMac(ethernet.destination), 'eth.src': formatMac(ethernet.source) }
  if (layers & Layer.vlan) fields['vlan.id'] = Array.from(ethernet.tagControls.subarray(0, ethernet.tagCount), (control) => control & 0xfff).slice(1)
  if (layers & Layer.arp) {
    Object.assign(fields, {
      'arp.opcode': arp.operation, 'arp.src.hw_mac': formatMac(arp.senderMac), 'arp.src.proto_ipv4': formatIpv4(arp.senderIp), 'arp.dst.hw_mac': formatMac(arp.targetMac),
      'arp.dst.proto_ipv4': formatIpv4(arp.targetIp),
    })
  }
  if (layers & Layer.ipv4) {
    Object.assign(fields, {
      'ip.hdr_len': ipv4.headerWords * 4, 'ip.dsfield': `0x${ipv4.tos.toString(16).padStart(2, '0')}`, 'ip.len': ipv4.totalLength, 'ip.id': word(ipv4.identification),
      'ip.flags.rb': isOne(ipv4.flags & Ipv4Flag.reserved), 'ip.flags.df': isOne(ipv4.flags & Ipv4Flag.dontFragment), 'ip.flags.mf': isOne(ipv4.flags & Ipv4Flag.moreFragments),
      'ip.frag_offset': ipv4.fragmentOffset, 'ip.ttl': ipv4.ttl, 'ip.proto': ipv4.protocol, 'ip.checksum': word(ipv4.checksum),
      'ip.checksum.status': statusOf(checkIpChecksum(packet, frame)), 'ip.src': formatIpv4(ipv4.source), 'ip.dst': formatIpv4(ipv4.destination),
    })
  }
  if (layers & Layer.ipv6) {
    Object.assign(fields, {
      'ipv6.plen': ipv6.payloadLength, 'ipv6.hlim': ipv6.hopLimit, 'ipv6.nxt': ipv6.nextHeader, 'ipv6.flow': `0x${ipv6.flowLabel.toString(16).padStart(6, '0')}`,
      'ipv6.src': formatIpv6(ipv6.source), 'ipv6.dst': formatIpv6(ipv6.destination),
    })
  }
  const status = statusOf(checkTransportChecksum(packet, frame))
  if (layers & Layer.icmp) Object.assign(fields, { 'icmp.type': icmp.type, 'icmp.code': icmp.code, 'icmp.checksum': word(icmp.checksum), 'icmp.checksum.status': status })
  if (layers & Layer.icmp && icmp.type === 8) Object.assign(fields, { 'icmp.ident': icmp.rest >>> 16, 'icmp.seq': icmp.rest & 0xffff, 'data.len': packet.payloadLength })
  if (layers & Layer.icmp && icmp.type === 3) fields['icmp.mtu'] = icmp.rest & 0xffff
  if (layers & Layer.icmpv6) Object.assign(fields, { 'icmpv6.type': icmpv6.type, 'icmpv6.code': icmpv6.code, 'icmpv6.checksum': word(icmpv6.checksum), 'icmpv6.checksum.status': status })
  if (layers & Layer.icmpv6 && icmpv6.type === 2) fields['icmpv6.mtu'] = icmpv6.rest
  if (layers & Layer.icmpv6 && icmpv6.type === 135) fields['icmpv6.nd.ns.target_address'] = formatIpv6(frame, packet.payloadOffset)
  if (layers & Layer.udp && !packet.isFragment) {
    Object.assign(fields, { 'udp.srcport': udp.sourcePort, 'udp.dstport': udp.destinationPort, 'udp.length': udp.length, 'udp.checksum': word(udp.checksum), 'udp.checksum.status': status })
  }
  if (layers & Layer.tcp) Object.assign(fields, tcpFields(packet, frame), { 'tcp.checksum.status': status })
  return fields
}

function tcpFields({ tcp, payloadLength }: Packet, frame: Uint8Array): Fields {
  const options = decodeTcpOptions(frame, tcp.optionsOffset, tcp.optionsLength)
  return {
    'tcp.srcport': tcp.sourcePort, 'tcp.dstport': tcp.destinationPort, 'tcp.seq_raw': tcp.seq, 'tcp.ack_raw': tcp.ack, 'tcp.hdr_len': tcp.dataOffsetWords * 4,
    'tcp.flags': word((tcp.reserved << 9) | tcp.flags), 'tcp.window_size_value': tcp.window, 'tcp.checksum': word(tcp.checksum), 'tcp.urgent_pointer': tcp.urgentPointer,
    'tcp.len': payloadLength, 'tcp.options': hex(frame.subarray(tcp.optionsOffset, tcp.optionsOffset + tcp.optionsLength)),
    // Padding is an End of Option List a byte to tshark.
    'tcp.option_kind': options.flatMap((option) => (option.name === 'padding' ? Array.from(option.bytes) : [encodeTcpOption(option)[0]])),
    'tcp.options.mss_val': all(options, 'mss', ({ mss }) => [mss]),
    'tcp.options.wscale.shift': all(options, 'wscale', ({ shift }) => [shift]),
    'tcp.options.timestamp.tsval': all(options, 'ts', ({ val }) => [val]),
    'tcp.options.timestamp.tsecr': all(options, 'ts', ({ ecr }) => [ecr]),
    'tcp.options.sack_le': all(options, 'sack', ({ blocks }) => blocks.map(({ left }) => left)),
    'tcp.options.sack_re': all(options, 'sack', ({ blocks }) => blocks.map(({ right }) => right)),
    'tcp.options.user_to_val': all(options, 'user-timeout', ({ value }) => [value]),
    'tcp.options.user_to_granularity': all(options, 'user-timeout', ({ isMinutes }) => [isOne(isMinutes)]),
    'tcp.options.md5.digest': all(options, 'md5', ({ digest }) => [hex(digest)]),
    'tcp.options.tfo.cookie': [
      ...all(options, 'tfo', ({ cookie }) => (cookie.length > 0 ? [hex(cookie)] : [])),
      ...all(options, 'experimental', ({ exid, data }) => (exid === fastOpenExid ? [hex(data)] : [])),
    ],
    'tcp.options.ao.keyid': all(options, 'tcp-ao', ({ keyId }) => [keyId]),
    'tcp.options.ao.rnextkeyid': all(options, 'tcp-ao', ({ rNextKeyId }) => [rNextKeyId]),
    'tcp.options.ao.mac': all(options, 'tcp-ao', ({ mac }) => (mac.length > 0 ? [hex(mac)] : [])),
    'tcp.options.acc_ecn.eceb': all(options, 'accecn', ({ counters }) => counters.slice(1, 2)),
    'tcp.options.acc_ecn.ee0b': all(options, 'accecn', ({ order, counters }) => counters.slice(order * 2, order * 2 + 1)),
    'tcp.options.acc_ecn.ee1b': all(options, 'accecn', ({ order, counters }) => counters.slice(2 - order * 2, 3 - order * 2)),
    'tcp.options.experimental.exid': all(options, 'experimental', ({ exid }) => [word(exid)]),
  }
}

type Named<Name extends TcpOptionName> = Extract<TcpOption, { name: Name }>

function all<Name extends TcpOptionName>(options: readonly TcpOption[], name: Name, values: (option: Named<Name>) => readonly (string | number)[]): (string | number)[] {
  return options.flatMap((option) => (option.name === name ? values(option as Named<Name>) : []))
}

const draft6: PacketDraft = { ...defaultDraft, ip: ipv6Draft(parseIpv6('fd00::1')!, parseIpv6('fd00::2')!) }

const optionPool: readonly TcpOption[] = [
  { name: 'nop' }, { name: 'mss', mss: 1460 }, { name: 'mss', mss: 65535 }, { name: 'wscale', shift: 14 }, { name: 'sackOK' }, { name: 'ts', val: 4294967295, ecr: 7 },
  { name: 'sack', blocks: [{ left: 1, right: 4294967295 }] }, { name: 'sack', blocks: [{ left: 10, right: 20 }, { left: 30, right: 40 }] },
  { name: 'md5', digest: new Uint8Array(16).fill(0xab) }, { name: 'user-timeout', isMinutes: false, value: 300 }, { name: 'tcp-ao', keyId: 3, rNextKeyId: 4, mac: Uint8Array.of(1, 2, 3, 4) },
  { name: 'tfo', cookie: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }, { name: 'accecn', order: 0, counters: [1, 2, 3] }, { name: 'accecn', order: 1, counters: [0xffffff, 5] },
  { name: 'unknown', kind: 200, data: Uint8Array.of(1, 2, 3) },
]

/** Segments of random fields and options, some with a wrong checksum, over both IP versions. */
function randomFrames(count: number): Uint8Array[] {
  const random = new Random(77)
  return Array.from({ length: count }, (_, i) => {
    const options: TcpOption[] = []
    for (let tries = random.nextBelow(5); tries > 0; tries--) {
      const option = optionPool[random.nextBelow(optionPool.length)]
      const isNew = !options.some(({ name }) => name === option.name)
      if (isNew && encodeTcpOptions([...options, option]).length <= 40) options.push(option)
    }
    const base = i % 3 === 2 ? draft6 : defaultDraft
    const frame = buildFrame({
      ...base,
      tcp: {
        sourcePort: 1024 + random.nextBelow(30000), destinationPort: 40000 + random.nextBelow(20000), seq: random.nextU32(), ack: random.nextU32(), reserved: random.nextBelow(8),
        flags: random.nextBelow(512), window: random.nextBelow(65536), urgentPointer: random.nextBelow(65536), options, dataOffsetWords: null,
        checksum: random.nextBelow(10) === 0 ? random.nextBelow(65536) : null,
      },
      payload: Uint8Array.from({ length: random.nextBelow(40) }, () => random.nextU32()),
    })
    if (isFault(frame)) throw new Error(JSON.stringify(frame))
    return frame
  })
}

const templates = templateNames.filter((name) => !['shortOffset', 'longOffset', 'zeroLengthOption'].includes(name))

const captured: readonly (readonly [string, Uint8Array])[] = [
  ...Object.entries(frames),
  ...templates.map((name) => [`template ${name}`, buildFrame(packetTemplates[name](defaultDraft)) as Uint8Array] as const),
  ...randomFrames(400).map((frame, i) => [`random ${i}`, frame] as const),
]

describe.skipIf(!hasTshark)('our fields and tshark\'s', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tcplab-tshark-'))
  const ours = captured.map(([, frame]) => fieldsOf(frame))
  const names = [...new Set(ours.flatMap((fields) => Object.keys(fields)))]
  let theirs: string[][] = []

  beforeAll(() => {
    const file = path.join(folder, 'fields.pcap')
    writeFileSync(file, pcapOf(captured.map(([, frame]) => frame)))
    const preferences = ['ip.defragment:FALSE', 'ipv6.defragment:FALSE', 'ip.check_checksum:TRUE', 'tcp.check_checksum:TRUE', 'udp.check_checksum:TRUE', 'tcp.analyze_sequence_numbers:FALSE']
    const { status, stdout, stderr } = spawnSync('tshark', [
      '-n', '-r', file, ...preferences.flatMap((preference) => ['-o', preference]), '-T', 'fields', '-E', 'separator=/t', '-E', 'aggregator=|', ...names.flatMap((name) => ['-e', name]),
    ], { encoding: 'utf8', maxBuffer: 1 << 26 })
    if (status !== 0) throw new Error(`tshark failed: ${stderr}`)
    theirs = stdout.trimEnd().split('\n').map((line) => line.split('\t'))
  })

  afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

  it('agree on every field of every layer and option, in every frame', () => {
    expect(theirs.length).toBe(captured.length)
    const differences: string[] = []
    let compared = 0
    captured.forEach(([name], row) => {
      for (const [field, value] of Object.entries(ours[row])) {
        const text = theirs[row][names.indexOf(field)] ?? ''
        // A quoted packet inside an ICMP error has the same fields again, behind those of the frame itself.
        const expected = Array.isArray(value) ? value.join('|') : String(value)
        const actual = Array.isArray(value) ? text : text.split('|')[0]
        compared++
        if (actual !== expected) differences.push(`${name}: ${field} is ${expected}, tshark says ${actual}`)
      }
    })
    expect(differences).toEqual([])
    expect(compared).toBeGreaterThan(10_000)
  })

  it('the capture holds every layer and every option by name', () => {
    const kinds = new Set(captured.flatMap(([, frame]) => {
      const packet = new Packet()
      decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
      return packet.layers & Layer.tcp ? decodeTcpOptions(frame, packet.tcp.optionsOffset, packet.tcp.optionsLength).map(({ name }) => name) : []
    }))
    expect([...kinds].toSorted()).toEqual([
      'accecn', 'eol', 'experimental', 'md5', 'mss', 'nop', 'padding', 'sack', 'sackOK', 'tcp-ao', 'tfo', 'ts', 'unknown', 'user-timeout', 'wscale'])
  })
})
