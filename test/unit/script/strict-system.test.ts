import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runScript } from '../../../src/script/run-script.ts'

const run = (...lines: string[]) => runScript(['// profile linux', ...lines].join('\n'))

const recovered = [
  '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3', '+0 bind(3, ..., ...) = 0', '+0 listen(3, 1) = 0', '+0 < S 0:0(0) win 65535 <mss 1000,sackOK,nop,nop>', '+0 > S. 0:0(0) ack 1 <...>',
  '+.1 < . 1:1(0) ack 1 win 65535', '+0 accept(3, ..., ...) = 4', '+0 write(4, ..., 5000) = 5000', '+0 > P. 1:5001(5000) ack 1', '+.1 < . 1:1(0) ack 1 win 65535 <sack 1001:2001,nop,nop>',
  '+0 < . 1:1(0) ack 1 win 65535 <sack 1001:3001,nop,nop>', '+0 < . 1:1(0) ack 1 win 65535 <sack 1001:4001,nop,nop>', '* > . 1:1001(1000) ack 1',
]

describe('nstat', () => {
  it.each([
    ['TcpExtTCPSackRecovery', 1], ['TcpExtTCPFastRetrans', 1], ['TcpRetransSegs', 1], ['TcpPassiveOpens', 1], ['TcpActiveOpens', 0], ['TcpInSegs', 5], ['TcpExtTCPTimeouts', 0], ['TcpCurrEstab', 1],
  ])('counts %s as the engine does', (name, count) => {
    expect(run(...recovered, `+0 \`nstat -az ${name} | grep -q "${name}  *${count} "\``)).toMatchObject({ result: 'pass' })
    expect(run(...recovered, `+0 \`nstat -az ${name} | grep -q "${name}  *${count + 1} "\``)).toMatchObject({ result: 'fail', failure: { code: 'commandFailed', where: { line: 15, column: 4 } } })
  })

  it('counts timeouts, one by one', () => {
    const events = [...recovered.slice(0, 9), '+.2~+.6 > P. 4001:5001(1000) ack 1', '+.1~+2 > . 1:1001(1000) ack 1', '+.1~+4 > . 1:1001(1000) ack 1']
    expect(run(...events, '+0 `nstat | grep -q "TcpExtTCPTimeouts  *2 "`', '+0 `nstat -a | grep -q "TcpExtTCPLossProbes  *1 "`')).toMatchObject({ result: 'pass' })
  })

  it('says what changed since it was asked before', () => {
    expect(run(...recovered, '+0 `nstat -n`', '+0 `nstat | grep TcpRetransSegs`')).toMatchObject({ result: 'fail', failure: { where: { line: 16 } } })
    expect(run(...recovered, '+0 `nstat -s | grep -q TcpRetransSegs`', '+0 `nstat | grep -q TcpRetransSegs && nstat -r | grep -q TcpRetransSegs`')).toMatchObject({ result: 'pass' })
    expect(run(...recovered, '+0 `nstat`', '+0 `nstat -z | grep -q "TcpRetransSegs  *0 "`')).toMatchObject({ result: 'pass' })
  })

  it('has no word for what is not counted, and says where it was asked', () => {
    expect(run('0 `nstat | grep -q "TcpExtTCPFACKReorder  *1"`')).toMatchObject({ result: 'unsupported', failure: { code: 'counter', where: { line: 2, column: 21 }, params: { what: 'TcpExtTCPFACKReorder' } } })
    expect(run('0 `true', 'nstat -az TcpExtTCPNothing`')).toMatchObject({ result: 'unsupported', failure: { code: 'counter', where: { line: 3, column: 11 } } })
    expect(run('0 `nstat -az "TcpExtTCPLoss*" | grep -c "TcpExtTCPLoss.*" | grep -x 2`')).toMatchObject({ result: 'pass' })
    expect(run('0 `nstat -j`')).toMatchObject({ result: 'unsupported', failure: { code: 'shellCommand', where: { line: 2, column: 10 } } })
  })
})

describe('grep', () => {
  it('takes basic expressions unless told otherwise', () => {
    expect(run('0 `echo "a|b" | grep -q "a|b"`', '+0 `echo c | grep -q "a\\|c"`', '+0 `echo "a  b" | grep -q "a[[:space:]]*b"`', '+0 `echo c | grep -qE "a|c"`')).toMatchObject({ result: 'pass' })
    expect(run('0 `echo c | grep -q "a|c"`')).toMatchObject({ result: 'fail' })
    expect(run('0 `echo c | grep -q -e a -e c`', '+0 `echo d | grep -q -e a -e c`')).toMatchObject({ result: 'fail', failure: { where: { line: 3 } } })
  })
})

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../scripts')
const overIpv4 = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.name.endsWith('.pkt'))
  .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8')).filter((text) => !text.includes('--ip_version'))

describe('IPv4 through IPv6 sockets', () => {
  it('is what IPv4 is, in scripts of every kind', () => {
    const tool = new Map([['ip_version', 'ipv4-mapped-ipv6']])
    const wrong = overIpv4.filter((_, i) => i % 6 === 0).filter((text) => runScript(text, { tool }).result !== 'pass')
    expect(wrong.map((text) => text.split('\n')[0])).toEqual([])
  })

  it.each([
    ['the length of a name', '+0 getsockname(3, ..., [16]) = 0', 'valueDiffers'],
    ['the family of a name', '+0 getsockname(3, {sa_family=AF_INET}, [28]) = 0', 'valueDiffers'],
    ['the port of a name', '+0 getsockname(3, {sa_family=AF_INET6, sin6_port=htons(81)}, [28]) = 0', 'valueDiffers'],
    ['a name that nobody has yet', '+0 getpeername(3, ..., ...) = 0', 'resultDiffers'],
    ['the family of the socket', '+0 getsockopt(3, SOL_SOCKET, SO_DOMAIN, [AF_INET], [4]) = 0', 'valueDiffers'],
  ])('fails on %s', (_, line, code) => {
    const report = run('--ip_version=ipv4-mapped-ipv6', '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3', '+0 bind(3, ..., ...) = 0', line)
    expect(report).toMatchObject({ result: 'fail', failure: { code, where: { line: 5 } } })
  })

  it('is refused where the socket is of another family', () => {
    const report = run('--ip_version=ipv6', '0 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3', '+0 connect(3, ..., ...) = -1 EAFNOSUPPORT', '+0 setsockopt(3, SOL_IPV6, IPV6_V6ONLY, [1], 4) = -1 ENOPROTOOPT')
    expect(report).toMatchObject({ result: 'pass' })
  })
})
