import net from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FaultError } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { Direction } from '../../src/link/frame-batch.ts'
import { compileFilter, listInterfaces } from '../../main/link/interfaces.ts'
import { openNicLink } from '../../main/link/nic-link.ts'
import type { NicLink, NicLinkOptions } from '../../main/link/nic-link.ts'
import { bindingObstacle, capObstacle } from '../support/binding.ts'
import { batchOf, drainUntil, FrameLog, labMac, pause, sendAll, testFrame, until } from '../support/link-frames.ts'
import { statisticsOf } from '../support/link-contract.ts'
import { inOwnNetwork, makeVeth, removeVeth, run } from '../support/own-network.ts'
import { buildProgram, runProgram } from '../support/program.ts'

const near = 'tlwire0'
const far = 'tlwire1'

inOwnNetwork(import.meta.url, () => {
  const links: NicLink[] = []
  const open = (options: NicLinkOptions) => {
    const link = openNicLink(options)
    links.push(link)
    return link
  }
  beforeEach(() => makeVeth(near, far))
  afterEach(() => {
    for (const link of links.splice(0)) link.close()
    removeVeth(near)
  })

  describe('interfaces', () => {
    it('lists names, addresses, MAC, MTU and flags as the kernel has them', () => {
      run('ip', ['address', 'add', '192.0.2.7/24', 'dev', near])
      run('sysctl', ['-qw', `net.ipv6.conf.${near}.disable_ipv6=0`])
      run('ip', ['address', 'add', '2001:db8::7/48', 'dev', near, 'nodad'])
      run('ip', ['link', 'set', near, 'mtu', '1400'])
      run('ip', ['link', 'set', far, 'down'])
      const [kernel] = JSON.parse(run('ip', ['-json', 'link', 'show', near])) as { address: string }[]
      const list = listInterfaces()
      const found = list.find(({ name }) => name === near)!
      expect(found).toMatchObject({ mac: kernel.address, mtu: 1400, up: true, running: false, loopback: false, wireless: false, mayOpen: true })
      expect(found.addresses).toContain('192.0.2.7/24')
      expect(found.addresses).toContain('2001:db8::7/48')
      expect(list.find(({ name }) => name === far)).toMatchObject({ up: false, running: false })
      expect(list.find(({ name }) => name === 'lo')).toMatchObject({ loopback: true, mac: null })
      expect(list.map(({ name }) => name).toSorted()).toEqual(['lo', near, far].toSorted())
    })

    it('compiles a filter without an interface', () => {
      expect(compileFilter('')).toHaveLength(4)
      expect(compileFilter('arp')).toHaveLength(16)
      expect(compileFilter('tcp prt 80')).toMatch(/syntax/)
      expect(compileFilter('port http and')).toEqual(expect.any(String))
      expect(compileFilter(Array.from({ length: 5000 }, (_, port) => `port ${port}`).join(' or '))).toMatch(/at most 2000 characters/)
    })
  })

  describe('opening', () => {
    const faultOf = (options: NicLinkOptions): Fault => {
      try {
        open(options)
      } catch (error) {
        if (error instanceof FaultError) return error.fault
        throw error
      }
      throw new Error('it was opened')
    }

    it('says which interfaces there are when there is none of that name', () => {
      const { code, params } = faultOf({ name: 'nosuch0' })
      expect([code, params.name]).toEqual(['noSuchInterface', 'nosuch0'])
      expect(String(params.available).split(', ').toSorted()).toEqual(['lo', near, far].toSorted())
    })

    it('says that the interface is down', () => {
      run('ip', ['link', 'set', near, 'down'])
      expect(faultOf({ name: near })).toEqual({ code: 'interfaceDown', params: { name: near } })
    })

    it('hands on the compiler\'s words about a broken filter', () => {
      const { code, params } = faultOf({ name: near, filter: 'tcp prt 80' })
      expect(code).toBe('badFilter')
      expect(params).toEqual({ expression: 'tcp prt 80', message: expect.stringMatching(/syntax/) })
    })

    it('says how to get the right to capture', async () => {
      const program = await buildProgram('test/interop/programs/open-link.ts')
      for (const kind of ['nic', 'cap']) {
        const { stdout } = runProgram(program, [kind, near], { before: ['setpriv', '--bounding-set', '-net_raw,-net_admin'] })
        const { fault, mayOpen } = JSON.parse(stdout) as { fault: Fault, mayOpen: boolean }
        expect(fault).toEqual({ code: 'interfaceNoPermission', params: { name: near, how: expect.stringContaining('setcap') } })
        expect(mayOpen).toBe(false)
      }
    })
  })

  describe('direction', () => {
    it('is the kernel\'s, whatever the source address is and however many tags there are', async () => {
      const link = open({ name: near })
      const peer = open({ name: far, seeSent: false })
      const tagged = (frame: Uint8Array, tags: number[]) => {
        const between = tags.flatMap((type) => [type >> 8, type & 255, 0, 5])
        return Uint8Array.from([...frame.subarray(0, 12), ...between, ...frame.subarray(12)])
      }
      const kinds = [[], [0x8100], [0x88a8, 0x8100]]
      const seen: string[] = []
      const note = (): void => {
        link.drain((batch) => { for (let i = 0; i < batch.count; i++) seen.push(`${batch.direction[i]} ${batch.capturedLength[i]}`) }, 1000)
      }
      const expected: string[] = []
      for (const tags of kinds) {
        // Each end speaks with the other's address.
        await sendAll(link, [tagged(testFrame(1, 200, peer.info.mac!), tags)])
        await sendAll(peer, [tagged(testFrame(1, 300, link.info.mac!), tags)])
        expected.push(`${Direction.sent} ${200 + tags.length * 4}`, `${Direction.received} ${300 + tags.length * 4}`)
        await until(() => {
          note()
          return seen.length === expected.length
        })
      }
      expect(seen).toEqual(expected)
    })
  })

  it('captures whole segments that the kernel left unsplit', async () => {
    const total = 4_000_000
    const pattern = 'unsplit'
    const server = net.createServer((socket) => socket.end(Buffer.alloc(total, pattern)))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as net.AddressInfo
    const link = open({ name: 'lo', filter: `tcp src port ${port}`, ringBytes: 16 << 20 })
    let largest = 0
    let cut = 0
    let wrong = 0
    /** Sequence number of the first byte, and how many bytes from there on were captured; the kernel may send some twice. */
    let first = -1
    let contiguous = 0
    const note = (): void => {
      link.drain(({ bytes, offset, capturedLength, originalLength, count }) => {
        for (let i = 0; i < count; i++) {
          const ip = offset[i] + 14
          const tcp = ip + (bytes[ip] & 15) * 4
          const data = tcp + (bytes[tcp + 12] >> 4) * 4
          const end = offset[i] + capturedLength[i]
          const sequence = new DataView(bytes.buffer, bytes.byteOffset).getUint32(tcp + 4)
          if (bytes[tcp + 13] & 2) first = (sequence + 1) >>> 0
          const position = (sequence - first) >>> 0
          if (capturedLength[i] < originalLength[i]) cut++
          for (let at = data; at < end; at++) if (bytes[at] !== pattern.charCodeAt((position + at - data) % pattern.length)) wrong++
          if (position <= contiguous) contiguous = Math.max(contiguous, position + end - data)
          largest = Math.max(largest, capturedLength[i])
        }
      }, 1000)
    }
    let received = 0
    net.connect(port, '127.0.0.1').on('data', (data) => { received += data.length })
    await until(() => {
      note()
      return received === total && contiguous >= total
    }, 10_000)
    server.close()
    expect(contiguous).toBe(total)
    expect(wrong).toBe(0)
    expect(largest).toBeGreaterThan(20_000)
    expect(cut).toBe(0)
  })

  it('counts what the kernel dropped because nobody drained, to the frame', async () => {
    const link = open({ name: near, snapLength: 2048, bufferBytes: 2 << 20, ringBytes: 1 << 20 })
    const peer = open({ name: far, seeSent: false })
    const sent = 30_000
    for (let i = 0; i < sent; i += 1000) await sendAll(peer, Array.from({ length: 1000 }, (_, k) => testFrame(i + k, 1000)))
    await pause(50)
    expect(statisticsOf(link).droppedByKernel).toBeGreaterThan(0)
    const log = new FrameLog()
    await drainUntil(link, log, () => log.frames.length + statisticsOf(link).droppedByKernel + statisticsOf(link).droppedByRing === sent)
    const numbers = log.frames.map(({ bytes }) => bytes[15] << 16 | bytes[16] << 8 | bytes[17])
    expect(numbers.every((number, i) => i === 0 || number > numbers[i - 1])).toBe(true)
    await sendAll(peer, [testFrame(99, 60)])
    await drainUntil(link, log, () => log.frames.at(-1)!.bytes[17] === 99)
  })

  it('goes through its ring many times without a wrong byte', async () => {
    const link = open({ name: near, snapLength: 2048, ringBytes: 1 << 16 })
    const peer = open({ name: far, seeSent: false })
    for (let round = 0; round < 40; round++) {
      const frames = Array.from({ length: 100 }, (_, i) => testFrame(round * 100 + i, 60 + (i * 311 + round * 17) % 1400))
      const log = new FrameLog()
      await sendAll(peer, frames)
      await drainUntil(link, log, () => log.frames.length === 100)
      expect(log.frames.map(({ bytes }) => bytes)).toEqual(frames)
    }
  })

  describe('sending many frames', () => {
    const many = (first: number, count: number, length: number) => batchOf(Array.from({ length: count }, (_, i) => testFrame(first + i, length, labMac)))

    it('keeps them in order, few and many mixed', async () => {
      const link = open({ name: near, seeSent: false })
      const peer = open({ name: far, seeSent: false })
      let taken = 0
      for (let round = 0; round < 60; round++) taken += link.send(many(taken, round % 3 === 0 ? 256 : round % 3, 60 + round * 20))
      link.close()
      const log = new FrameLog()
      await drainUntil(peer, log, () => log.frames.length >= taken)
      expect(log.frames.map(({ bytes }) => bytes[15] << 16 | bytes[16] << 8 | bytes[17])).toEqual(Array.from({ length: taken }, (_, i) => i))
      expect(statisticsOf(link)).toMatchObject({ sent: taken, sendFailed: 0 })
    })

    it('asks for those that it had no room for, when it has', async () => {
      const link = open({ name: near, seeSent: false })
      let asked = 0
      link.onReadable = () => { asked++ }
      const batch = many(0, 2000, 1500)
      await until(() => link.send(batch) < batch.count)
      expect(asked).toBe(0)
      await until(() => asked > 0)
      expect(link.send(batch)).toBeGreaterThan(100)
    })

    it('counts each that the interface refuses, and goes on with the next', async () => {
      const link = open({ name: near, seeSent: false })
      const peer = open({ name: far, seeSent: false })
      const tooLong = [testFrame(7, link.info.mtu + 200, labMac), testFrame(8, 400_000, labMac)]
      const frames = Array.from({ length: 100 }, (_, i) => i % 10 === 5 ? tooLong[i % 20 === 5 ? 0 : 1] : testFrame(100 + i, 200, labMac))
      await sendAll(link, frames)
      const log = new FrameLog()
      await drainUntil(peer, log, () => log.frames.length === 90)
      expect(log.frames.map(({ bytes }) => bytes)).toEqual(frames.filter((_, i) => i % 10 !== 5))
      await until(() => statisticsOf(link).sendFailed === 10)
      run('ip', ['link', 'set', near, 'down'])
      await sendAll(link, frames)
      await until(() => statisticsOf(link).sendFailed === 110)
      expect(statisticsOf(link).sent).toBe(90)
    })

    it('loses none while the interface can take no more, and waits for them when it is closed', async () => {
      const link = open({ name: near, seeSent: false })
      const peer = open({ name: far, seeSent: false })
      const frames = Array.from({ length: 100 }, (_, i) => testFrame(i, 1000, labMac))
      run('tc', ['qdisc', 'replace', 'dev', near, 'root', 'tbf', 'rate', '20mbit', 'burst', '5kb', 'limit', '8kb'])
      await sendAll(link, frames)
      link.close()
      const log = new FrameLog()
      await drainUntil(peer, log, () => log.frames.length === frames.length)
      expect(log.frames.map(({ bytes }) => bytes)).toEqual(frames)
      expect(statisticsOf(link)).toMatchObject({ sent: frames.length, sendFailed: 0 })
    })
  })

  it('outlives an interface that goes down and comes up again', async () => {
    const link = open({ name: near })
    const peer = open({ name: far, seeSent: false })
    let closed = false
    link.onClosed = () => { closed = true }
    for (let round = 0; round < 2; round++) {
      run('ip', ['link', 'set', near, 'down'])
      await sendAll(link, [testFrame(1, 60)])
      await pause(300)
      run('ip', ['link', 'set', near, 'up'])
      const log = new FrameLog()
      let number = 10
      await until(() => {
        peer.send(batchOf([testFrame(number++, 60)]))
        link.drain(log.add, 1000)
        return log.received.length > 0
      })
    }
    expect(closed).toBe(false)
    expect(statisticsOf(link).sendFailed).toBe(2)
  })

  it('survives terminated workers, forgotten links and leaving with links open', async () => {
    const program = await buildProgram('test/interop/programs/nic-stress.ts')
    const { status, signal, stdout, stderr } = runProgram(program, [near, far], { nodeArgs: ['--expose-gc'] })
    expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: 'survived', stderr: '' })
  })
}, () => bindingObstacle() ?? capObstacle())
