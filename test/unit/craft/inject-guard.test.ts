import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { injectLimits, planInjection, publicAddress, publicTarget } from '../../../src/craft/inject-guard.ts'
import { parseIp } from '../../../src/wire/addresses.ts'

const surroundings = { linkType: 1, mtu: 1500 }
const order = (frames: Uint8Array[], more: object = {}) => ({ frames, count: 1, ratePps: 0, consent: new Set<string>(), ...more })

/** Ethernet and IPv4 headers to an address. */
function frameTo(address: string): Uint8Array {
  const frame = new Uint8Array(34)
  frame.set([0x08, 0x00, 0x45, 0, 0, 20], 12)
  frame.set(parseIp(address)!, 30)
  return frame
}

describe('which targets are public', () => {
  it.each(['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.1.1', '127.0.0.1', '192.0.2.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '255.255.255.255', '0.0.0.0', 'fe80::1', 'fd00::1', '2001:db8::1', '::1', 'ff02::1'])(
    '%s is not', (address) => expect(publicAddress(parseIp(address)!)).toBeNull())
  it.each(['8.8.8.8', '172.32.0.1', '192.169.0.1', '11.0.0.1', '100.64.0.1', '2606:4700::1111', '2001:4860:4860::8888'])('%s is', (address) => expect(publicAddress(parseIp(address)!)).toBe(address))
  it('what is no IP has no target', () => expect(publicTarget(new Uint8Array(60), 1)).toBeNull())
})

describe('what may be injected', () => {
  it('a public target needs consent that names it', () => {
    expect(planInjection(order([frameTo('8.8.8.8')]), surroundings)).toEqual({ code: 'targetNeedsConsent', params: { target: '8.8.8.8' } })
    expect(planInjection(order([frameTo('8.8.8.8')], { consent: new Set(['8.8.4.4']) }), surroundings)).toMatchObject({ code: 'targetNeedsConsent' })
    expect(planInjection(order([frameTo('8.8.8.8')], { consent: new Set(['8.8.8.8']) }), surroundings)).toMatchObject({ totalFrames: 1 })
  })

  it('one frame to a public target among many is enough to refuse all', () => {
    expect(planInjection(order([frameTo('10.0.0.1'), frameTo('9.9.9.9')]), surroundings)).toMatchObject({ code: 'targetNeedsConsent' })
  })

  it('the rate is limited until it is raised by name', () => {
    expect(planInjection(order([frameTo('10.0.0.1')], { count: 2001 }), surroundings)).toEqual({ ratePps: injectLimits.defaultPps, totalFrames: 2001, durationUs: 2e6 })
    expect(planInjection(order([frameTo('10.0.0.1')], { count: 2001, ratePps: 100_000 }), surroundings)).toMatchObject({ ratePps: 100_000 })
    expect(planInjection(order([frameTo('10.0.0.1')], { ratePps: injectLimits.highestPps + 1 }), surroundings)).toMatchObject({ code: 'badArgument' })
  })

  it('a frame has to fit the link', () => {
    expect(planInjection(order([new Uint8Array(13)]), surroundings)).toEqual({ code: 'frameTooShort', params: { length: 13, limit: 14 } })
    expect(planInjection(order([new Uint8Array(1523)]), surroundings)).toEqual({ code: 'frameTooLong', params: { length: 1523, limit: 1522 } })
    expect(planInjection(order([new Uint8Array(1522)]), surroundings)).toMatchObject({ totalFrames: 1 })
  })

  it('hostile bytes are judged without a throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(0, 1, 101, 113, 276, 9999), (frame, linkType) => {
      planInjection(order([frame]), { linkType, mtu: 1500 })
    }), { numRuns: 2000 })
  })
})
