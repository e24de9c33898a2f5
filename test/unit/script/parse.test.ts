import { describe, expect, it } from 'vitest'
import { parseScript } from '../../../src/script/parse.ts'
import { ScriptProblem } from '../../../src/script/problem.ts'
import type { PacketAction, Script, TcpBody } from '../../../src/script/script.ts'
import { TcpFlag } from '../../../src/wire/tcp.ts'

function read(text: string, defines?: ReadonlyMap<string, string>): Script {
  const script = parseScript(text, defines)
  if (script instanceof ScriptProblem) throw script
  return script
}

function problem(text: string): ScriptProblem {
  const found = parseScript(text)
  if (!(found instanceof ScriptProblem)) throw new Error('the script was read')
  return found
}

function segment(line: string): TcpBody {
  return (read(`0 ${line}`).events[0].action as PacketAction).body as TcpBody
}

describe('the parser reads', () => {
  it('times in all their forms', () => {
    const script = read('0 close(3) = 0\n0.5 close(3) = 0\n+.25 close(3) = 0\n1 > . 1:1(0) ack 1\n* > . 1:1(0) ack 1\n+0.1~+0.25 > . 1:1(0) ack 1\n1.5~2 > . 1:1(0) ack 1\n0.1...0.3 close(3) = 0')
    expect(script.events.map(({ time, endUs }) => [time.kind, time.fromUs, time.toUs, endUs])).toEqual([
      ['absolute', 0, 0, null], ['absolute', 500_000, 500_000, null], ['relative', 250_000, 250_000, null], ['absolute', 1_000_000, 1_000_000, null], ['any', 0, 0, null],
      ['relative', 100_000, 250_000, null], ['absolute', 1_500_000, 2_000_000, null], ['absolute', 100_000, 100_000, 300_000],
    ])
  })

  it('an end of a blocking call that follows a whole number', () => {
    expect(read('0...1 accept(3, ..., ...) = 4').events[0]).toMatchObject({ endUs: 1_000_000, action: { kind: 'call', name: 'accept' } })
  })

  it('flags in any order, with and without others', () => {
    expect(segment('< S 0:0(0)').flags).toBe(TcpFlag.syn)
    expect(segment('< SEWA 0:0(0)').flags).toBe(TcpFlag.syn | TcpFlag.ece | TcpFlag.cwr | TcpFlag.ae)
    expect(segment('< FPU. 1:1(0) ack 1 urg 7')).toMatchObject({ flags: TcpFlag.fin | TcpFlag.psh | TcpFlag.urg | TcpFlag.ack, urgentPointer: 7 })
    expect(segment('< - 1:1(0)').flags).toBe(0)
    expect(segment('> .5 1:1(0) ack 1')).toMatchObject({ ace: 5, flags: TcpFlag.ack | TcpFlag.ae | TcpFlag.ece })
  })

  it('sequence numbers, windows and options', () => {
    expect(segment('> P. 1:1001(1000) ack 5 win 100 <nop,nop,TS val 7 ecr 9>')).toMatchObject({
      seq: 1, length: 1000, ack: 5, window: 100, options: [{ kind: 'nop' }, { kind: 'nop' }, { kind: 'ts', val: 7, ecr: 9 }],
    })
    expect(segment('< . 1:1(0) ack 1 <nop,nop,sack 5:9 20:30>').options).toEqual([{ kind: 'nop' }, { kind: 'nop' }, { kind: 'sack', edges: [5, 9, 20, 30] }])
    expect(segment('> . 1:1(0) ack 1 <...>').options).toBe(null)
    expect(segment('> . 1:1(0) ack 1').options).toEqual([])
    expect(segment('> . ...(10) ack 1').seq).toBe(null)
    expect(segment('> . 7:7(0)! ack 1').isAbsolute).toBe(true)
    expect(segment('< . 4294967290:4(10) ack 1').length).toBe(10)
  })

  it('what stands in front of a segment', () => {
    const { ip, ports } = read('0 > [ect01, ttl 64] 80 > 8080 . 1:1(0) ack 1').events[0].action as PacketAction
    expect(ip).toEqual({ ecn: 'ect01', tos: null, ttl: 64, flowLabel: null })
    expect(ports).toEqual({ source: 80, destination: 8080 })
    expect((read('0 < (tos 0x10, flowlabel 0x123) . 1:1(0) ack 1').events[0].action as PacketAction).ip).toMatchObject({ tos: 16, flowLabel: 0x123 })
  })

  it('headers in front of the packet, outermost first', () => {
    const { outer } = read('0 < ipv4 192.0.2.1 > 192.0.2.2: gre key 5: mpls (label 16, tc 1, ttl 2) (label 17, tc 0, [S], ttl 3): . 1:1(0) ack 1').events[0].action as PacketAction
    expect(outer).toEqual([
      { kind: 'ip', source: 0xc000_0201, destination: 0xc000_0202 }, { kind: 'gre', flags: 0x2000, protocol: null, checksum: null, key: 5, sequence: null },
      { kind: 'mpls', labels: [{ label: 16, trafficClass: 1, isBottom: false, ttl: 2 }, { label: 17, trafficClass: 0, isBottom: true, ttl: 3 }] },
    ])
    expect((read('0 > ipv6 2001:db8::1 > fd00::: . 1:1(0)').events[0].action as PacketAction).outer).toMatchObject([{ kind: 'ip' }])
  })

  it('ICMP with what it quotes behind or in front', () => {
    const body = { kind: 'icmp', type: 'unreachable', code: 'frag_needed', mtu: 1200, quoted: { kind: 'tcp', seq: 1, length: 1460 } }
    expect((read('0 < icmp unreachable frag_needed mtu 1200 [1:1461(1460)]').events[0].action as PacketAction).body).toMatchObject(body)
    expect((read('0 < [1:1461(1460)] icmp unreachable frag_needed mtu 1200').events[0].action as PacketAction).body).toMatchObject(body)
  })

  it('calls with every shape of argument and result', () => {
    const call = read('0 f(3, ..., 0x10, "a", [1], A|B, {onoff=1, linger=0}, NULL, htons(80), {msg_iov(1)=[{..., 4}]}) = -1 EAGAIN (not (now)').events[0].action
    expect(call).toMatchObject({ kind: 'call', name: 'f', errno: 'EAGAIN', result: { kind: 'number', value: -1 } })
    expect(call.kind === 'call' && call.args.map(({ kind }) => kind)).toEqual(['number', 'ellipsis', 'number', 'string', 'list', 'or', 'struct', 'word', 'apply', 'struct'])
  })

  it('commands before, between and after events, and code', () => {
    const script = read('--mtu=1500\n`first`\n0 `second`\n+0 %{ assert 1 == 1 }%\n`last`')
    expect([script.init?.text, script.cleanup?.text, ...script.events.map(({ action }) => action.kind)]).toEqual(['first', 'last', 'command', 'code'])
  })

  it('conditions and symbols', () => {
    const text = '#ifdef A\n0 close(1) = 0\n#else\n0 close(N) = 0 // N\n#endif\n'
    const lineAndFd = (defines: [string, string][]) => {
      const { where, action } = read(text, new Map(defines)).events[0]
      return [where.line, action.kind === 'call' && action.args[0].kind === 'number' && action.args[0].value]
    }
    expect(lineAndFd([['A', '1']])).toEqual([2, 1])
    expect(lineAndFd([['N', '7']])).toEqual([4, 7])
    expect(read('--define=N=5\n0 close(N) = 0').events[0].action).toMatchObject({ args: [{ kind: 'number', value: 5 }] })
  })
})

describe('the parser says where and what', () => {
  it.each([
    ['0 close(3) = 0\n+0 > S 0:1(0)', 2, 10, 'lengthDiffers'],
    ['0 close(3) = 0\n+0 > S 0:0(0) <mss 1460,sackOK>', 2, 15, 'optionsUnaligned'],
    ['1 close(3) = 0', 1, 1, 'firstEventNotAtZero'],
    ['0 close(3) = 0\n* close(3) = 0', 2, 1, 'rangeBeforeInput'],
    ['0 close(3) = 0\n+1~+0.5 > . 1:1(0)', 2, 4, 'rangeBackwards'],
    ['0 < S 0:0(0) win 65536', 1, 18, 'numberTooLarge'],
    ['0 < X 0:0(0)', 1, 5, 'expected'],
    ['0 close(3', 1, 10, 'unterminated'],
    ['0 close(3) = 0\n+0 < S 0:0(0) <mss 1460\n\n', 2, 24, 'unterminated'],
    ['0 `sysctl', 1, 3, 'unterminated'],
    ['/* 0', 1, 1, 'unterminated'],
    ['#ifdef A\n0 close(3) = 0', 1, 1, 'unbalancedIf'],
    ['0 ipv4 1.1.1.1 > 2.2.2.2: < S 0:0(0)', 1, 3, 'expected'],
    ['0 < gre: S 0:0(0)', 1, 5, 'expected'],
    ['0 < ipv4 1.1.1 > 2.2.2.2: S 0:0(0)', 1, 10, 'expected'],
    ['0 < ipv4 1.1.1.1 > 2.2.2.2: mpls (label 1048576, tc 0, ttl 1): S 0:0(0)', 1, 41, 'numberTooLarge'],
    ['0 close(3) = 0\n+0.1~0.2 > . 1:1(0)', 2, 6, 'expected'],
    ['0 < . ...(10) ack 1', 1, 7, 'expected'],
    ['', 1, 1, 'unterminated'],
  ])('%j', (text, line, column, code) => {
    expect(problem(text)).toMatchObject({ where: { line, column }, code })
  })

  it('what it expected and what it got', () => {
    expect(problem('0 close(3) = 0\n+0 > S. zero').params).toEqual({ expected: 'seq', got: 'zero' })
  })

  it('that a construct is well-formed but not had here', () => {
    expect(problem('0 < udp (0)/udp(1 > 9899)')).toMatchObject({ kind: 'unsupported', code: 'encapsulation', where: { line: 1, column: 12 }, params: { what: '/udp' } })
  })
})
