import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { FaultError } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { openCapLink } from '../../main/link/cap-link.ts'
import type { CapLink, CapLinkOptions } from '../../main/link/cap-link.ts'
import { openNicLink } from '../../main/link/nic-link.ts'
import { bindingObstacle, capObstacle } from '../support/binding.ts'
import { statisticsOf } from '../support/link-contract.ts'
import { FrameLog, sendAll, testFrame, until } from '../support/link-frames.ts'
import { inOwnNetwork, makeVeth, removeVeth, run } from '../support/own-network.ts'
import { buildProgram, runProgram } from '../support/program.ts'

const near = 'tlnpm0'
const far = 'tlnpm1'

inOwnNetwork(import.meta.url, () => {
  const links: { close(): void }[] = []
  const open = (options: CapLinkOptions): CapLink => {
    const link = openCapLink(options)
    links.push(link)
    return link
  }
  const faultOf = (options: CapLinkOptions): Fault => {
    try {
      open(options)
    } catch (error) {
      if (error instanceof FaultError) return error.fault
      throw error
    }
    throw new Error('it was opened')
  }
  beforeEach(() => makeVeth(near, far))
  afterEach(() => {
    for (const link of links.splice(0)) link.close()
    removeVeth(near)
  })

  it('turns what cap throws into faults', () => {
    expect(faultOf({ name: 'nosuch0' })).toMatchObject({ code: 'noSuchInterface', params: { name: 'nosuch0' } })
    expect(faultOf({ name: near, filter: 'tcp prt 80' })).toEqual({ code: 'badFilter', params: { expression: 'tcp prt 80', message: expect.stringMatching(/syntax/) } })
    run('ip', ['link', 'set', near, 'down'])
    expect(faultOf({ name: near })).toEqual({ code: 'interfaceDown', params: { name: near } })
  })

  it('says in a worker thread that it works only in the main thread', async () => {
    const program = await buildProgram('test/interop/programs/open-link.ts')
    const worker = new Worker(program, { argv: ['cap', near], stdout: true })
    let output = ''
    worker.stdout.on('data', (chunk) => { output += chunk })
    await until(() => output.endsWith('}'), 10_000)
    expect((JSON.parse(output) as { fault: Fault }).fault).toEqual({ code: 'captureUnavailable', params: { reason: expect.stringContaining('main thread') } })
  })

  it('says what it cannot know', () => {
    const { info } = open({ name: near })
    expect(info).toMatchObject({ kind: 'cap', timestamps: 'arrival', mtu: 1500, linkType: 1, snapLength: 65_535 })
    expect(info.unknownCounters).toEqual(['droppedByKernel', 'droppedByInterface', 'truncated'])
    expect(info.mac).toEqual(openedMac())
  })

  it('counts frames that find its ring full, to the frame', async () => {
    const link = open({ name: near, ringBytes: 1 << 18 })
    const peer = openNicLink({ name: far, seeSent: false })
    links.push(peer)
    const sent = 2000
    await sendAll(peer, Array.from({ length: sent }, (_, i) => testFrame(i, 1000)))
    await until(() => statisticsOf(link).received + statisticsOf(link).droppedByRing === sent)
    expect(statisticsOf(link).droppedByRing).toBeGreaterThan(0)
    const log = new FrameLog()
    expect(link.drain(log.add, 10_000)).toBe(statisticsOf(link).received)
    expect(log.frames.map(({ bytes }) => bytes)).toEqual(Array.from({ length: log.total }, (_, i) => testFrame(i, 1000)))
  })

  it('survives collections between and after captures', async () => {
    const program = await buildProgram('test/interop/programs/cap-stress.ts')
    const { status, signal, stdout, stderr } = runProgram(program, [near, far], { nodeArgs: ['--expose-gc'] })
    expect({ status, signal, stdout, stderr: withoutWarnings(stderr) }).toEqual({ status: 0, signal: null, stdout: 'survived', stderr: '' })
  })
}, () => bindingObstacle() ?? capObstacle())

/** `cap` itself writes a line for each interface without an IPv4 address. */
function withoutWarnings(text: string): string {
  return text.replace(/^Warning: .* may not actually work\n/gm, '')
}

function openedMac(): Uint8Array {
  const [{ address }] = JSON.parse(run('ip', ['-json', 'link', 'show', near])) as { address: string }[]
  return Uint8Array.from(address.split(':'), (part) => parseInt(part, 16))
}
