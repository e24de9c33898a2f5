import { describe, expect, it } from 'vitest'
import { runScript } from '../../../src/script/run-script.ts'

/** Passes as a whole, and fails at the last line where its last line is another. */
interface Case { readonly about: string, readonly lines: readonly string[], readonly wrong: string, readonly code: string }

const accepted = [
  '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3', '+0 bind(3, ..., ...) = 0', '+0 listen(3, 1) = 0', '+0 < S 0:0(0) win 65535 <mss 1460>', '+0 > S. 0:0(0) ack 1 <mss 1460>',
  '+.1 < . 1:1(0) ack 1 win 65535', '+0 accept(3, ..., ...) = 4',
]
const datagram = ['0 socket(..., SOCK_DGRAM|SOCK_NONBLOCK, IPPROTO_UDP) = 3', '+0 bind(3, ..., ...) = 0']
const connected = [...datagram, '+0 connect(3, ..., ...) = 0']
const refused = [...connected, '+0 write(3, ..., 100) = 100', '+0 > udp (100)', '+.1 < icmp unreachable port_unreachable [udp (100)]']

const cases: readonly Case[] = [
  { about: 'a datagram that is sent', lines: [...connected, '+0 write(3, ..., 100) = 100', '+0 > udp (100)'], wrong: '+0 > udp (99)', code: 'packetDiffers' },
  { about: 'a datagram that is received', lines: [...datagram, '+0 < udp (50)', '+0 recvfrom(3, ..., 1000, 0, ..., ...) = 50'], wrong: '+0 recvfrom(3, ..., 1000, 0, ..., ...) = 51', code: 'resultDiffers' },
  { about: 'a datagram that is cut', lines: [...datagram, '+0 < udp (50)', '+0 read(3, ..., 10) = 10', '+0 read(3, ..., 10) = -1 EAGAIN'], wrong: '+0 read(3, ..., 40) = 40', code: 'resultDiffers' },
  { about: 'the true length of a datagram', lines: [...datagram, '+0 < udp (50)', '+0 recv(3, ..., 10, MSG_TRUNC|MSG_PEEK) = 50', '+0 recv(3, ..., 10, 0) = 10'], wrong: '+0 recv(3, ..., 10, 0) = 50', code: 'resultDiffers' },
  { about: 'an answer to where a datagram came from', lines: [...datagram, '+0 < udp (5)', '+0 sendto(3, ..., 30, 0, ..., ...) = 30', '+0 > udp (30)'], wrong: '+0 > udp (5)', code: 'packetDiffers' },
  { about: 'sending to nobody', lines: [...datagram, '+0 write(3, ..., 100) = -1 EDESTADDRREQ'], wrong: '+0 write(3, ..., 100) = -1 ENOTCONN', code: 'errnoDiffers' },
  { about: 'a datagram that is too long', lines: [...connected, '+0 write(3, ..., 65508) = -1 EMSGSIZE'], wrong: '+0 write(3, ..., 65508) = 65508', code: 'resultDiffers' },
  { about: 'an error about a datagram', lines: [...refused, '+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0'], wrong: '+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0', code: 'valueDiffers' },
  { about: 'an error that a datagram socket tells once', lines: [...refused, '+0 read(3, ..., 9) = -1 ECONNREFUSED', '+0 read(3, ..., 9) = -1 EAGAIN'], wrong: '+0 read(3, ..., 9) = -1 ECONNREFUSED', code: 'errnoDiffers' },
  { about: 'readiness of a datagram socket', lines: [...datagram, '+0 < udp (5)', '+0 poll([{fd=3, events=POLLIN, revents=POLLIN}], 1, 0) = 1'], wrong: '+0 poll([{fd=3, events=POLLIN, revents=0}], 1, 0) = 1', code: 'valueDiffers' },
  { about: 'a port that nobody has', lines: [...datagram, '+0 close(3) = 0', '+0 < udp (5)', '+0 > icmp unreachable port_unreachable [udp (5)]'], wrong: '+0 > icmp unreachable port_unreachable [udp (6)]', code: 'packetDiffers' },
  { about: 'the identifier of an echo', lines: ['0 < icmp echo_request id 7', '+0 > icmp echo_reply id 7'], wrong: '+0 > icmp echo_reply id 8', code: 'packetDiffers' },
  { about: 'the code of an ICMP message', lines: ['0 < udp (5)', '+0 > icmp type_3 code_3'], wrong: '+0 > icmp type_3 code_2', code: 'packetDiffers' },
  { about: 'a tunnel that we do not speak', lines: ['0 < ipv4 192.0.2.1 > 192.168.0.1: gre: . 1:1(0) ack 1', '+0 > icmp unreachable protocol_unreachable [raw (44)]'], wrong: '+0 > icmp unreachable protocol_unreachable [raw (40)]', code: 'packetDiffers' },
  { about: 'a tunnel to somebody else', lines: ['0 < ipv4 192.0.2.1 > 192.168.0.9: gre: . 1:1(0) ack 1', '+0 < udp (5)', '+0 > icmp unreachable port_unreachable'], wrong: '+0 > icmp unreachable protocol_unreachable', code: 'packetDiffers' },
  { about: 'a packet that is not in a tunnel', lines: ['0 < . 1:1(0) ack 1', '+0 > R 1:1(0)'], wrong: '+0 > ipv4 192.168.0.1 > 192.0.2.1: R 1:1(0)', code: 'packetMissing' },
  { about: 'what is in a pipe', lines: ['0 pipe([5, 6]) = 0', '+0 write(6, ..., 100) = 100', '+0 read(5, ..., 200) = 100'], wrong: '+0 read(5, ..., 200) = 200', code: 'resultDiffers' },
  { about: 'the ends of a pipe', lines: ['0 pipe([5, 6]) = 0', '+0 read(6, ..., 1) = -1 EBADF'], wrong: '+0 read(6, ..., 1) = 0', code: 'resultDiffers' },
  { about: 'a pipe that nobody reads', lines: ['0 pipe([5, 6]) = 0', '+0 close(5) = 0', '+0 write(6, ..., 1) = -1 EPIPE'], wrong: '+0 write(6, ..., 1) = 1', code: 'resultDiffers' },
  { about: 'an empty pipe', lines: ['0 pipe([5, 6]) = 0', '+0 fcntl(5, F_SETFL, O_NONBLOCK) = 0', '+0 read(5, ..., 1) = -1 EAGAIN'], wrong: '+0 read(5, ..., 1) = 0', code: 'resultDiffers' },
  { about: 'what is spliced into a socket', lines: [...accepted, '+0 pipe([5, 6]) = 0', '+0 write(6, ..., 100) = 100', '+0 splice(5, NULL, 4, NULL, 4096, 0) = 100', '+0 > P. 1:101(100) ack 1'], wrong: '+0 > P. 1:4097(4096) ack 1', code: 'packetDiffers' },
  { about: 'what is spliced out of a socket', lines: [...accepted, '+0 pipe([5, 6]) = 0', '+0 < P. 1:101(100) ack 1 win 65535', '+0 splice(4, NULL, 6, NULL, 4096, 0) = 100', '+0 read(5, ..., 4096) = 100'], wrong: '+0 read(5, ..., 4096) = 4096', code: 'resultDiffers' },
  { about: 'a file that is sent', lines: [...accepted, '+0 open("/dev/zero", O_RDONLY) = 5', '+0 sendfile(4, 5, [0], 100) = 100', '+0 > P. 1:101(100) ack 1'], wrong: '+0 > P. 1:102(101) ack 1', code: 'packetDiffers' },
  { about: 'a file that is empty', lines: [...accepted, '+0 open("/dev/null", O_RDONLY) = 5', '+0 sendfile(4, 5, [0], 100) = 0'], wrong: '+0 sendfile(4, 5, [0], 100) = 100', code: 'resultDiffers' },
  { about: 'an option beyond its range', lines: ['0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3', '+0 setsockopt(3, SOL_TCP, TCP_KEEPCNT, [128], 4) = -1 EINVAL'], wrong: '+0 setsockopt(3, SOL_TCP, TCP_KEEPCNT, [128], 4) = 0', code: 'resultDiffers' },
  { about: 'a number of pieces', lines: ['0 pipe([5, 6]) = 0', '+0 writev(6, [{..., 10}, {..., 10}], 2) = 20', '+0 readv(5, [{..., 15}, {..., 15}], 2) = 20'], wrong: '+0 readv(5, [{..., 15}, {..., 15}], 1) = 20', code: 'countDiffers' },
  { about: 'the length of an option', lines: [...accepted, '+0 getsockopt(4, SOL_TCP, TCP_NODELAY, [0], [4]) = 0'], wrong: '+0 getsockopt(4, SOL_TCP, TCP_NODELAY, [0], [8]) = 0', code: 'valueDiffers' },
  { about: 'the length of an option of two numbers', lines: [...accepted, '+0 getsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=0, linger=0}, [8]) = 0'], wrong: '+0 getsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=0, linger=0}, [9]) = 0', code: 'valueDiffers' },
  { about: 'the length of an option of a datagram socket', lines: [...datagram, '+0 getsockopt(3, SOL_SOCKET, SO_TYPE, [SOCK_DGRAM], [4]) = 0'], wrong: '+0 getsockopt(3, SOL_SOCKET, SO_TYPE, [SOCK_DGRAM], [0]) = 0', code: 'valueDiffers' },
  { about: 'flags of a message of a stream', lines: [...accepted, '+0 < P. 1:51(50) ack 1 win 65535', '+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0}, 0) = 10'], wrong: '+0 recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=MSG_TRUNC}, 0) = 10', code: 'valueDiffers' },
  { about: 'a message that is cut', lines: [...datagram, '+0 < udp (50)', '+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=MSG_TRUNC}, 0) = 10'], wrong: '+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_flags=0}, 0) = 10', code: 'valueDiffers' },
  { about: 'a message that is whole', lines: [...datagram, '+0 < udp (50)', '+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 50}], msg_flags=0}, 0) = 50'], wrong: '+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 50}], msg_flags=MSG_TRUNC}, 0) = 50', code: 'valueDiffers' },
  { about: 'the data of epoll', lines: [...accepted, '+0 epoll_create(1) = 5', '+0 epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLOUT, ptr=77}) = 0', '+0 epoll_wait(5, {events=EPOLLOUT, ptr=77}, 1, 0) = 1'], wrong: '+0 epoll_wait(5, {events=EPOLLOUT, ptr=4}, 1, 0) = 1', code: 'valueDiffers' },
]

const linux = (lines: readonly string[]) => runScript(['// profile linux', ...lines].join('\n'))

describe('a script passes, and fails on something else, at the line of', () => {
  it.each(cases)('$about', ({ lines, wrong, code }) => {
    expect(linux(lines)).toMatchObject({ result: 'pass', failure: null })
    expect(linux([...lines.slice(0, -1), wrong])).toMatchObject({ result: 'fail', failure: { code, where: { line: lines.length + 1 } } })
  })
})

describe('flow labels of IPv6', () => {
  const labelled = (second: string) => runScript([
    '--ip_version=ipv6', ...accepted.slice(0, 4), '+0 > [flowlabel 0x1] S. 0:0(0) ack 1 <mss 1440>', ...accepted.slice(5), '+0 write(4, ..., 9) = 9', `+0 > [flowlabel ${second}] P. 1:10(9) ack 1`,
  ].join('\n'))

  it('are compared as the same or another', () => {
    expect(labelled('0x1').result).toBe('pass')
    expect(labelled('0x2')).toMatchObject({ result: 'fail', failure: { where: { line: 10 }, differing: ['flowlabel'] } })
  })
})

describe('--non_fatal', () => {
  const wrong = [...accepted.slice(0, 4), '+0 > S. 0:0(0) ack 1 win 5 <mss 1460>', '+0 listen(3, 1) = 7', '+0 close(3) = 0']

  it('tells what differs and goes on, for what it names alone', () => {
    const run = (option: string) => linux([option, ...wrong])
    expect(run('--non_fatal=packet,syscall')).toMatchObject({ result: 'pass', warnings: [{ code: 'packetDiffers', where: { line: 7 } }, { code: 'resultDiffers', where: { line: 8 } }] })
    expect(run('--non_fatal=packet')).toMatchObject({ result: 'fail', failure: { where: { line: 8 } }, warnings: [{ code: 'packetDiffers' }] })
    expect(run('--non_fatal=syscall')).toMatchObject({ result: 'fail', failure: { where: { line: 7 } }, warnings: [] })
    expect(run('--non_fatal=all')).toMatchObject({ result: 'fail', failure: { code: 'badOptionValue', where: { line: 2 } } })
  })
})

describe('what is written wrongly', () => {
  it.each([
    ['0 < S 0:0(0) win 1 win 2', 1, 20, 'expected'],
    ['--bind_port=70000\n0 close(3) = 0', 1, 1, 'badOptionValue'],
    ['0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, {sa_family=AF_INET, sin_port=htons(99999)}, 16) = 0', 2, 41, 'numberTooLarge'],
    ['0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 listen(3, 1, 4) = 0', 2, 17, 'expected'],
    ['0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 setsockopt(3, SOL_NOWHERE, TCP_NODELAY, [1], 4) = 0', 2, 18, 'constant'],
    ['0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 setsockopt(3, SOL_SOCKET, TCP_NODELAY, [1], 4) = 0', 2, 18, 'argument'],
    ['0 socket(..., SOCK_STREAM, IPPROTO_UDP) = 3', 1, 1, 'resultDiffers'],
    ['0 < SS 0:0(0) win 1', 1, 5, 'expected'],
    ['0 < S 0:0(0) win 1\n+0 > R.. 0:0(0) ack 1', 2, 6, 'expected'],
    ['--mtu=67\n0 close(3) = 0', 1, 1, 'badOptionValue'],
    ['--ip_version=ipv6\n--mtu=1279\n0 close(3) = 0', 2, 1, 'badOptionValue'],
    ['--mtu=65536\n0 close(3) = 0', 1, 1, 'badOptionValue'],
    ['--local_ip=fd00::1\n0 close(3) = 0', 1, 1, 'badOptionValue'],
    ['--local_ip=192.168.0.1\n--ip_version=ipv6\n0 close(3) = 0', 1, 1, 'badOptionValue'],
    ['--ip_version=ipv4-mapped-ipv6\n--remote_ip=fd00::2\n0 close(3) = 0', 2, 1, 'badOptionValue'],
    ['0 pipe([5, 6]) = 0\n+0 writev(6, [{..., 10}, {..., 10}], 3) = 20', 2, 38, 'countDiffers'],
    ['0 pipe([5, 6]) = 0\n+0 readv(5, [{..., 10}], 2) = 0', 2, 26, 'countDiffers'],
    ['0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 sendmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 10}, {..., 10}], msg_flags=0}, 0) = -1 EPIPE', 2, 43, 'countDiffers'],
    ['0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 recvmsg(3, {msg_name(...)=..., msg_iov(2)=[{..., 10}], msg_flags=0}, 0) = -1 ENOTCONN', 2, 43, 'countDiffers'],
    ['0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 poll([{fd=3, events=0, revents=POLLHUP}], 2, 0) = 1', 2, 46, 'countDiffers'],
    ['0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 getsockopt(3, SOL_TCP, TCP_NODELAY, [0]) = 0', 2, 1, 'expected'],
  ])('never passes: %j', (text, line, column, code) => {
    expect(runScript(text)).toMatchObject({ failure: { code, where: { line, column } } })
    expect(runScript(text).result).not.toBe('pass')
  })
})

describe('what is not had here', () => {
  it.each([
    ['--udp_encapsulation=sctp', '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3', 1, 1],
    ['', '0 socket(..., SOCK_RAW, IPPROTO_TCP) = 3', 2, 15],
    ['--udp_encapsulation=tcp', '0 < udp (5)/udp(1 > 9899)', 2, 12],
  ])('is named with line and column: %s %s', (option, line, row, column) => {
    expect(runScript([option, line].join('\n'))).toMatchObject({ result: 'unsupported', failure: { where: { line: row, column } } })
  })
})
