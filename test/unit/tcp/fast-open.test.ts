import { describe, expect, it } from 'vitest'
import type { TcpConfig } from '../../../src/tcp/config.ts'
import { defaultTcpConfig } from '../../../src/tcp/config.ts'
import { ms, pattern, s, TcpTrace } from '../../support/tcp-trace.ts'

const cookie = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const hex = '0102030405060708'
const terms = { cookies: [cookie], mss: 1460, hasRoom: true }
const nothingKnown = { cookies: [], mss: 0, hasRoom: true }

/** A client that knows the cookie, and data that waits when its SYN leaves. */
function opening(length: number, config: Partial<TcpConfig> = {}, fastOpen = terms): TcpTrace {
  const t = new TcpTrace({ config, fastOpen })
  t.connection.open(0)
  if (length > 0) t.write(length)
  return t.poll()
}

function listening(config: Partial<TcpConfig> = {}, fastOpen = terms): TcpTrace {
  return new TcpTrace({ config: { delayedAck: false, ...config }, fastOpen }).listen()
}

/** A server that took ten bytes with the SYN. */
function acceptedEarly(config: Partial<TcpConfig> = {}): TcpTrace {
  const t = listening(config)
  t.peer.sends(`S 0:10(10) win 65535 <mss 1460,FO ${hex},nop,nop>`).peer.expects('S. 0:0(0) ack 11 win 65525 <mss 1460>')
  return t
}

describe('a client of TCP Fast Open', () => {
  it('does without unless that is asked for [RFC7413/off-default]', () => {
    expect(defaultTcpConfig.fastOpen).toBe('off')
    const t = new TcpTrace({})
    t.connection.open(0)
    t.write(100)
    t.peer.expects('S 0:0(0) win 65535 <mss 1460>').peer.hearsNothing()
  })

  it('asks a server that it does not know for a cookie, without data, and keeps what comes [RFC7413/request] [RFC7413/option]', () => {
    const t = opening(100, {}, nothingKnown)
    t.peer.expects('S 0:0(0) win 65535 <mss 1460,FO,nop,nop>').after(10 * ms)
    expect(t.snapshot.fastOpen).toBe('asked')
    t.peer.sends(`S. 0:0(0) ack 1 win 65535 <mss 1400,FO ${hex},nop,nop>`).peer.expects('P. 1:101(100) ack 1 win 65535')
    expect(t.connection.fastOpen).toMatchObject({ granted: cookie, grantedMss: 1400 })
  })

  it('ignores cookies in lengths that there are none of, and outside of SYNs [RFC7413/option]', () => {
    for (const wrong of ['0102', '010203', '0102030405', '0102030405060708090a0b0c0d0e0f101112']) {
      const t = opening(0, {}, nothingKnown)
      t.skip()
      t.peer.sends(`S. 0:0(0) ack 1 win 65535 <mss 1400,FO ${wrong}>`).skip()
      expect([wrong, t.connection.fastOpen?.granted, t.state]).toEqual([wrong, null, 'ESTABLISHED'])
    }
    const t = opening(0, {}, nothingKnown)
    t.skip()
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1400>').skip()
    t.peer.sends(`. 1:1(0) ack 1 win 65535 <FO ${hex},nop,nop>`)
    expect(t.connection.fastOpen?.granted).toBeNull()
  })

  it('puts cookie and data on the SYN, which the SYN+ACK acknowledges [RFC7413/client-syn]', () => {
    const t = opening(100)
    t.peer.expects(`S 0:100(100) win 65535 <mss 1460,FO ${hex},nop,nop>`).after(10 * ms)
    expect(t.snapshot).toMatchObject({ fastOpen: 'tried', synBytes: 100, sendUnackedBytes: 100, sendQueuedBytes: 0 })
    t.peer.sends('S. 0:0(0) ack 101 win 65535 <mss 1460>').peer.expects('. 101:101(0) ack 1 win 65535')
    expect(t.snapshot).toMatchObject({ fastOpen: 'taken', synBytes: 0, sendUnackedBytes: 0, bytesAcked: 100, bytesSent: 100 })
    t.write(10)
    t.peer.expects('P. 101:111(10) ack 1 win 65535')
  })

  it('sends no more on it than the MSS that came with the cookie, less room for options, or 536 bytes of a server whose MSS it does not know [RFC7413/client-syn]', () => {
    const lengthFor = (mss: number, ipVersion: 4 | 6 = 4) => {
      const t = new TcpTrace({ fastOpen: { ...terms, mss }, ipVersion })
      t.connection.open(0)
      const room = t.connection.synRoomBytes
      t.write(5000)
      expect(t.sent[0].segment.payloadLength).toBe(room)
      return room
    }
    expect([lengthFor(1460), lengthFor(1000), lengthFor(0), lengthFor(0, 6), lengthFor(9000)]).toEqual([1420, 960, 496, 1180, 1420])
  })

  it('sends what did not fit on the SYN once the handshake is over [RFC7413/client-syn]', () => {
    const t = opening(2000)
    t.peer.expects(`S 0:1420(1420) win 65535 <mss 1460,FO ${hex},nop,nop>`)
    t.peer.sends('S. 0:0(0) ack 1421 win 65535 <mss 1460>').peer.expects('P. 1421:2001(580) ack 1 win 65535')
  })

  it('sends data that the SYN+ACK does not acknowledge as ordinary data, all of it or the rest [RFC7413/client-syn]', () => {
    const t = opening(100)
    t.skip()
    t.peer.sends(`S. 0:0(0) ack 1 win 65535 <mss 1460,FO ${hex},nop,nop>`).peer.expects('P. 1:101(100) ack 1 win 65535')
    expect(t.snapshot).toMatchObject({ fastOpen: 'refused', bytesSent: 100, retransmissions: 0 })
    const partly = opening(100)
    partly.skip()
    partly.peer.sends('S. 0:0(0) ack 41 win 65535 <mss 1460>').peer.expects('P. 41:101(60) ack 1 win 65535')
    partly.peer.sends('. 1:1(0) ack 101 win 65535').peer.hearsNothing()
    expect(partly.snapshot).toMatchObject({ fastOpen: 'taken', sndUna: partly.isn + 101, bytesAcked: 100 })
  })

  it('takes data that comes with the SYN+ACK [RFC7413/client-syn]', () => {
    const t = opening(100)
    t.skip()
    t.peer.sends('S. 0:50(50) ack 101 win 65535 <mss 1460>').peer.expects('. 101:101(0) ack 51 win 65485')
    expect(t.read()).toEqual(pattern(0, 50))
  })

  it('falls back to a plain SYN when the first one is not answered, and the data follows the handshake [RFC7413/fallback]', () => {
    const t = opening(100)
    t.skip()
    t.at(1 * s).peer.expects('S 0:0(0) win 65535 <mss 1460>')
    expect(t.snapshot.fastOpen).toBe('fellBack')
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460>').peer.expects('P. 1:101(100) ack 1 win 65535')
    // The answer to the first SYN may only be late.
    const late = opening(100)
    late.skip()
    late.at(1 * s).skip()
    late.peer.sends('S. 0:0(0) ack 101 win 65535 <mss 1460>').peer.expects('. 101:101(0) ack 1 win 65535')
    expect(late.snapshot).toMatchObject({ sndUna: late.isn + 101, sendUnackedBytes: 0 })
  })

  it('is refused like any other, whatever its SYN carried', () => {
    const t = opening(100)
    t.skip()
    t.peer.sends('R. 0:0(0) ack 101 win 0').peer.hearsNothing()
    expect([t.state, t.heard]).toEqual(['CLOSED', ['refused']])
    const wrong = opening(100)
    wrong.skip()
    wrong.peer.sends('S. 0:0(0) ack 102 win 1000').peer.expects('R 102:102(0) win 0')
  })

  it('meets a peer that opens at the same time, and sends its data again behind the handshake', () => {
    const t = opening(100)
    t.skip()
    t.peer.sends('S 0:0(0) win 65535 <mss 1460>').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    t.peer.sends('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    expect(t.state).toBe('ESTABLISHED')
    t.peer.expects('P. 1:101(100) ack 1 win 65535')
  })

  it('needs no cookie where that is agreed on beforehand, and then sends no option', () => {
    const t = opening(100, { fastOpenCookies: false }, { ...nothingKnown, mss: 1460 })
    t.peer.expects('S 0:100(100) win 65535 <mss 1460>')
  })

  it('can be closed while its SYN with data is out', () => {
    const t = opening(100, { closeAwaitsSyn: true })
    t.skip()
    t.close().peer.sends('S. 0:0(0) ack 101 win 65535 <mss 1460>').peer.expects('F. 101:101(0) ack 1 win 65535')
    expect(t.state).toBe('FIN_WAIT_1')
  })
})

describe('a server of TCP Fast Open', () => {
  it('drops the data of a SYN unless fast open is on [RFC7413/off-default]', () => {
    const t = new TcpTrace({}).listen()
    t.peer.sends(`S 0:10(10) win 65535 <mss 1460,FO ${hex},nop,nop>`).peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    expect([t.why('dropped'), t.heard]).toEqual([['dropSynData'], []])
  })

  it('takes data with a good cookie at once, acknowledges it with the SYN, and lets the application answer before the handshake is over [RFC7413/server-valid]', () => {
    const t = acceptedEarly({ nagle: false })
    expect([t.state, t.heard]).toEqual(['SYN_RCVD', ['accepted', 'readable', 'writable']])
    expect(t.read()).toEqual(pattern(0, 10))
    t.write(3000)
    t.peer.expects('. 1:1461(1460) ack 11 win 65525').peer.expects('. 1461:2921(1460) ack 11 win 65525').peer.expects('P. 2921:3001(80) ack 11 win 65525')
    t.peer.sends('. 11:11(0) ack 3001 win 65535').peer.hearsNothing()
    expect([t.state, t.heard]).toEqual(['ESTABLISHED', ['writable']])
    expect(t.snapshot).toMatchObject({ fastOpen: 'accepted', sendUnackedBytes: 0 })
  })

  it('sends no more than the initial window before that [RFC7413/server-valid]', () => {
    const t = acceptedEarly({ initialWindowSegments: 3 })
    t.write(20_000)
    expect(t.skip().map(({ payloadLength }) => payloadLength)).toEqual([1460, 1460, 1460])
    expect(t.why('held')).toContain('heldCongestion')
    t.peer.sends('. 11:11(0) ack 1461 win 65535')
    expect(t.skip().length).toBeGreaterThan(1)
  })

  it('repeats the SYN+ACK alone while it is not acknowledged, and resends its data afterwards [RFC7413/server-valid]', () => {
    const t = acceptedEarly()
    t.write(100)
    t.peer.expects('P. 1:101(100) ack 11 win 65525')
    t.at(1 * s).peer.expects('S. 0:0(0) ack 11 win 65525 <mss 1460>')
    t.peer.sends('. 11:11(0) ack 1 win 65535')
    expect(t.state).toBe('ESTABLISHED')
    t.after(60 * s).peer.expects('P. 1:101(100) ack 11 win 65525', 4 * s)
  })

  it('answers the SYN again when it comes again, and takes its data once [RFC7413/server-valid]', () => {
    const t = acceptedEarly()
    t.peer.sends(`S 0:10(10) win 65535 <mss 1460,FO ${hex},nop,nop>`).peer.expects('S. 0:0(0) ack 11 win 65525 <mss 1460>')
    expect(t.read()).toEqual(pattern(0, 10))
  })

  it('acknowledges only the SYN when the cookie is wrong or missing, and gives a good one [RFC7413/server-invalid]', () => {
    for (const option of ['FO 0102030405060709', 'FO', 'FO 01020304']) {
      const t = listening()
      t.peer.sends(`S 0:10(10) win 65535 <mss 1460,${option}>`).peer.expects(`S. 0:0(0) ack 1 win 65535 <mss 1460,FO ${hex},nop,nop>`)
      expect([t.state, t.heard, t.snapshot.fastOpen, t.why('dropped')]).toEqual(['SYN_RCVD', [], 'granted', ['dropSynData']])
    }
    const t = listening()
    t.peer.sends('S 0:10(10) win 65535 <mss 1460>').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    const odd = listening()
    odd.peer.sends('S 0:10(10) win 65535 <mss 1460,FO 010203>').peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
  })

  it('takes a cookie of an older key too, and gives one of the newest', () => {
    const t = listening({}, { ...terms, cookies: [Uint8Array.of(9, 9, 9, 9), cookie] })
    t.peer.sends(`S 0:10(10) win 65535 <mss 1460,FO ${hex},nop,nop>`).peer.expects('S. 0:0(0) ack 11 win 65525 <mss 1460,FO 09090909,nop,nop>')
    expect(t.state).toBe('SYN_RCVD')
  })

  it('answers the option of the trial with the option of the trial', () => {
    const t = listening()
    t.peer.sends('S 0:0(0) win 65535 <mss 1460,FOEXP>').peer.expects(`S. 0:0(0) ack 1 win 65535 <mss 1460,FOEXP ${hex}>`)
    const good = listening()
    good.peer.sends(`S 0:10(10) win 65535 <mss 1460,FOEXP ${hex}>`).peer.expects('S. 0:0(0) ack 11 win 65525 <mss 1460>')
  })

  it('opens the ordinary way while too many wait [RFC7413/pending-limit]', () => {
    const t = listening({}, { ...terms, hasRoom: false })
    t.peer.sends(`S 0:10(10) win 65535 <mss 1460,FO ${hex},nop,nop>`).peer.expects('S. 0:0(0) ack 1 win 65535 <mss 1460>')
    expect([t.heard, t.snapshot.fastOpen]).toEqual([[], 'full'])
    t.peer.sends('. 1:1(0) ack 1 win 65535')
    expect(t.heard).toEqual(['accepted', 'writable'])
  })

  it('has the application hear of a reset before the handshake is over', () => {
    const t = acceptedEarly()
    t.peer.sends('R 11:11(0) win 0').peer.hearsNothing()
    expect([t.state, t.heard]).toEqual(['CLOSED', ['accepted', 'readable', 'writable', 'reset']])
  })

  it('challenges another SYN, as for a connection that the application has', () => {
    const t = acceptedEarly()
    t.peer.sends('S 500:500(0) win 65535 <mss 1460>').peer.expects('. 1:1(0) ack 11 win 65525')
    expect(t.state).toBe('SYN_RCVD')
  })

  it('can close at once, with its answer and FIN before the handshake is over', () => {
    const t = acceptedEarly()
    t.write(100)
    t.peer.expects('P. 1:101(100) ack 11 win 65525')
    t.close().peer.expects('F. 101:101(0) ack 11 win 65525')
    expect(t.state).toBe('FIN_WAIT_1')
    t.peer.sends('. 11:11(0) ack 102 win 65535')
    expect(t.state).toBe('FIN_WAIT_2')
  })

  it('takes a FIN on the SYN when the handshake is over', () => {
    const t = listening()
    t.peer.sends(`SF 0:10(10) win 65535 <mss 1460,FO ${hex},nop,nop>`).peer.expects('S. 0:0(0) ack 11 win 65525 <mss 1460>')
    t.peer.sends('. 12:12(0) ack 1 win 65535').peer.expects('. 1:1(0) ack 12 win 65524')
    expect(t.state).toBe('CLOSE_WAIT')
  })

  it('takes of a SYN what its buffer has room for', () => {
    const t = listening({ receiveBufferBytes: 6 })
    t.peer.sends(`S 0:10(10) win 65535 <mss 1460,FO ${hex},nop,nop>`).peer.expects('S. 0:0(0) ack 7 win 0 <mss 1460>')
  })

  it('knows what it sent before the handshake was over when SACK tells what of it is missing', () => {
    const t = listening({ sackPermitted: true, initialWindowSegments: 3 })
    t.peer.sends(`S 0:10(10) win 65535 <mss 1000,sackOK,nop,nop,FO ${hex},nop,nop>`).skip()
    t.write(3000)
    expect(t.skip()).toHaveLength(3)
    t.after(100 * ms).peer.sends('. 11:11(0) ack 1 win 65535 <nop,nop,sack 2001:3001>').skip()
    expect(t.snapshot.pipe).toBeLessThanOrEqual(3000)
    t.after(100 * ms)
    expect(t.skip().map(({ seq }) => seq - t.isn)).toEqual([1])
    t.peer.sends('. 11:11(0) ack 1001 win 65535 <nop,nop,sack 2001:3001>').peer.expects('. 1001:2001(1000) ack 11')
    t.peer.sends('. 11:11(0) ack 3001 win 65535').peer.hearsNothing()
    expect(t.snapshot).toMatchObject({ flightSize: 0, pipe: 0 })
  })

  it('offers no more than there is room for when the handshake is over, also where the buffer is rounded then', () => {
    const t = listening({ windowOfWholeSegments: true, windowScaling: true, receiveBufferBytes: 13_000, windowShift: 7 })
    t.peer.sends(`S 0:12(12) win 65535 <mss 1460,nop,wscale 7,FO ${hex},nop,nop>`).skip()
    t.peer.sends('. 13:13(0) ack 1 win 512').skip()
    const { rcvAdvertisedEdge, rcvNxt, receiveUnreadBytes, receiveBufferBytes } = t.snapshot
    expect(rcvAdvertisedEdge - rcvNxt + receiveUnreadBytes).toBe(receiveBufferBytes)
  })

  it('leaves the option out where there is no room for it among the others', () => {
    const t = new TcpTrace({ config: { timestamps: true, sackPermitted: true, windowScaling: true, synOptionOrder: 'TS,sackOK,mss,wscale' }, fastOpen: { ...terms, cookies: [new Uint8Array(16)] } }).listen()
    t.peer.sends('S 0:0(0) win 65535 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 0,FO>')
    expect(t.skip()[0].optionLength).toBeLessThanOrEqual(40)
  })
})
