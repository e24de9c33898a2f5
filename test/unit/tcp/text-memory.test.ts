import { expect, it } from 'vitest'
import { giveStretch, takeStretch } from '../../../src/wire/common-memory.ts'
import { TcpPair } from '../../support/tcp-pair.ts'

it('gives the memory of both rings back when the connection is over and all is read', () => {
  const whole = 128 << 20
  const hasAll = (): boolean => {
    const common = takeStretch(1)
    giveStretch(common)
    const all = takeStretch(whole)
    giveStretch(all)
    return all.bytes === common.bytes
  }
  const pair = new TcpPair().establish()
  const text = new Uint8Array(10_000)
  pair.client.connection.send(text, 0, text.length, pair.nowUs)
  pair.server.connection.send(text, 0, text.length, pair.nowUs)
  pair.runUntil(() => pair.server.received.length === text.length && pair.client.received.length === text.length)
  expect(hasAll()).toBe(false)
  pair.client.connection.close(pair.nowUs)
  pair.server.connection.close(pair.nowUs)
  pair.run()
  expect([pair.client.events.at(-1), pair.server.events.at(-1), hasAll()]).toEqual(['closed', 'closed', true])
})
