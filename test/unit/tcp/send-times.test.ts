import { describe, expect, it } from 'vitest'
import { Sending, SendTimes } from '../../../src/tcp/send-times.ts'
import { established, ms } from '../../support/tcp-trace.ts'

describe('the times of a sender', () => {
  it('say how long it was busy, and how long of that the peer\'s window held it', () => {
    const t = established({ window: 1460 })
    t.after(50 * ms).write(2920)
    t.skip()
    t.after(100 * ms).peer.sends('. 1:1(0) ack 1461 win 65535')
    t.skip()
    t.after(100 * ms).peer.sends('. 1:1(0) ack 2921 win 65535')
    t.after(100 * ms)
    expect(t.snapshot.sending).toMatchObject({ byWindowUs: 100 * ms, busyUs: 100 * ms, byBufferUs: 0, kind: Sending.idle })
    expect(t.snapshot.dataSegmentsSent).toBe(2)
  })

  it('add what lasts only when it is over', () => {
    const times = new SendTimes()
    times.become(Sending.byBuffer, 10)
    times.become(Sending.byBuffer, 20)
    expect(times.byBufferUs).toBe(0)
    times.become(Sending.idle, 30)
    expect(times).toMatchObject({ byBufferUs: 20, kind: Sending.idle, sinceUs: 30 })
  })
})
