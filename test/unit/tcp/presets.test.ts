import { describe, expect, it } from 'vitest'
import { checkTcpConfig, checkTcpOption, synOptionNames, synOptionPaddings, tcpPreset, tcpPresets } from '../../../src/tcp/config.ts'
import type { TcpPresetName } from '../../../src/tcp/config.ts'
import { TcpSegment } from '../../../src/tcp/segment.ts'
import { offer, writeSynOptions } from '../../../src/tcp/syn-options.ts'
import { TcpOptionFields, scanTcpOptions } from '../../../src/wire/tcp-options.ts'
import { ms, TcpTrace } from '../../support/tcp-trace.ts'

const presets = Object.keys(tcpPresets) as TcpPresetName[]
const syn = (preset: TcpPresetName, config = {}) => {
  const t = new TcpTrace({ config: { ...tcpPreset(preset), ...config } }).at(5 * ms).open()
  return t.pending()[0]
}
const synAck = (preset: TcpPresetName, options: string) => {
  const t = new TcpTrace({ config: tcpPreset(preset) }).at(5 * ms).listen()
  t.peer.sends(`S 0:0(0) win 65535 <${options}>`)
  return t.pending()[0]
}

describe('presets', () => {
  it.each(presets)('%s is a legal configuration', (preset) => {
    expect(checkTcpConfig(tcpPreset(preset))).toBeNull()
  })

  it('offer options as their systems do', () => {
    expect(syn('linux')).toBe('S 0:0(0) win 65535 <mss 1460,sackOK,TS val 5 ecr 0,nop,wscale 7>')
    expect(syn('linux', { timestamps: false })).toBe('S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK,nop,wscale 7>')
    expect(syn('freebsd')).toBe('S 0:0(0) win 65535 <mss 1460,nop,wscale 6,sackOK,TS val 5 ecr 0>')
    expect(syn('freebsd', { timestamps: false })).toBe('S 0:0(0) win 65535 <mss 1460,nop,wscale 6,sackOK,eol,eol>')
    expect(syn('windows')).toBe('S 0:0(0) win 65535 <mss 1460,nop,wscale 8,nop,nop,sackOK>')
    expect(syn('windows', { timestamps: true })).toBe('S 0:0(0) win 65535 <mss 1460,nop,wscale 8,sackOK,TS val 5 ecr 0>')
    expect(syn('textbook')).toBe('S 0:0(0) win 65535 <mss 1460>')
  })

  it('answer with what was offered, in their own order', () => {
    expect(synAck('linux', 'mss 1460,nop,wscale 6,sackOK,TS val 1 ecr 0')).toBe('S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,TS val 5 ecr 1,nop,wscale 7>')
    expect(synAck('linux', 'mss 1460,nop,nop,TS val 1 ecr 0')).toBe('S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,TS val 5 ecr 1>')
    expect(synAck('freebsd', 'mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7')).toBe('S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 6,sackOK,TS val 5 ecr 1>')
    expect(synAck('freebsd', 'mss 1460,sackOK,eol,eol')).toBe('S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,eol,eol>')
    expect(synAck('freebsd', 'mss 1460,nop,nop,TS val 1 ecr 0')).toBe('S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,TS val 5 ecr 1>')
  })
})

describe('options of a SYN', () => {
  it('come back from their bytes in whole words, in any order and padding, whatever is left out [RFC9293/MUST-69]', () => {
    const out = new TcpSegment()
    const read = new TcpOptionFields()
    for (const order of permutations(synOptionNames)) {
      for (const padding of synOptionPaddings) {
        expect(checkTcpOption('synOptionOrder', order.join())).toBeNull()
        for (let parts = 0; parts < 16; parts++) {
          Object.assign(offer, { mss: (parts & 1) > 0 ? 1460 : -1, sackOK: (parts & 2) > 0, timestamp: (parts & 4) > 0, tsVal: 7, tsEcr: 9, windowShift: (parts & 8) > 0 ? 3 : -1 })
          writeSynOptions(out, order.join(), padding)
          expect(out.optionLength % 4).toBe(0)
          expect(out.optionLength).toBeLessThanOrEqual(28)
          expect(scanTcpOptions(out.optionBytes, 0, out.optionLength, read)).toBe(0)
          const { mss, sackOK, timestamp: hasTimestamp, windowShift: windowScale } = offer
          expect(read).toMatchObject({ mss, sackPermitted: sackOK, hasTimestamp, windowScale })
        }
      }
    }
  })

  it('are refused in an order that misses one, repeats one or names another', () => {
    for (const order of ['', 'mss,sackOK,TS', 'mss,mss,sackOK,TS', 'mss,sackOK,TS,wscale,nop', 'MSS,sackOK,TS,wscale']) {
      expect(checkTcpOption('synOptionOrder', order)).toMatchObject({ code: 'badArgument', params: { expected: 'mss,sackOK,TS,wscale | wscale,TS,sackOK,mss | …' } })
    }
    expect(checkTcpOption('synOptionPadding', 'pad')).toMatchObject({ code: 'badArgument', params: { expected: 'nop | eol' } })
  })
})

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
}
