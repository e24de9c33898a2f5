import { hex, utf8Text } from '../src/base/bytes.ts'
import { formatCommandLine } from '../src/rpc/command-line.ts'
import { latestRows, streamBytes } from '../src/rpc/commands.ts'
import type { CommandArgs, LabCall } from '../src/rpc/commands.ts'
import type { LinkSpec } from '../src/rpc/contract.ts'
import type { ConnectRequest, HostSettings, InjectRequest } from '../src/rpc/host-contract.ts'
import type { PacketRowRequest } from '../src/rpc/packets-contract.ts'
import type { PairRequest } from '../src/rpc/statistics-contract.ts'
import type { StreamChoice } from '../src/rpc/stream-contract.ts'

/** The line that a person would type for this call, or null where the console has no command for it. */
export function commandLineOf(call: LabCall): string | null {
  switch (call.name) {
    case 'listLinks': return formatCommandLine('interfaces', {})
    case 'openLink': return openLine(call.args[0])
    case 'closeLink': return formatCommandLine('linkClose', {})
    case 'setCaptureFilter': return formatCommandLine('filter', call.args[0] === '' ? {} : { expression: call.args[0] })
    case 'startCapture': return formatCommandLine('captureStart', {})
    case 'stopCapture': return formatCommandLine('captureStop', {})
    case 'setKeep': {
      const [{ kind, limit }] = call.args
      return formatCommandLine('keep', { what: kind, ...kind === 'all' ? {} : { limit } })
    }
    case 'impair': {
      const { lossPercent, duplicatePercent, corruptPercent, reorderPercent, delayMs, rateKbps } = call.args[0]
      return formatCommandLine('impair', {
        ...given('loss', lossPercent), ...given('duplicate', duplicatePercent), ...given('corrupt', corruptPercent), ...given('reorder', reorderPercent), ...given('delay', delayMs), ...given('kbps', rateKbps),
      })
    }
    case 'loseNext': return formatCommandLine('lose', { segment: call.args[0].kind, times: call.args[0].count })
    case 'clearCapture': return formatCommandLine('captureClear', {})
    case 'saveCapture': {
      const { path, overwrite, flow, first, last, filter } = call.args[0]
      return formatCommandLine('save', { file: path, ...(overwrite ? { overwrite } : {}), ...given('flow', flow), ...given('first', first), ...given('last', last), ...given('display', filter) })
    }
    case 'stopLoading': return formatCommandLine('loadingStop', {})
    case 'openInWireshark': return formatCommandLine('wireshark', {})
    case 'getPacketRows': return packetsLine(call.args[0])
    case 'getPacket': return formatCommandLine('packet', { number: call.args[0] })
    case 'commentPacket': {
      const { packet, text } = call.args[0]
      return formatCommandLine('comment', { number: packet, ...(text === '' ? { delete: true } : given('text', text)) })
    }
    case 'getFlowInsights': return formatCommandLine('explain', { flow: call.args[0] })
    case 'getFlows': {
      const { from, count, sort, descending } = call.args[0]
      return formatCommandLine('flows', { from, count, ...given('sort', sort), ...given('descending', descending || undefined) })
    }
    case 'getStream': {
      const { from, count } = call.args[0]
      return formatCommandLine('streamShow', { ...streamArgs(call.args[0]), from, ...given('count', count === streamBytes ? undefined : count) })
    }
    case 'findInStream': {
      const { pattern, from, backwards, ignoreCase } = call.args[0]
      return formatCommandLine('streamFind', { ...streamArgs(call.args[0]), ...typedBytes(pattern), from, ...given('backwards', backwards), ...given('any-case', ignoreCase) })
    }
    case 'saveStream': return formatCommandLine('streamSave', { ...streamArgs(call.args[0]), file: call.args[0].path, ...given('overwrite', call.args[0].overwrite || undefined) })
    case 'runScript': {
      const { path, profile } = call.args[0]
      return path === undefined ? null : formatCommandLine('run', { script: path, ...given('profile', profile as CommandArgs<'run'>['profile']) })
    }
    case 'stopScripts': return formatCommandLine('scriptsStop', {})
    case 'exportScript': {
      const { flow, side, path, overwrite } = call.args[0]
      return formatCommandLine('script', { flow, ...given('file', path), ...given('side', side), ...given('overwrite', overwrite) })
    }
    case 'getStatistics': return formatCommandLine('statistics', {})
    case 'getConversations': return formatCommandLine('conversations', pairArgs(call.args[0]))
    case 'getEndpoints': return formatCommandLine<'endpoints'>('endpoints', pairArgs(call.args[0]))
    case 'startHost': return formatCommandLine('hostStart', hostArgs(call.args[0]))
    case 'stopHost': return formatCommandLine('hostStop', {})
    case 'listen': return formatCommandLine('listen', { listener: `${call.args[0].application}:${call.args[0].port}` })
    case 'unlisten': return formatCommandLine('unlisten', call.args[0])
    case 'connect': return formatCommandLine('connect', connectArgs(call.args[0]))
    case 'send': return formatCommandLine('send', sendArgs(call.args[0]))
    case 'sendDatagram': {
      const { address, port, from, data } = call.args[0]
      return formatCommandLine('datagram', { address, port, ...given('local', from), ...typedBytes(data) })
    }
    case 'getDatagrams': return formatCommandLine('datagrams', call.args[0])
    case 'getReceived': return formatCommandLine('received', call.args[0])
    case 'closeConnection': return formatCommandLine('close', call.args[0])
    case 'abortConnection': return formatCommandLine('abort', call.args[0])
    case 'setConnectionOption': return formatCommandLine('set', { connection: call.args[0].connection, setting: call.args[0].name, value: call.args[0].value })
    case 'watch': return formatCommandLine('watch', call.args[0].connection === null ? {} : { connection: call.args[0].connection })
    case 'getDecisions': return formatCommandLine('decisions', { count: call.args[0].count, ...given('connection', call.args[0].connection) })
    case 'inject': return injectLine(call.args[0])
    case 'runFirstConversation': return formatCommandLine('demo', {})
    case 'describeLab': case 'findRow': case 'findStreamPacket': case 'flowSeries': case 'getIoSeries': return null
  }
}

function packetsLine({ filter, from, count, flow }: PacketRowRequest): string {
  const isUsual = from === -latestRows && count === latestRows
  return formatCommandLine('packets', { ...given('flow', flow), ...given('display', filter), ...(isUsual ? {} : { from, count }) })
}

function openLine(spec: LinkSpec): string | null {
  if (spec.kind === 'memory') return null
  if (spec.kind === 'file') return formatCommandLine('open', { file: spec.name ?? '' })
  return formatCommandLine('linkOpen', {
    kind: spec.kind,
    ...given('name', spec.name),
    ...given('filter', spec.filter),
    ...given('snap', spec.snapLength),
    ...given('promiscuous', spec.promiscuous || undefined),
    ...given('elevate', spec.elevate || undefined),
    ...given('ip', spec.host?.address),
    ...given('mac', spec.host?.mac),
    ...given('gateway', spec.host?.gateway),
    ...given('ip6', spec.host?.ipv6),
  })
}

function hostArgs(settings: HostSettings): CommandArgs<'hostStart'> {
  const { address, mac, gateway, ipv6, preset, isn, listen } = settings
  const listeners = listen?.map(({ application, port }) => `${application}:${port}`)
  return { ip: address, ...given('mac', mac), ...given('gateway', gateway), ...given('ip6', ipv6), ...given('preset', preset), ...given('isn', isn), ...given('listen', listeners) }
}

function connectArgs(request: ConnectRequest): CommandArgs<'connect'> {
  return { address: request.address, port: request.port, ...(request.application === 'http-get' ? { http: request.path ?? '/' } : {}) }
}

function sendArgs(request: { connection: number, data: Uint8Array }): CommandArgs<'send'> {
  return { connection: request.connection, ...typedBytes(request.data) }
}

/** As text where it is text, as hex otherwise. */
function typedBytes(bytes: Uint8Array): { text: string } | { hex: string } {
  const text = utf8Text(bytes)
  return text.includes('\uFFFD') ? { hex: hex(bytes) } : { text }
}

function pairArgs({ layer, from, count, sort, descending }: PairRequest): CommandArgs<'conversations'> {
  return { layer, from, count, ...given('sort', sort), ...given('descending', descending || undefined) }
}

function streamArgs({ flow, end }: StreamChoice): CommandArgs<'streamShow'> {
  return { flow, ...given('end', end === undefined ? undefined : end === 0 ? 'client' : 'server') }
}

/** One line a packet, because `inject` takes one. */
function injectLine(request: InjectRequest): string {
  const options = { ...given('count', request.count), ...given('rate', request.ratePps), ...given('consent', request.consent?.length ? [...request.consent] : undefined) }
  const frames = request.frames.map((frame) => formatCommandLine('inject', { hex: hex(frame), ...options }))
  const lines = (request.lines ?? []).map((line) => formatCommandLine('inject', { line, ...options }))
  return [...frames, ...lines].join('\n')
}

function given<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : { [key]: value } as { [key in K]: V }
}
