import { describe, expect, it } from 'vitest'
import { buildSegment } from '../../../src/script/build-packet.ts'
import { Flow } from '../../../src/script/flow.ts'
import { matchPacket } from '../../../src/script/match-packet.ts'
import { parseScript } from '../../../src/script/parse.ts'
import { profiles } from '../../../src/script/profile.ts'
import { runScript } from '../../../src/script/run-script.ts'
import type { PacketAction, Script, TcpBody } from '../../../src/script/script.ts'
import { pseudoHeaderSum4Of } from '../../../src/wire/checksum.ts'
import { fillTcpChecksum } from '../../../src/wire/tcp.ts'

/** A server that has one connection, each line an event; the last line is the one that matters. */
const opening = [
  '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3',
  '+0 bind(3, ..., ...) = 0',
  '+0 listen(3, 1) = 0',
  '+0 < S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK>',
  '+0 > S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,sackOK>',
  '+0.01 < . 1:1(0) ack 1 win 65535',
  '+0 accept(3, ..., ...) = 4',
]

function run(...lines: string[]) {
  return runScript([...opening, ...lines].join('\n'), { profile: profiles.rfc })
}

const written = '+0 write(4, ..., 100) = 100'
const sent = '+0 > P. 1:101(100) ack 1 win 65535'

describe('a script', () => {
  it('passes where everything is as it says', () => {
    const report = run(written, '+0 > [noecn, ttl 64] P. 1:101(100) ack 1 win 65535', '+0.01 < . 1:1(0) ack 101 win 65535', '+0 close(4) = 0', '+0 > F. 101:101(0) ack 1', '+0 %{ assert tcpi_state == TCP_FIN_WAIT1 }%')
    expect(report).toMatchObject({ result: 'pass', failure: null })
  })

  // Each row: the events behind the opening, and what is found at the last but `behind` of them.
  it.each([
    ['flags', [written, sent.replace('P.', '.')], 'packetDiffers', ['flags']],
    ['the sequence number', [written, sent.replace('1:101', '2:102')], 'packetDiffers', ['seq']],
    ['the acknowledgment number', [written, sent.replace('ack 1', 'ack 2')], 'packetDiffers', ['ack']],
    ['the window', [written, sent.replace('win 65535', 'win 65534')], 'packetDiffers', ['window']],
    ['the length', [written, sent.replace('1:101(100)', '1:100(99)')], 'packetDiffers', ['length']],
    ['the urgent pointer', [written, `${sent} urg 5`], 'packetDiffers', ['urgent']],
    ['options that should be there', [written, `${sent} <nop,nop,TS val 1 ecr 1>`], 'packetDiffers', ['options']],
    ['ECN bits', [written, sent.replace('> ', '> [ect0] ')], 'packetDiffers', ['ip']],
    ['either ECT', [written, sent.replace('> ', '> [ect01] ')], 'packetDiffers', ['ip']],
    ['the TTL', [written, sent.replace('> ', '> [ttl 63] ')], 'packetDiffers', ['ip']],
    ['a packet that comes too early', [written, sent.replace('+0', '+0.000001')], 'packetEarly', ['time']],
    ['a packet that comes too late', ['+0 < P. 1:11(10) ack 1 win 65535', '+0.199999 > . 1:1(0) ack 11'], 'packetLate', ['time']],
    ['a range of times', ['+0 < P. 1:11(10) ack 1 win 65535', '+0.1~+0.199999 > . 1:1(0) ack 11'], 'packetLate', ['time']],
    ['a packet that does not come', [sent], 'packetMissing', []],
    ['a packet that comes instead of another', ['+0 < F. 1:1(0) ack 1 win 65535', written, sent.replace('ack 1 win 65535', 'ack 2')], 'packetDiffers', ['flags', 'length']],
    ['the result of a call', ['+0 write(4, ..., 100) = 99'], 'resultDiffers', []],
    ['an error instead of a result', ['+0 fcntl(4, F_SETFL, O_NONBLOCK) = 0', '+0 read(4, ..., 100) = 0'], 'resultDiffers', []],
    ['the name of an error', ['+0 fcntl(4, F_SETFL, O_NONBLOCK) = 0', '+0 read(4, ..., 100) = -1 EPIPE (Broken pipe)'], 'errnoDiffers', []],
    ['the value of an option', ['+0 getsockopt(4, IPPROTO_TCP, TCP_NODELAY, [1], [4]) = 0'], 'valueDiffers', []],
    ['the value of an ioctl', ['+0 ioctl(4, SIOCINQ, [1]) = 0'], 'valueDiffers', []],
    ['what poll finds', ['+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLIN}], 1, 0) = 1'], 'valueDiffers', []],
    ['a call that blocks', ['+0 read(4, ..., 100) = 100'], 'wouldBlock', []],
    ['a call that returns too early', ['+0...0.1 write(4, ..., 100) = 100'], 'returnedEarly', []],
    ['an assertion', ['+0 %{ assert tcpi_state == TCP_CLOSE, tcpi_state }%'], 'assertionFailed', []],
    ['a command', ['+0 `sockstat -P tcp | grep -q TIME_WAIT`'], 'commandFailed', []],
    ['an event that can begin only late', ['+0.2 write(4, ..., 100) = 100', '0.1 close(4) = 0'], 'startedLate', []],
    ['an echo of a timestamp that never left', ['+0 < . 1:1(0) ack 1 win 65535 <nop,nop,TS val 1 ecr 77>'], 'unknownEcho', []],
  ])('fails on %s', (_, events, code, differing) => {
    const report = run(...events)
    expect(report).toMatchObject({ result: 'fail', failure: { code, where: { line: opening.length + events.length }, differing } })
  })

  it('fails on the order and the values of options', () => {
    for (const options of ['<nop,nop,sackOK,mss 1460>', '<mss 1459,nop,nop,sackOK>', '<mss 1460,sackOK,nop,nop>', '<mss 1460,sackOK,eol,eol>', '<mss 1460>', '']) {
      const text = [...opening.slice(0, 4), `+0 > S. 0:0(0) ack 1 ${options}`].join('\n')
      expect(runScript(text, { profile: profiles.rfc }), options).toMatchObject({ result: 'fail', failure: { where: { line: 5 }, differing: ['options'] } })
    }
  })

  it.each([
    ['a checksum', 36, ['checksum']],
    ['a byte of the payload, whose checksum is right', -1, ['payload']],
    ['a reserved bit', 32, ['reserved']],
  ])('fails on %s', (_, at, differing) => {
    const sender = new Flow(0xc000_0201, 0xc0a8_0001, 8080, 40_000)
    const script = parseScript('0 > P. 1:11(10) ack 1 win 10') as Script
    const action = script.events[0].action as PacketAction
    const rule = { scaled: false, scriptTickUs: 1000, liveTickUs: 1000 }
    const bytes = buildSegment(sender, action, action.body as TcpBody, rule).frame.slice(14)
    const rules = { strictSegments: false, scriptTickUs: 0, liveTickUs: 1000, toleranceUs: 0 }
    const compare = () => matchPacket(new Flow(0xc0a8_0001, 0xc000_0201, 40_000, 8080), action, [{ timeUs: 0, bytes }], rules).differing
    expect(compare()).toEqual([])
    bytes[at < 0 ? bytes.length + at : at] ^= 2
    if (at !== 36) fillTcpChecksum(bytes, 20, 30, pseudoHeaderSum4Of(0xc0a8_0001, 0xc000_0201, 6, 30))
    expect(compare()).toEqual(differing)
  })

  it('fails on blocks of SACK that are not those of the script', () => {
    const hole = '+0 < . 101:201(100) ack 1 win 65535'
    expect(run(hole, '+0 > . 1:1(0) ack 1 <nop,nop,sack 101:201>').result).toBe('pass')
    for (const block of ['101:200', '102:201', '101:201 301:401']) {
      expect(run(hole, `+0 > . 1:1(0) ack 1 <nop,nop,sack ${block}>`)).toMatchObject({ result: 'fail', failure: { differing: ['options'] } })
    }
  })

  it('fails on a packet that nobody asked for at the next one that is expected', () => {
    const lines = ['+0 < . 101:201(100) ack 1 win 65535', written, sent]
    expect(run(...lines)).toMatchObject({ result: 'fail', failure: { where: { line: opening.length + 3 }, code: 'packetDiffers', differing: ['flags', 'length', 'options'] } })
    expect(run(...lines.slice(0, 1)).result).toBe('pass')
  })

  it('fails on a call that returns late, or never, at the line of the call', () => {
    const late = run('+0...0.1 read(4, ..., 100) = 10', '+0.2 < P. 1:11(10) ack 1 win 65535', '+1 close(4) = 0')
    expect(late).toMatchObject({ result: 'fail', failure: { code: 'returnedLate', where: { line: opening.length + 1 } } })
    const never = run('+0...0.1 read(4, ..., 100) = 10', '+0.2 close(4) = 0')
    expect(never).toMatchObject({ result: 'fail', failure: { code: 'neverReturned', where: { line: opening.length + 1 } } })
    expect(run('+0...0.2 read(4, ..., 100) = 10', '+0.2 < P. 1:11(10) ack 1 win 65535').result).toBe('pass')
  })

  it('fails on a control message that says otherwise, or is not there', () => {
    const told = (left: number, isAsked: boolean) => run(
      `+0 setsockopt(4, SOL_TCP, TCP_INQ, [${Number(isAsked)}], 4) = 0`, '+0 < P. 1:101(100) ack 1 win 65535',
      `+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 40}], msg_flags=0, msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=${left}}]}, 0) = 40`,
    )
    expect(told(60, true).result).toBe('pass')
    expect(told(61, true)).toMatchObject({ result: 'fail', failure: { code: 'valueDiffers', where: { line: opening.length + 3 } } })
    expect(told(60, false)).toMatchObject({ result: 'fail', failure: { code: 'valueDiffers' } })
  })

  it('asks for the commands of a pipe and a list as a shell would, quotes and all', () => {
    const asked = (count: number) => run(`+0 \`sockstat -4 -P tcp -s | grep -c -E "ESTABLISHED|LISTEN" | grep -x ${count}; echo "a;b|c"\``).result
    expect([2, 3].map(asked)).toEqual(['pass', 'fail'])
  })

  it('allows what its own tolerance allows, and no more', () => {
    const delayed = (expected: string) => runScript(['--tolerance_usecs=1000', ...opening, '+0 < P. 1:11(10) ack 1 win 65535', `+${expected} > . 1:1(0) ack 11`].join('\n'), { profile: profiles.rfc }).result
    expect(['0.199', '0.201', '0.2'].map(delayed)).toEqual(['pass', 'pass', 'pass'])
    expect(['0.198999', '0.201001'].map(delayed)).toEqual(['fail', 'fail'])
  })

  it('puts segments together only where it may', () => {
    const big = ['+0 write(4, ..., 4380) = 4380', '+0 > P. 1:4381(4380) ack 1']
    expect(run(...big).result).toBe('pass')
    expect(runScript(['--strict_segments', ...opening, ...big].join('\n'), { profile: profiles.rfc })).toMatchObject({ result: 'fail', failure: { differing: ['flags', 'length'] } })
    expect(run(big[0], '+0 > . 1:1461(1460) ack 1', '+0 > P. 1461:4381(2920) ack 1').result).toBe('pass')
    expect(run(big[0], '+0 > . 1:1461(1460) ack 1', '+0 > P. 1461:4382(2921) ack 1').result).toBe('fail')
  })

  it('is never a pass where it asks for what is not had here', () => {
    for (const line of ['+0 `tc qdisc add`', '+0 `sysctl -w net.inet.tcp.nothing=1`', '+0 mmap(4) = 0', '+0 setsockopt(4, SOL_SOCKET, SO_NOTHING, [1], 4) = 0', '+0 %{ import os }%', '+0 < icmp nothing [1:1(0)]']) {
      expect(run(line), line).toMatchObject({ result: 'unsupported', failure: { where: { line: opening.length + 1 } } })
    }
  })
})
