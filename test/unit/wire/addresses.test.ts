import fc from 'fast-check'
import { isIPv4, isIPv6 } from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  formatCidr, formatIp, formatIpAt, formatIpv4, formatIpv6, formatMac, isBroadcastIpv4, isDocumentationIpv4, isDocumentationIpv6, isLinkLocalIpv4, isLinkLocalIpv6,
  isLoopbackIpv4, isLoopbackIpv6, isMulticastIpv4, isMulticastIpv6, isMulticastMac, isPrivateIpv4, isPrivateIpv6, isSamePrefix, isUnspecifiedIpv6, parseCidr, parseIp,
  parseIpv4, parseIpv6, parseMac,
} from '../../../src/wire/addresses.ts'

const four = (text: string) => parseIpv4(text)!
const six = (text: string) => parseIpv6(text)!

describe('addresses', () => {
  it('text goes both ways', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (mac) => { expect(parseMac(formatMac(mac))).toEqual(mac) }))
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (address) => { expect(parseIpv4(formatIpv4(address))).toBe(address) }))
    const sparse = fc.array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 }).map((list) => Uint8Array.from(list))
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), sparse), (address) => {
      const text = formatIpv6(address)
      expect(isIPv6(text)).toBe(true)
      expect(parseIpv6(text)).toEqual(address)
    }))
  })

  it('writes IPv6 as RFC 5952 wants it', () => {
    const forms = {
      '2001:0DB8:0:0:0:0:0:1': '2001:db8::1', '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1', '2001:0:0:1:0:0:0:1': '2001:0:0:1::1', '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
      '::': '::', '0:0:0:0:0:0:0:1': '::1', '1:0:0:0:0:0:0:0': '1::', '::ffff:c000:0201': '::ffff:192.0.2.1', '64:ff9b::192.0.2.33': '64:ff9b::c000:221',
    }
    for (const [given, canonical] of Object.entries(forms)) expect(formatIpv6(six(given))).toBe(canonical)
  })

  it('takes only what the platform takes', () => {
    const part = fc.constantFrom('0', '1', '255', '256', '01', 'f', 'ffff', '10000', 'g', '', ':', '::', '.')
    fc.assert(fc.property(fc.array(part, { maxLength: 9 }), fc.constantFrom(':', '.', ''), (parts, separator) => {
      const text = parts.join(separator)
      expect(parseIpv4(text) !== null).toBe(isIPv4(text))
      expect(parseIpv6(text) !== null).toBe(isIPv6(text))
    }), { numRuns: 3000 })
    for (const wrong of ['', '02:00', '02:00:00:00:00:00:00', '0g:00:00:00:00:00']) expect(parseMac(wrong)).toBeNull()
  })

  it('reads prefixes', () => {
    expect(parseCidr('10.77.0.2/24')).toEqual({ version: 4, address: Uint8Array.of(10, 77, 0, 2), prefixLength: 24 })
    expect(parseCidr('fd00::2')).toMatchObject({ version: 6, prefixLength: 128 })
    expect(formatCidr(parseCidr('fd00::2/64')!)).toBe('fd00::2/64')
    for (const wrong of ['10.0.0.1/33', '10.0.0.1/', '10.0.0.1/x', 'fd00::/129', '10.0.0.1/8/8', 'host']) expect(parseCidr(wrong)).toBeNull()
    expect(isSamePrefix(parseIp('10.77.0.2')!, parseIp('10.77.3.2')!, 22)).toBe(true)
    expect(isSamePrefix(parseIp('10.77.0.2')!, parseIp('10.77.4.2')!, 22)).toBe(false)
    expect(formatIp(parseIp('fd00::1')!)).toBe('fd00::1')
    expect(formatIpAt(Uint8Array.of(9, 10, 0, 0, 1), 1, 4)).toBe('10.0.0.1')
  })

  it('knows the kinds of addresses', () => {
    expect(['10.1.2.3', '172.31.0.1', '192.168.9.9', '172.32.0.1', '11.0.0.1'].map((text) => isPrivateIpv4(four(text)))).toEqual([true, true, true, false, false])
    expect(['192.0.2.1', '198.51.100.7', '203.0.113.9', '198.19.0.1', '8.8.8.8'].map((text) => isDocumentationIpv4(four(text)))).toEqual([true, true, true, true, false])
    expect(['10.77.0.255', '10.77.0.254', '255.255.255.255'].map((text) => isBroadcastIpv4(four(text), 24))).toEqual([true, false, true])
    expect(isBroadcastIpv4(four('10.0.0.1'), 31)).toBe(false)
    expect([isMulticastIpv4(four('239.1.1.1')), isMulticastIpv4(four('240.0.0.1')), isLoopbackIpv4(four('127.9.9.9')), isLinkLocalIpv4(four('169.254.1.1'))]).toEqual([true, false, true, true])
    expect([isMulticastIpv6(six('ff02::1')), isPrivateIpv6(six('fd00::1')), isLinkLocalIpv6(six('febf::1')), isLinkLocalIpv6(six('fec0::1'))]).toEqual([true, true, true, false])
    expect([isLoopbackIpv6(six('::1')), isUnspecifiedIpv6(six('::')), isDocumentationIpv6(six('2001:db8::1')), isDocumentationIpv6(six('3fff:fff::1')), isDocumentationIpv6(six('3fff:1000::'))])
      .toEqual([true, true, true, true, false])
    expect([isMulticastMac(parseMac('01:00:5e:00:00:01')!), isMulticastMac(parseMac('02-00-00-00-00-01')!)]).toEqual([true, false])
  })
})
