import { describe, expect, it } from 'vitest'
import { formatIpv6, formatMac } from '../../../src/wire/addresses.ts'
import { Bench, otherMac, ourMac, peerMac } from './harness.ts'
import { advertisement, allNodes, icmpv6Frame, ip6, ipv6Config, ipv6Frame, met6, ourIp6, ourLinkLocal, peerIp6, peerLinkLocal, ready6, routerAdvertisement, solicitation, unspecified } from './harness6.ts'

const echo = (more = {}) => icmpv6Frame(128, 0, 0x1234_0001, new Uint8Array(10), more)
/** Type, source, destination, destination MAC, and what comes behind the first word, of ICMPv6 frames that were sent. */
const seen = (bench: Bench) => bench.frames().filter((frame) => frame[12] === 0x86).map((frame) => ({
  type: frame[54], source: formatIpv6(frame, 22), destination: formatIpv6(frame, 38), mac: formatMac(frame), hopLimit: frame[21], flags: frame[58] >>> 5,
  target: formatIpv6(frame, 62), option: [...frame.subarray(78)],
}))
const table = (bench: Bench) => bench.host.ndpTable().map(({ address, mac, state }) => `${formatIpv6(address)} ${mac ?? '-'} ${state}`)
const addresses = (bench: Bench) => bench.host.ipv6Addresses().map(({ address, state }) => `${formatIpv6(address)} ${state}`)

describe('answering solicitations', () => {
  it('solicited, with override and our MAC, to the one who asked; and learns its MAC as stale [RFC4861/answer-ns] [RFC4291/solicited-node]', () => {
    const bench = ready6()
    bench.receives(solicitation({ target: ourIp6, option: peerMac }))
    expect(seen(bench)).toEqual([{
      type: 136, source: 'fd00::2', destination: 'fd00::1', mac: '02:00:00:00:00:01', hopLimit: 255, flags: 3, target: 'fd00::2', option: [2, 1, ...ourMac],
    }])
    expect(table(bench)).toEqual(['fd00::1 02:00:00:00:00:01 delay'])
  })

  it('unsolicited and to all nodes where the asker has no address [RFC4861/answer-ns]', () => {
    const bench = ready6()
    bench.receives(solicitation({ target: ourIp6, source: unspecified }))
    expect(seen(bench)).toMatchObject([{ type: 136, destination: 'ff02::1', mac: '33:33:00:00:00:01', flags: 1, option: [2, 1, ...ourMac] }])
    expect(table(bench)).toEqual([])
  })

  it.each([
    ['hop limit 254', { hopLimit: 254 }], ['code 1', { code: 1 }], ['a group as target', { target: ip6('ff02::5'), destination: ourIp6 }],
    ['an option of length 0', { extra: [9, 0, 0, 0, 0, 0, 0, 0] }], ['a source option from the unspecified address', { source: unspecified }],
    ['the unspecified address asking one host', { source: unspecified, option: undefined, destination: ourIp6 }], ['a group as link-layer address', { option: Uint8Array.of(1, 0, 0, 0, 0, 1) }],
  ])('not with %s [RFC4861/validate-ns]', (_what, change) => {
    const bench = ready6()
    bench.receives(solicitation({ target: ourIp6, option: peerMac, ...change }))
    expect(bench.frames()).toEqual([])
    expect(table(bench)).toEqual([])
    expect(bench.host.statistics().ndp.malformed).toBe(1)
  })

  it('not with a bad checksum, one that is too short, nor for addresses of others', () => {
    const bench = ready6()
    const broken = solicitation({ target: ourIp6, option: peerMac })
    broken[70] ^= 1
    bench.receives(broken, icmpv6Frame(135, 0, 0, new Uint8Array(8), { hopLimit: 255 }), solicitation({ target: ip6('fd00::9'), option: peerMac, destination: ourIp6 }))
    expect(bench.frames()).toEqual([])
    expect(bench.host.statistics().icmpv6.badChecksum).toBe(1)
  })
})

describe('resolving', () => {
  it('asks the solicited-node group with our MAC, three times a second apart, then reports the connection unreachable [RFC4861/resolve]', () => {
    const bench = ready6()
    const id = bench.host.connect(peerIp6, 80, {}, bench.nowUs)
    expect(id).toBeTypeOf('number')
    expect(seen(bench)).toMatchObject([{ type: 135, source: 'fd00::2', destination: 'ff02::1:ff00:1', mac: '33:33:ff:00:00:01', hopLimit: 255, target: 'fd00::1', option: [1, 1, ...ourMac] }])
    bench.advance(999_999)
    expect(seen(bench)).toEqual([])
    bench.advance(1)
    expect(seen(bench)).toHaveLength(1)
    bench.advance(1_000_000)
    expect(seen(bench)).toHaveLength(1)
    expect(bench.events()).toEqual([])
    bench.advance(999_999)
    expect(bench.events()).toEqual([])
    bench.advance(1)
    expect(bench.events().map(({ kind }) => kind)).toContain('unreachable')
    expect(bench.host.statistics().ndp.unresolved).toBe(1)
  })

  it('sends what waited as soon as the answer comes [RFC4861/resolve]', () => {
    const bench = ready6()
    bench.receives(echo())
    expect(seen(bench)).toMatchObject([{ type: 135 }])
    bench.receives(advertisement('SO', { target: peerIp6, option: peerMac }))
    expect(seen(bench)).toMatchObject([{ type: 129, destination: 'fd00::1', mac: '02:00:00:00:00:01' }])
    expect(table(bench)).toEqual(['fd00::1 02:00:00:00:00:01 reachable'])
  })

  it.each([
    ['hop limit 254', { hopLimit: 254 }, 'SO'], ['solicited, but to a group', { destination: allNodes }, 'SO'], ['code 3', { code: 3 }, 'SO'], ['an option of length 0', { extra: [1, 0, 0, 0, 0, 0, 0, 0] }, 'SO'],
  ] as const)('takes no advertisement with %s [RFC4861/validate-na]', (_what, change, flags) => {
    const bench = ready6()
    bench.receives(echo())
    bench.frames()
    bench.receives(advertisement(flags, { target: peerIp6, option: peerMac, ...change, extra: [...'extra' in change ? change.extra : []] }))
    expect(seen(bench)).toEqual([])
    expect(table(bench)).toEqual(['fd00::1 - incomplete'])
  })

  it('makes no entry from an advertisement that nobody asked for [RFC4861/no-entry]', () => {
    const bench = ready6()
    bench.receives(advertisement('O', { target: peerIp6, option: peerMac, destination: allNodes }))
    expect(table(bench)).toEqual([])
  })
})

describe('neighbours', () => {
  function reachable(): Bench {
    const bench = ready6()
    bench.receives(echo(), advertisement('SO', { target: peerIp6, option: peerMac }))
    bench.frames()
    return bench
  }

  it('change their MAC only with override; without, a reachable one becomes stale [RFC4861/na-update]', () => {
    const bench = reachable()
    bench.receives(advertisement('S', { target: peerIp6, option: otherMac }))
    expect(table(bench)).toEqual(['fd00::1 02:00:00:00:00:01 stale'])
    bench.receives(advertisement('O', { target: peerIp6, option: otherMac, destination: allNodes }))
    expect(table(bench)).toEqual(['fd00::1 02:00:00:00:00:99 stale'])
    bench.receives(advertisement('S', { target: peerIp6, option: otherMac }))
    expect(table(bench)).toEqual(['fd00::1 02:00:00:00:00:99 reachable'])
  })

  it('are doubted when used after their time, asked by unicast after five seconds, and dropped after three questions [RFC4861/nud]', () => {
    const bench = reachable()
    bench.advance(46e6)
    expect(seen(bench)).toEqual([])
    bench.receives(echo())
    expect(seen(bench)).toMatchObject([{ type: 129 }])
    expect(table(bench)).toEqual(['fd00::1 02:00:00:00:00:01 delay'])
    bench.advance(4_999_999)
    expect(seen(bench)).toEqual([])
    bench.advance(2_000_001)
    expect(seen(bench)).toMatchObject(Array(3).fill({ type: 135, destination: 'fd00::1', mac: '02:00:00:00:00:01' }))
    expect(table(bench)).toEqual(['fd00::1 02:00:00:00:00:01 probe'])
    bench.advance(1_000_000)
    expect(table(bench)).toEqual([])
  })

  it('are bounded in number, and so is what waits for them', () => {
    const bench = ready6()
    for (let i = 0; i < 2000; i++) bench.receives(echo({ source: ip6(`fd00::1:${i.toString(16)}`) }))
    expect(table(bench)).toHaveLength(256)
    bench.frames()
  })
})

describe('our addresses', () => {
  const probing = (seed = 1) => {
    const bench = new Bench({ ...ipv6Config, probeAddress: true }, seed)
    bench.host.start(0)
    return bench
  }

  it('are solicited from the unspecified address and used after a second of silence [RFC4862/dad]', () => {
    const bench = probing()
    expect(addresses(bench)).toEqual(['fe80::ff:fe00:2 tentative', 'fd00::2 tentative'])
    bench.receives(solicitation({ target: ourIp6, option: peerMac }))
    bench.advance(1e6)
    const probes = seen(bench)
    expect(probes.map(({ target }) => target).sort()).toEqual(['fd00::2', 'fe80::ff:fe00:2'])
    for (const probe of probes) expect(probe).toMatchObject({ type: 135, source: '::', destination: 'ff02::1:ff00:2', hopLimit: 255, option: [] })
    bench.advance(1e6)
    expect(addresses(bench)).toEqual(['fe80::ff:fe00:2 assigned', 'fd00::2 assigned'])
    expect(bench.events().filter(({ address }) => address instanceof Uint8Array).map(({ kind }) => kind)).toEqual(['addressReady', 'addressReady'])
  })

  it.each([
    ['advertises it', advertisement('O', { target: ourIp6, option: otherMac, destination: allNodes })],
    ['solicits it too', solicitation({ target: ourIp6, source: unspecified })],
  ])('are not used where somebody %s [RFC4862/dad]', (_what, frame) => {
    const bench = probing()
    bench.advance(500_000)
    bench.receives(frame)
    bench.advance(5e6)
    expect(addresses(bench)).toEqual(['fe80::ff:fe00:2 assigned', 'fd00::2 duplicate'])
    expect(bench.events().filter(({ kind }) => kind === 'addressConflict')).toMatchObject([{ address: ourIp6 }])
    bench.frames()
    bench.receives(echo())
    expect(bench.frames()).toEqual([])
  })

  it('are opaque and stable where there is a secret for them (RFC 7217)', () => {
    const make = (secret: number) => addresses(ready6({ ipv6Addresses: [], stableIpv6Secret: Uint32Array.of(secret, 2, 3, 4) }))[0]
    expect(make(1)).toMatch(/^fe80::.* assigned$/)
    expect(make(1)).toBe(make(1))
    expect(make(1)).not.toBe(make(5))
    expect(make(1)).not.toContain('ff:fe')
  })
})

describe('routers', () => {
  it('are solicited three times, four seconds apart, and not when one has answered [RFC4861/host-rs]', () => {
    const bench = new Bench({ ...ipv6Config, probeAddress: false })
    bench.host.start(0)
    bench.advance(60e6)
    expect(seen(bench).filter(({ type }) => type === 133)).toHaveLength(3)
    const answered = new Bench({ ...ipv6Config, probeAddress: false })
    answered.host.start(0)
    answered.advance(1e6)
    answered.receives(routerAdvertisement())
    answered.advance(60e6)
    expect(seen(answered).filter(({ type }) => type === 133)).toMatchObject([{ source: formatIpv6(ourLinkLocal), destination: 'ff02::2' }])
  })

  it('give an address, an on-link prefix and a way out (RFC 4862 §5.5.3)', () => {
    const bench = ready6()
    expect(bench.host.connect(ip6('2001:db8:9::1'), 80, {}, bench.nowUs)).toMatchObject({ code: 'hostUnreachable' })
    bench.receives(routerAdvertisement())
    expect(addresses(bench)).toEqual(['fe80::ff:fe00:2 assigned', 'fd00::2 assigned', '2001:db8:1::ff:fe00:2 assigned'])
    expect(bench.host.connect(ip6('2001:db8:9::1'), 80, {}, bench.nowUs)).toBeTypeOf('number')
    expect(bench.frames().map((frame) => `${formatMac(frame)} ${formatIpv6(frame, 22)} ${formatIpv6(frame, 38)}`)).toEqual([`${formatMac(peerMac)} 2001:db8:1::ff:fe00:2 2001:db8:9::1`])
  })

  it('lower the MTU of the link, never below 1280: what is larger goes in fragments', () => {
    const large = (bytes: number) => icmpv6Frame(128, 0, 1, new Uint8Array(bytes - 48))
    const bench = met6()
    const answers = (bytes: number) => { bench.receives(large(bytes)); return bench.frames().length }
    expect(answers(1500)).toBe(1)
    bench.receives(routerAdvertisement({ mtu: 1279 }), routerAdvertisement({ mtu: 9000 }))
    expect(answers(1500)).toBe(1)
    bench.receives(routerAdvertisement({ mtu: 1400 }))
    expect([answers(1401), answers(1400)]).toEqual([2, 1])
  })

  it('take both away when their lifetimes end, an address not before two hours', () => {
    const bench = ready6()
    bench.receives(routerAdvertisement())
    bench.receives(routerAdvertisement({ lifetime: 0, valid: 10, preferred: 10 }))
    expect(bench.host.connect(ip6('2001:db8:9::1'), 80, {}, bench.nowUs)).toMatchObject({ code: 'hostUnreachable' })
    bench.advance(7199e6)
    expect(addresses(bench)).toHaveLength(3)
    bench.advance(1e6)
    expect(addresses(bench)).toHaveLength(2)
  })

  it.each([
    ['hop limit 64', { hopLimit: 64 }], ['a source that is not link-local', { source: peerIp6 }],
  ])('are not believed with %s, and solicitations of others are ignored [RFC4861/host-rs]', (_what, change) => {
    const bench = ready6()
    bench.receives(routerAdvertisement(change), icmpv6Frame(133, 0, 0, new Uint8Array(0), { source: peerLinkLocal, destination: allNodes, hopLimit: 255 }))
    expect(addresses(bench)).toHaveLength(2)
    expect(bench.frames()).toEqual([])
  })
})

it('walks any bytes without a throw', () => {
  const bench = met6()
  const options = Uint8Array.from([60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0])
  const seeds = [solicitation({ target: ourIp6, option: peerMac }), routerAdvertisement(), echo(), ipv6Frame({ nextHeader: 0, payload: options })]
  for (let i = 0; i < 20_000; i++) {
    const good = seeds[i % seeds.length]
    const frame = good.slice(0, 14 + (i * 7) % (good.length - 13))
    for (let k = 0; k < 3; k++) frame[14 + ((i * 31 + k * 17) % Math.max(1, frame.length - 14))] = (i * 13 + k * 101) & 255
    bench.receives(frame)
    bench.frames()
  }
  expect(bench.host.ipv6Addresses().length).toBeLessThanOrEqual(16)
})
