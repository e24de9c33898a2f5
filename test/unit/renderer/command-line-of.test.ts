import { describe, expect, it } from 'vitest'
import { commandLineOf } from '../../../renderer/command-line-of.ts'
import { asciiBytes, parseHex, utf8Bytes } from '../../../src/base/bytes.ts'
import { parseCommandLine } from '../../../src/rpc/command-line.ts'
import { commandCall, type Command, type LabCall } from '../../../src/rpc/commands.ts'

/** What a button does and what typing its console form does has to be one and the same call. */
const calls: LabCall[] = [
  { name: 'listLinks', args: [] },
  { name: 'openLink', args: [{ kind: 'sandbox' }] },
  { name: 'openLink', args: [{ kind: 'nic', name: 'eth1', elevate: true }] },
  { name: 'openLink', args: [{ kind: 'nic', name: 'eth0', filter: 'tcp port 80', promiscuous: true, snapLength: 128, host: { address: '192.0.2.9/24', mac: '02:00:5e:00:53:01', gateway: '192.0.2.1' } }] },
  { name: 'openLink', args: [{ kind: 'file', name: '/tmp/a b.pcapng' }] },
  { name: 'closeLink', args: [] },
  { name: 'setCaptureFilter', args: [''] },
  { name: 'setCaptureFilter', args: ['tcp[tcpflags] & tcp-syn != 0'] },
  { name: 'startCapture', args: [] },
  { name: 'stopCapture', args: [] },
  { name: 'clearCapture', args: [] },
  { name: 'saveCapture', args: [{ path: '/tmp/x.pcapng', overwrite: true }] },
  { name: 'saveCapture', args: [{ path: '/tmp/a b.pcapng', overwrite: false, flow: 3, filter: 'tcp.flags.syn == 1' }] },
  { name: 'getFlows', args: [{ from: 0, count: 20, sort: 'findings', descending: true }] },
  { name: 'getPacket', args: [18] },
  { name: 'getStream', args: [{ flow: 2, end: 1, from: 100, count: 4096 }] },
  { name: 'findInStream', args: [{ flow: 2, pattern: utf8Bytes('two words'), from: 0, backwards: true, ignoreCase: true }] },
  { name: 'findInStream', args: [{ flow: 2, end: 0, pattern: parseHex('0d0aff')!, from: 7 }] },
  { name: 'saveStream', args: [{ flow: 2, end: 0, path: '/tmp/a b.bin', overwrite: true }] },
  { name: 'getStatistics', args: [] },
  { name: 'getConversations', args: [{ layer: 'tcp', from: 0, count: 20, sort: 'bytes', descending: true }] },
  { name: 'getEndpoints', args: [{ layer: 'eth', from: 20, count: 5 }] },
  { name: 'startHost', args: [{ address: '10.77.0.2/24', preset: 'textbook', isn: 100, listen: [{ application: 'echo', port: 7 }, { application: 'http', port: 80 }] }] },
  { name: 'stopHost', args: [] },
  { name: 'listen', args: [{ application: 'discard', port: 9 }] },
  { name: 'unlisten', args: [{ port: 9 }] },
  { name: 'connect', args: [{ address: '10.77.0.1', port: 7, application: 'manual' }] },
  { name: 'connect', args: [{ address: '10.77.0.1', port: 80, application: 'http-get', path: '/note.txt' }] },
  { name: 'send', args: [{ connection: 3, data: utf8Bytes('안녕 "you" --hex\r\n') }] },
  { name: 'send', args: [{ connection: 3, data: parseHex('00ff80')! }] },
  { name: 'sendDatagram', args: [{ address: 'fd00:77::1', port: 7, data: utf8Bytes('안녕 "you"') }] },
  { name: 'sendDatagram', args: [{ address: '10.77.0.1', port: 7, from: 4000, data: parseHex('00ff80')! }] },
  { name: 'getDatagrams', args: [{ count: 5 }] },
  { name: 'getReceived', args: [{ connection: 3, limit: 100 }] },
  { name: 'closeConnection', args: [{ connection: 3 }] },
  { name: 'abortConnection', args: [{ connection: 3 }] },
  { name: 'setConnectionOption', args: [{ connection: 3, name: 'nagle', value: false }] },
  { name: 'setConnectionOption', args: [{ connection: 3, name: 'mss', value: 536 }] },
  { name: 'watch', args: [{ connection: null }] },
  { name: 'watch', args: [{ connection: 3 }] },
  { name: 'getDecisions', args: [{ count: 20, connection: 3 }] },
  { name: 'inject', args: [{ frames: [asciiBytes('any bytes')], count: 3, ratePps: 10, consent: ['8.8.8.8'] }] },
  { name: 'inject', args: [{ frames: [], lines: ['S 0:0(0) win 65535 <mss 1460>'] }] },
  { name: 'runFirstConversation', args: [] },
]

describe('console form of a call', () => {
  it.each(calls.map((call) => [commandLineOf(call) ?? '', call] as const))('%s', (line, call) => {
    const command = parseCommandLine(line)
    expect(command).not.toBeNull()
    expect(command).not.toHaveProperty('code')
    expect(commandCall(command as Command)).toEqual(call)
  })

  it('writes one line for each frame of a list', () => {
    const frames = [asciiBytes('a'), asciiBytes('b')]
    expect(commandLineOf({ name: 'inject', args: [{ frames }] })).toBe('inject --hex 61\ninject --hex 62')
  })
})
