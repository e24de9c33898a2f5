import { describe, expect, it } from 'vitest'
import { runScript } from '../../../src/script/run-script.ts'
import { checkIpChecksum, checkTransportChecksum } from '../../../src/wire/packet-checksum.ts'
import { decodePacket, Layer, LinkType, Packet } from '../../../src/wire/packet.ts'

/** A server whose connection comes in datagrams, and what it sends. */
const server = (mss = 1452) => [
  '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3', '+0 bind(3, ..., ...) = 0', '+0 listen(3, 1) = 0',
  '+0 < S 0:0(0) win 65535 <mss 9000>/udp(40000 > 9899)', `+0 > S. 0:0(0) ack 1 <mss ${mss}>/udp(9899 > 40000)`, '+.1 < . 1:1(0) ack 1 win 65535/udp(40000 > 9899)',
  '+0 accept(3, ..., ...) = 4', `+0 write(4, ..., ${2 * mss}) = ${2 * mss}`,
]
const run = (...lines: string[]) => runScript(['--udp_encapsulation=tcp', ...lines].join('\n'))
const data = (suffix: string, mss = 1452) => `+0 > P. 1:${2 * mss + 1}(${2 * mss}) ack 1${suffix}`

describe('TCP within UDP', () => {
  it('goes out with the ports that it came with, in segments that leave room for the header', () => {
    expect(run(...server(), data('/udp(9899 > 40000)'))).toMatchObject({ result: 'pass', failure: null })
    expect(run('--strict_segments', ...server(), '+0 > . 1:1453(1452) ack 1/udp(9899 > 40000)', '+0 > P. 1453:2905(1452) ack 1/udp(9899 > 40000)')).toMatchObject({ result: 'pass', failure: null })
    expect(run(...server(1460))).toMatchObject({ result: 'fail', failure: { where: { line: 6 }, differing: ['options'] } })
    expect(run('--ip_version=ipv6', ...server(1432), data('/udp(9899 > 40000)', 1432))).toMatchObject({ result: 'pass', failure: null })
  })

  it.each(['', '/udp(9899 > 40001)', '/udp(9898 > 40000)', '/udp(40000 > 9899)'])('is not taken for what goes otherwise: %j', (suffix) => {
    expect(run(...server(), data(suffix))).toMatchObject({ result: 'fail', failure: { code: 'packetDiffers', where: { line: 10 }, differing: ['outer'] } })
  })

  it('is expected in vain of a connection that goes without', () => {
    const plain = server(1460).map((line) => line.replace(/\/udp.*/, ''))
    expect(run(...plain, data('', 1460))).toMatchObject({ result: 'pass', failure: null })
    const other = server().map((line, i) => i === 4 ? line : line.replace(/\/udp.*/, ''))
    expect(run(...other)).toMatchObject({ result: 'fail', failure: { where: { line: 6 }, differing: ['outer'] } })
  })

  it('compares the segment within', () => {
    expect(run(...server(), '+0 > P. 1:2905(2904) ack 2/udp(9899 > 40000)')).toMatchObject({ result: 'fail', failure: { where: { line: 10 }, differing: ['ack'] } })
  })

  it('keeps to one way while a connection lives', () => {
    for (const suffix of ['', '/udp(40001 > 9899)']) {
      expect(run(...server(), data('/udp(9899 > 40000)'), `+0 < . 1:1(0) ack 2905 win 65535${suffix}`)).toMatchObject({ result: 'unsupported', failure: { code: 'encapsulation', where: { line: 11 } } })
    }
  })

  it('is asked for by an option of the script', () => {
    expect(runScript(server().join('\n'))).toMatchObject({ result: 'fail', failure: { code: 'expected', where: { line: 4, column: 35 }, params: { expected: '--udp_encapsulation=tcp' } } })
    expect(runScript('--udp_encapsulation=udp\n0 close(3) = 0')).toMatchObject({ result: 'fail', failure: { code: 'badOptionValue', where: { line: 1 } } })
    expect(run('--mtu=75', ...server(27))).toMatchObject({ result: 'fail', failure: { code: 'badOptionValue', where: { line: 2 } } })
  })

  it('is opened by a program that names both ports', () => {
    const client = (remote: number, suffix: string) => runScript([
      '// profile freebsd', '--udp_encapsulation=tcp', '0 `sysctl net.inet.tcp.udp_tunneling_port=9899`', '+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3',
      `+0 setsockopt(3, IPPROTO_TCP, TCP_REMOTE_UDP_ENCAPS_PORT, [${remote}], 4) = 0`, `+0 getsockopt(3, IPPROTO_TCP, TCP_REMOTE_UDP_ENCAPS_PORT, [${remote}], [4]) = 0`,
      '+0 fcntl(3, F_SETFL, O_NONBLOCK) = 0', '+0 connect(3, ..., ...) = -1 EINPROGRESS', `+0 > S 0:0(0) <...>${suffix}`, '+.1 < S. 0:0(0) ack 1 win 65535 <mss 1000>/udp(40000 > 9899)',
      '+0 > . 1:1(0) ack 1/udp(9899 > 40000)', '+0 close(3) = 0', '+0 > F. 1:1(0) ack 1/udp(9899 > 40000)',
    ].join('\n'))
    expect(client(40_000, '/udp(9899 > 40000)')).toMatchObject({ result: 'pass', failure: null })
    expect(client(40_001, '/udp(9899 > 40000)')).toMatchObject({ result: 'fail', failure: { where: { line: 9 }, differing: ['outer'] } })
    expect(client(40_000, '')).toMatchObject({ result: 'fail', failure: { where: { line: 9 }, differing: ['outer'] } })
  })

  it.each(['ipv4', 'ipv6'])('is on the cable as whole datagrams of %s', (version) => {
    const seen: string[] = []
    const mss = version === 'ipv4' ? 1452 : 1432
    const packet = new Packet()
    const text = ['--udp_encapsulation=tcp', `--ip_version=${version}`, ...server(mss)].join('\n')
    const { result } = runScript(text, {
      tap: (frame, direction) => {
        decodePacket(frame, 0, frame.length, LinkType.ethernet, packet)
        const isGood = checkIpChecksum(packet, frame) !== 'bad' && checkTransportChecksum(packet, frame) === 'good'
        if (packet.layers & Layer.udp) seen.push(`${direction} ${packet.udp.sourcePort} > ${packet.udp.destinationPort} ${isGood ? 'good' : 'bad'} ${packet.udp.length}`)
      },
    })
    expect(result).toBe('pass')
    expect(seen).toEqual(['received 40000 > 9899 good 32', 'sent 9899 > 40000 good 32', 'received 40000 > 9899 good 28', ...[mss, mss].map((length) => `sent 9899 > 40000 good ${28 + length}`)])
  })
})
