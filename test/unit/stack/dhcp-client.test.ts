import { describe, expect, it } from 'vitest'
import { Random } from '../../../src/base/random.ts'
import { FrameWriter } from '../../../src/link/frame-batch.ts'
import { DhcpClient } from '../../../src/stack/dhcp-client.ts'
import { decodeDhcp, DhcpMessage, encodeDhcp, findDhcpOption } from '../../../src/wire/dhcp.ts'
import { formatIpv4 } from '../../../src/wire/addresses.ts'
import { isIpv4ChecksumGood } from '../../../src/wire/ipv4.ts'
import { broadcast, ethernetFrame, ip, ipv4Frame, ourMac, peerMac, udpDatagram } from './harness.ts'

const names = ['', 'DISCOVER', 'OFFER', 'REQUEST', 'DECLINE', 'ACK', 'NAK', 'RELEASE']
const server = ip('10.77.0.1')
const lent = ip('10.77.0.50')
const hour = 3600

interface Reply { type: number, address?: number, options?: number[], change?: Partial<DhcpMessage>, source?: number }
const serverId = [54, 4, 10, 77, 0, 1]
const terms = (seconds = hour) => [...serverId, 51, 4, seconds >>> 24, (seconds >>> 16) & 255, (seconds >>> 8) & 255, seconds & 255, 1, 4, 255, 255, 255, 0, 3, 4, 10, 77, 0, 254]

/** A client on a cable with a server that says what the test says. */
class Bench {
  nowUs = 0
  readonly heard: string[] = []
  readonly client = new DhcpClient(ourMac, false, new Random(3), {
    bound: ({ address, prefixLength, gateway }, nowUs) => this.heard.push(`${nowUs / 1e6} bound ${formatIpv4(address)}/${prefixLength} via ${formatIpv4(gateway)}`),
    lost: ({ address }, nowUs) => this.heard.push(`${nowUs / 1e6} lost ${formatIpv4(address)}`),
  })

  private readonly writer = new FrameWriter(16, 1 << 16)
  private latest = new DhcpMessage()

  constructor() {
    this.client.start(0)
  }

  /** What left by a time, each as `seconds TYPE source > destination [requested]`. */
  run(untilSeconds: number): string[] {
    const found: string[] = []
    for (;;) {
      this.client.pollTransmit(this.writer)
      const { batch } = this.writer
      for (let i = 0; i < batch.count; i++) found.push(this.describe(batch.bytes.slice(batch.offset[i], batch.offset[i] + batch.capturedLength[i])))
      this.writer.clear()
      const next = this.client.pollTimeout()
      if (next > untilSeconds * 1e6) break
      this.nowUs = Math.max(this.nowUs, next)
      this.client.handleTimeout(this.nowUs)
    }
    this.nowUs = untilSeconds * 1e6
    return found
  }

  answers({ type, address = lent, options = terms(), change = {}, source = server }: Reply): void {
    const reply = new DhcpMessage()
    Object.assign(reply, { op: 2, transactionId: this.latest.transactionId, yourAddress: address, ...change })
    reply.clientHardware.set(ourMac)
    const all = Uint8Array.from([53, 1, type, ...options, 255])
    const bytes = new Uint8Array(240 + all.length)
    encodeDhcp(reply, all, 0, all.length, bytes, 0)
    const frame = ipv4Frame({ protocol: 17, source, destination: 0xffff_ffff, to: broadcast, payload: udpDatagram(67, 68, bytes, source, 0xffff_ffff) })
    this.client.handleFrame(frame, 0, frame.length, this.nowUs)
  }

  /** Offered, asked for and lent. */
  binds(options = terms()): void {
    this.run(this.nowUs / 1e6)
    this.answers({ type: 2, options })
    this.run(this.nowUs / 1e6)
    this.answers({ type: 5, options })
  }

  private describe(frame: Uint8Array): string {
    expect(isIpv4ChecksumGood(frame, 14)).toBe(true)
    expect(decodeDhcp(frame, 42, frame.length - 42, this.latest)).toBeNull()
    const type = findDhcpOption(frame, this.latest, 53)![0]
    const requested = findDhcpOption(frame, this.latest, 50)
    const [source, destination] = [frame.slice(26, 30).join('.'), frame.slice(30, 34).join('.')]
    expect([...frame.subarray(0, 6)]).toEqual(destination === '255.255.255.255' ? [...broadcast] : [...peerMac])
    return `${(this.nowUs / 1e6).toFixed(0)} ${names[type]} ${source} > ${destination}${requested === null ? '' : ` ${requested.join('.')}`}`
  }
}

describe('the DHCP client', () => {
  it('discovers, asks for what is offered, and has it when the server says so (RFC 2131 §3.1)', () => {
    const bench = new Bench()
    expect(bench.run(0)).toEqual(['0 DISCOVER 0.0.0.0 > 255.255.255.255'])
    bench.answers({ type: 2 })
    expect(bench.run(0)).toEqual(['0 REQUEST 0.0.0.0 > 255.255.255.255 10.77.0.50'])
    expect(bench.heard).toEqual([])
    bench.answers({ type: 5 })
    expect(bench.heard).toEqual(['0 bound 10.77.0.50/24 via 10.77.0.254'])
    expect(bench.run(1799)).toEqual([])
  })

  it('asks again after 4, 8, 16, 32 and 64 seconds, each a second more or less (RFC 2131 §4.1)', () => {
    const bench = new Bench()
    const times = bench.run(400).map((line) => Number(line.split(' ')[0]))
    const gaps = times.slice(1).map((time, i) => time - times[i])
    expect(gaps.length).toBeGreaterThan(6)
    for (const [i, usual] of [4, 8, 16, 32, 64, 64, 64].entries()) expect(Math.abs(gaps[i] - usual)).toBeLessThanOrEqual(2)
  })

  it('begins anew when the server that made the offer is silent', () => {
    const bench = new Bench()
    bench.run(0)
    bench.answers({ type: 2 })
    const kinds = bench.run(100).map((line) => line.split(' ')[1])
    expect(kinds.slice(0, 5)).toEqual(['REQUEST', 'REQUEST', 'REQUEST', 'REQUEST', 'DISCOVER'])
  })

  it('renews with its server at half the time, then with anyone, and gives the address up at the end (RFC 2131 §4.4.5)', () => {
    const bench = new Bench()
    bench.binds()
    bench.heard.length = 0
    const lines = bench.run(3601)
    expect(lines[0]).toBe('1800 REQUEST 10.77.0.50 > 10.77.0.1')
    expect(lines.filter((line) => line.endsWith('> 10.77.0.1')).length).toBeGreaterThan(2)
    expect(lines).toContain('3150 REQUEST 10.77.0.50 > 255.255.255.255')
    expect(bench.heard).toEqual(['3600 lost 10.77.0.50'])
    expect(lines.at(-1)).toBe('3600 DISCOVER 0.0.0.0 > 255.255.255.255')
  })

  it('goes on with the times of the server when it renews, T1 and T2 too', () => {
    const bench = new Bench()
    bench.binds([...terms(1000), 58, 4, 0, 0, 0, 100, 59, 4, 0, 0, 1, 0])
    expect(bench.run(99)).toEqual([])
    expect(bench.run(100)).toEqual(['100 REQUEST 10.77.0.50 > 10.77.0.1'])
    bench.answers({ type: 5, options: terms(1000) })
    expect(bench.run(599)).toEqual([])
    expect(bench.run(601)).toEqual(['600 REQUEST 10.77.0.50 > 10.77.0.1'])
    expect(bench.heard.at(-1)).toBe('100 bound 10.77.0.50/24 via 10.77.0.254')
  })

  it('drops its address at once on NAK, and begins anew', () => {
    const bench = new Bench()
    bench.binds()
    bench.run(1801)
    bench.answers({ type: 6, address: 0, options: serverId })
    expect(bench.heard.at(-1)).toBe('1801 lost 10.77.0.50')
    expect(bench.run(1801)).toEqual(['1801 DISCOVER 0.0.0.0 > 255.255.255.255'])
  })

  it('declines an address that another machine has, and waits ten seconds (RFC 2131 §3.1)', () => {
    const bench = new Bench()
    bench.binds()
    bench.client.decline(bench.nowUs)
    expect(bench.run(9)).toEqual(['0 DECLINE 0.0.0.0 > 255.255.255.255 10.77.0.50'])
    expect(bench.run(10)).toEqual(['10 DISCOVER 0.0.0.0 > 255.255.255.255'])
  })

  it('gives the address back when it stops', () => {
    const bench = new Bench()
    bench.binds()
    bench.client.release(bench.nowUs)
    expect(bench.run(10_000)).toEqual(['10000 RELEASE 10.77.0.50 > 10.77.0.1'].map((line) => line.replace('10000', '0')))
    expect(bench.client.state).toBe('off')
  })

  it('believes only answers to its own question, from the server it asked, with an address of a host', () => {
    const bench = new Bench()
    bench.run(0)
    for (const change of [{ transactionId: 1 }, { op: 1 }, { cookie: 0 }, { yourAddress: 0 }, { yourAddress: 0xe0000001 }]) bench.answers({ type: 2, change })
    bench.answers({ type: 5 })
    bench.answers({ type: 2, options: [] })
    expect(bench.run(1)).toEqual([])
    bench.answers({ type: 2 })
    bench.run(1)
    bench.answers({ type: 5, options: [54, 4, 10, 77, 0, 9, ...terms().slice(6)] })
    bench.answers({ type: 5, options: serverId })
    expect(bench.heard).toEqual([])
    bench.answers({ type: 5 })
    expect(bench.heard).toHaveLength(1)
  })

  it('takes any bytes without a throw', () => {
    const bench = new Bench()
    bench.run(0)
    const good = ipv4Frame({ protocol: 17, payload: udpDatagram(67, 68, new Uint8Array(300)) })
    for (let i = 0; i < 20_000; i++) {
      const frame = good.slice(0, 14 + (i * 7) % (good.length - 13))
      for (let k = 0; k < 3; k++) frame[(i * 31 + k * 17) % frame.length] = (i * 13 + k * 101) & 255
      bench.client.handleFrame(frame, 0, frame.length, 0)
    }
    bench.client.handleFrame(ethernetFrame(0x0800, new Uint8Array(4)), 0, 18, 0)
    expect(bench.heard).toEqual([])
  })
})

describe('DHCP on the wire', () => {
  it('survives decode and encode byte for byte', () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 37) & 255)
    const message = new DhcpMessage()
    expect(decodeDhcp(bytes, 0, bytes.length, message)).toBeNull()
    const again = new Uint8Array(300)
    expect(encodeDhcp(message, bytes, message.optionsOffset, message.optionsLength, again, 0)).toBe(300)
    expect(again).toEqual(bytes)
    expect(decodeDhcp(bytes, 0, 239, message)).toMatchObject({ reason: 'truncated' })
  })

  it('finds options behind padding and in the fields that option 52 names, never behind the end or where they break off', () => {
    const bytes = new Uint8Array(260)
    bytes.set([0, 0, 52, 1, 3, 1, 4, 255, 255, 255, 0, 255, 51, 1], 240)
    bytes.set([51, 4, 0, 0, 1, 0, 255], 108)
    bytes.set([3, 4, 10, 0, 0, 1, 255, 6], 44)
    const message = new DhcpMessage()
    decodeDhcp(bytes, 0, bytes.length, message)
    const found = (code: number) => findDhcpOption(bytes, message, code)
    expect([found(1), found(51), found(3), found(6)]).toEqual([Uint8Array.of(255, 255, 255, 0), Uint8Array.of(0, 0, 1, 0), Uint8Array.of(10, 0, 0, 1), null])
    bytes.set([53, 200, 1], 240)
    expect(found(53)).toBeNull()
  })
})
