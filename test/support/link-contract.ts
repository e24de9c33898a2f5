import { afterEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../src/base/fault.ts'
import { Direction } from '../../src/link/frame-batch.ts'
import { emptyStatistics } from '../../src/link/link.ts'
import type { Link, LinkStatistics } from '../../src/link/link.ts'
import { batchOf, drainUntil, farMac, FrameLog, labMac, pause, sendAll, testFrame, until } from './link-frames.ts'

export interface ContractOptions {
  readonly seeSent: boolean
  readonly filter?: string
  readonly snapLength?: number
}

/** The link under test and a way to the same wire that is not under test. What one sends, the other receives. */
export interface ContractPair {
  readonly link: Link
  readonly peer: Link
  /** Takes the interface away below the open link. */
  readonly removeInterface?: () => void
}

export interface LinkContract {
  readonly name: string
  /** A fresh pair; the suite closes both links. */
  open(options: ContractOptions): ContractPair | Promise<ContractPair>
  /** Undoes what `open` did, after the links were closed. */
  cleanUp?(): void | Promise<void>
  /**
   * What this link cannot do, as the reason that is printed instead. `sent`: see what it sends; `snap`: cut frames; `filter`; `remove`: survive that its
   * interface goes; `original`: know the length of a frame that was cut.
   */
  readonly lacks: Partial<Record<'sent' | 'snap' | 'filter' | 'remove', string>>
}

const smallest = 18

/** The one suite that every implementation of {@link Link} passes. */
export function describeLinkContract(contract: LinkContract): void {
  describe(`link contract: ${contract.name}`, () => {
    const open: Link[] = []
    const pair = async (options: Partial<ContractOptions> = {}): Promise<ContractPair> => {
      const made = await contract.open({ seeSent: false, ...options })
      open.push(made.link, made.peer)
      return made
    }
    afterEach(async () => {
      for (const link of open.splice(0)) link.close()
      await contract.cleanUp?.()
    })

    openingAndClosing(pair)
    sendingAndReceiving(pair, contract)
    draining(pair)
    filtering(pair, contract)
    counting(pair, contract)
    dying(pair, contract)
  })
}

type Pair = (options?: Partial<ContractOptions>) => Promise<ContractPair>

function openingAndClosing(pair: Pair): void {
  it('describes itself', async () => {
    const { link: { info } } = await pair()
    expect(info.name).not.toBe('')
    expect(info.linkType).toBe(1)
    expect(info.mtu).toBeGreaterThanOrEqual(576)
    expect(info.snapLength).toBeGreaterThanOrEqual(info.mtu + 14)
    expect(info.mac === null || info.mac.length === 6).toBe(true)
  })

  it('closes twice, and is quiet afterwards', async () => {
    const { link, peer } = await pair()
    await sendAll(peer, [testFrame(1, 60)])
    link.close()
    link.close()
    const log = new FrameLog()
    expect(link.drain(log.add, 10)).toBe(0)
    expect(log.total).toBe(0)
    expect(link.send(batchOf([testFrame(1, 60, labMac)]))).toBe(0)
    // The counts of a link in another process come a moment later.
    await pause(20)
    const counts = statisticsOf(link)
    await pause(20)
    expect(statisticsOf(link)).toEqual(counts)
  })

  it('opens again after it was closed', async () => {
    (await pair()).link.close()
    const { link, peer } = await pair()
    const log = new FrameLog()
    await sendAll(peer, [testFrame(7, 60)])
    await drainUntil(link, log, () => log.frames.length === 1)
  })
}

function sendingAndReceiving(pair: Pair, contract: LinkContract): void {
  it('carries frames of every length both ways, byte for byte and in order', async () => {
    const { link, peer } = await pair()
    const longest = Math.min(link.info.mtu, peer.info.mtu) + 14
    for (const [from, to] of [[link, peer], [peer, link]]) {
      const lengthOf = (i: number) => i === 0 ? smallest : i === 1 ? longest : smallest + (i * 97) % (longest - smallest)
      const frames = Array.from({ length: 300 }, (_, i) => testFrame(i, lengthOf(i), from === link ? labMac : farMac))
      const log = new FrameLog()
      await sendAll(from, frames)
      await drainUntil(to, log, () => log.received.length >= frames.length)
      expect(log.received.map(({ bytes }) => bytes)).toEqual(frames)
      expect(log.received.map(({ originalLength }) => originalLength)).toEqual(frames.map(({ length }) => length))
    }
  })

  it('stamps frames with the time they came, never backwards', async () => {
    const { link, peer } = await pair()
    const log = new FrameLog()
    const before = BigInt(Date.now()) * 1_000_000n
    for (let i = 0; i < 20; i++) {
      await sendAll(peer, [testFrame(i, 60), testFrame(i, 600)])
      await pause(1)
    }
    await drainUntil(link, log, () => log.frames.length === 40)
    const times = log.frames.map(({ time }) => time)
    expect(times.every((time, i) => i === 0 || time >= times[i - 1])).toBe(true)
    if (link.info.timestamps === 'virtual') return
    const slack = 50_000_000n
    expect(times[0]).toBeGreaterThan(before - slack)
    expect(times.at(-1)).toBeLessThan(BigInt(Date.now()) * 1_000_000n + slack)
    expect(times.at(-1)! - times[0]).toBeGreaterThan(15_000_000n)
  })

  it('says which frames it sent, and shows them in their place among the others', async ({ skip }) => {
    if (contract.lacks.sent) skip(contract.lacks.sent)
    const { link, peer } = await pair({ seeSent: true })
    const log = new FrameLog()
    for (let i = 0; i < 10; i++) {
      await sendAll(link, [testFrame(i, 60, labMac)])
      await drainUntil(link, log, () => log.frames.length === 2 * i + 1)
      await sendAll(peer, [testFrame(100 + i, 60)])
      await drainUntil(link, log, () => log.frames.length === 2 * i + 2)
    }
    expect(log.frames.map(({ direction }) => direction)).toEqual(Array.from({ length: 20 }, (_, i) => i % 2 === 0 ? Direction.sent : Direction.received))
    expect(log.sent.map(({ bytes }) => bytes)).toEqual(Array.from({ length: 10 }, (_, i) => testFrame(i, 60, labMac)))
    const times = log.frames.map(({ time }) => time)
    expect(times.every((time, i) => i === 0 || time >= times[i - 1])).toBe(true)
  })

  it('keeps what it sends to itself when asked to', async () => {
    const { link, peer } = await pair({ seeSent: false })
    const log = new FrameLog()
    await sendAll(link, Array.from({ length: 50 }, (_, i) => testFrame(i, 100, labMac)))
    await sendAll(peer, [testFrame(1000, 60)])
    await drainUntil(link, log, () => log.frames.length > 0)
    await pause(10)
    link.drain(log.add, 1000)
    expect(log.frames.map(({ bytes }) => bytes)).toEqual([testFrame(1000, 60)])
  })
}

function draining(pair: Pair): void {
  it('hands out well-formed batches', async () => {
    const { link, peer } = await pair()
    await sendAll(peer, Array.from({ length: 1000 }, (_, i) => testFrame(i, smallest + i)))
    let frames = 0
    const broken: string[] = []
    await until(() => {
      link.drain((batch) => {
        if (batch.count < 1 || batch.count > batch.capacity) broken.push(`${batch.count} frames in a batch for ${batch.capacity}`)
        for (let i = 0; i < batch.count; i++) {
          const end = batch.offset[i] + batch.capturedLength[i]
          if (end > batch.bytes.length) broken.push(`frame ${i} ends at ${end} of ${batch.bytes.length}`)
          if (batch.capturedLength[i] > batch.originalLength[i]) broken.push(`frame ${i} is longer than it was`)
          if (batch.timeNsec[i] > 999_999_999) broken.push(`frame ${i} has ${batch.timeNsec[i]} ns`)
          if (batch.direction[i] > Direction.sent) broken.push(`frame ${i} has direction ${batch.direction[i]}`)
        }
        frames += batch.count
      }, 10_000)
      return frames >= 1000
    })
    expect(broken).toEqual([])
  })

  it('hands out no more than was asked for, and keeps the rest', async () => {
    const { link, peer } = await pair()
    const log = new FrameLog()
    await sendAll(peer, Array.from({ length: 100 }, (_, i) => testFrame(i, 200)))
    await until(() => statisticsOf(link).received >= 100)
    expect(link.drain(log.add, 0)).toBe(0)
    expect(link.drain(log.add, 1)).toBe(1)
    expect(link.drain(log.add, 9)).toBe(9)
    expect(log.total).toBe(10)
    await drainUntil(link, log, () => log.frames.length === 100)
    expect(log.frames.map(({ bytes }) => bytes)).toEqual(Array.from({ length: 100 }, (_, i) => testFrame(i, 200)))
  })

  it('calls onReadable once until it was drained, then again', async () => {
    const { link, peer } = await pair()
    const log = new FrameLog()
    let calls = 0
    link.onReadable = () => { calls++ }
    link.drain(log.add, 1000)
    for (let round = 1; round <= 3; round++) {
      await sendAll(peer, [testFrame(round, 60), testFrame(round, 61)])
      await until(() => calls >= round)
      await sendAll(peer, [testFrame(round, 62)])
      await pause(10)
      expect(calls).toBe(round)
      await drainUntil(link, log, () => log.frames.length === 3 * round)
      calls = round
    }
  })

  it('calls onReadable at most once a millisecond', async () => {
    const { link, peer } = await pair()
    const log = new FrameLog()
    let calls = 0
    link.onReadable = () => {
      calls++
      link.drain(log.add, 100_000)
    }
    const begin = performance.now()
    for (let i = 0; i < 200; i++) {
      await sendAll(peer, Array.from({ length: 10 }, (_, k) => testFrame(i * 10 + k, 100)))
      if (i % 10 === 0) await pause(1)
    }
    await drainUntil(link, log, () => log.frames.length === 2000)
    if (link.info.timestamps !== 'virtual') expect(calls).toBeLessThanOrEqual(performance.now() - begin + 2)
  })

  it('goes on after a sink has thrown', async () => {
    const { link, peer } = await pair()
    const log = new FrameLog()
    await sendAll(peer, [testFrame(1, 60)])
    await until(() => statisticsOf(link).received >= 1)
    expect(() => link.drain(() => { throw new Error('a sink of the test') }, 10)).toThrow('a sink of the test')
    await sendAll(peer, [testFrame(2, 60)])
    await drainUntil(link, log, () => log.frames.some(({ bytes }) => bytes[17] === 2))
  })
}

function filtering(pair: Pair, contract: LinkContract): void {
  it('captures what the filter lets through, and changes it while open', async ({ skip }) => {
    if (contract.lacks.filter) skip(contract.lacks.filter)
    const { link, peer } = await pair({ filter: 'ether proto 0x88b5 and len <= 100' })
    const log = new FrameLog()
    await sendAll(peer, [testFrame(1, 200), testFrame(2, 100), testFrame(3, 101)])
    await drainUntil(link, log, () => log.frames.length === 1)
    expect(link.setFilter('ether proto 0x88b5 and len > 100')).toBeNull()
    await sendAll(peer, [testFrame(4, 200), testFrame(5, 100)])
    await drainUntil(link, log, () => log.frames.length === 2)
    expect(link.setFilter('')).toBeNull()
    await sendAll(peer, [testFrame(6, 60), testFrame(7, 300)])
    await drainUntil(link, log, () => log.frames.length === 4)
    expect(log.frames.map(({ bytes }) => bytes[17])).toEqual([2, 4, 6, 7])
  })

  it('answers a broken filter with the compiler\'s words and keeps the old one', async () => {
    const { link, peer } = await pair()
    const problem = link.setFilter('tcp prt 80')
    expect(problem?.code).toBe('badFilter')
    expect(problem?.params.expression).toBe('tcp prt 80')
    const log = new FrameLog()
    await sendAll(peer, [testFrame(1, 60)])
    await drainUntil(link, log, () => log.frames.length === 1)
  })
}

function counting(pair: Pair, contract: LinkContract): void {
  it('counts what it carries', async () => {
    const { link, peer } = await pair()
    const log = new FrameLog()
    const before = statisticsOf(link)
    await sendAll(peer, Array.from({ length: 500 }, (_, i) => testFrame(i, 100)))
    await sendAll(link, Array.from({ length: 300 }, (_, i) => testFrame(i, 100, labMac)))
    await drainUntil(link, log, () => log.received.length === 500)
    const counts = statisticsOf(link)
    expect(counts.sent - before.sent).toBe(300)
    expect(counts.sendFailed).toBe(0)
    expect(counts.received - before.received).toBe(log.total)
    expect(counts.droppedByRing).toBe(0)
    expect(counts.truncated).toBe(0)
  })

  it('counts a frame that cannot be sent as failed and sends the next', async () => {
    const { link, peer } = await pair()
    const log = new FrameLog()
    const frames = [testFrame(1, 60, labMac), testFrame(2, link.info.mtu + 200, labMac), testFrame(3, 60, labMac), new Uint8Array(6), testFrame(5, 60, labMac)]
    await sendAll(link, frames)
    await drainUntil(peer, log, () => log.frames.length === 3)
    expect(log.frames.map(({ bytes }) => bytes[17])).toEqual([1, 3, 5])
    await until(() => statisticsOf(link).sendFailed === 2)
    expect(statisticsOf(link).sent).toBe(3)
  })

  it('cuts frames at the snap length and says so', async ({ skip }) => {
    if (contract.lacks.snap) skip(contract.lacks.snap)
    const { link, peer } = await pair({ snapLength: 96 })
    const log = new FrameLog()
    await sendAll(peer, [testFrame(1, 96), testFrame(2, 97), testFrame(3, 1000)])
    await drainUntil(link, log, () => log.frames.length === 3)
    expect(log.frames.map(({ bytes, originalLength }) => [bytes.length, originalLength])).toEqual([[96, 96], [96, 97], [96, 1000]])
    expect(log.frames.map(({ bytes }) => bytes)).toEqual([96, 97, 1000].map((length, i) => testFrame(i + 1, length).slice(0, 96)))
    await until(() => statisticsOf(link).truncated === 2)
  })

  it('loses no frame without a count when nobody drains', async () => {
    const { link, peer } = await pair()
    const sent = 20_000
    for (let i = 0; i < sent; i += 1000) {
      await sendAll(peer, Array.from({ length: 1000 }, (_, k) => testFrame(i + k, 1000)))
      await pause(1)
    }
    const log = new FrameLog()
    const lost = () => {
      const counts = statisticsOf(link)
      return counts.droppedByKernel + counts.droppedByInterface + counts.droppedByRing
    }
    const knowsDrops = !link.info.unknownCounters.includes('droppedByKernel')
    await drainUntil(link, log, () => log.frames.length + lost() >= sent || (!knowsDrops && log.frames.length > 0))
    if (knowsDrops) expect(log.frames.length + lost()).toBe(sent)
    expect(log.frames[0].bytes).toEqual(testFrame(0, 1000))
  })
}

function dying(pair: Pair, contract: LinkContract): void {
  it('says once that its interface is gone, and stays harmless', async ({ skip }) => {
    if (contract.lacks.remove) skip(contract.lacks.remove)
    const { link, peer, removeInterface } = await pair()
    const reasons: Fault[] = []
    link.onClosed = (reason) => { reasons.push(reason) }
    const log = new FrameLog()
    await sendAll(peer, [testFrame(1, 60)])
    await drainUntil(link, log, () => log.frames.length === 1)
    const { received } = statisticsOf(link)
    removeInterface!()
    await until(() => reasons.length > 0)
    expect(reasons.map(({ code }) => code)).toEqual(['interfaceGone'])
    expect(reasons[0].params.name).toBe(link.info.name)
    expect(link.send(batchOf([testFrame(2, 60)]))).toBe(0)
    expect(link.drain(log.add, 10)).toBe(log.total - 1)
    expect(statisticsOf(link).received).toBe(received)
    await pause(20)
    expect(reasons.length).toBe(1)
    link.close()
  })

  it('hands out what came before its interface went', async ({ skip }) => {
    if (contract.lacks.remove) skip(contract.lacks.remove)
    const { link, peer, removeInterface } = await pair()
    const log = new FrameLog()
    let gone = false
    link.onClosed = () => { gone = true }
    await sendAll(peer, Array.from({ length: 200 }, (_, i) => testFrame(i, 60)))
    // What it took has left then.
    peer.close()
    if (link.info.kind === 'cap') await until(() => statisticsOf(link).received >= 200)
    removeInterface!()
    await until(() => gone)
    link.drain(log.add, 1000)
    expect(log.frames.length).toBe(200)
  })

  it('may be closed inside a sink while frames arrive', async () => {
    for (let round = 0; round < 5; round++) {
      const { link, peer } = await pair()
      await sendAll(peer, Array.from({ length: 2000 }, (_, i) => testFrame(i, 1000)))
      let batches = 0
      const closing = () => {
        batches++
        link.close()
      }
      // A frame may be counted a moment before it can be drained.
      await until(() => link.drain(closing, 10_000) > 0)
      expect(batches).toBe(1)
      await sendAll(peer, Array.from({ length: 100 }, (_, i) => testFrame(i, 100)))
      link.close()
    }
  })
}

export function statisticsOf(link: Link): LinkStatistics {
  const counts = emptyStatistics()
  link.statistics(counts)
  return counts
}
