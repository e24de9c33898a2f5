import { keepKinds } from '../../src/rpc/contract.ts'
import { flowSorts } from '../../src/rpc/flows-contract.ts'
import { applicationNames } from '../../src/rpc/host-contract.ts'
import { utf8Bytes } from '../../src/base/bytes.ts'
import { commentBytesAtMost } from '../../src/capture-file/packet-comment.ts'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { CallName, Keep, LabCalls, LinkSpec } from '../../src/rpc/contract.ts'
import type { FlowPage, FlowSort } from '../../src/rpc/flows-contract.ts'
import type { ConnectRequest, HostSettings, InjectResult } from '../../src/rpc/host-contract.ts'
import type { PacketRowPage } from '../../src/rpc/packets-contract.ts'
import { graphKinds, sides } from '../../src/graph/graph.ts'
import { linkKinds } from '../../src/link/link.ts'
import type { Trace } from '../../src/trace/trace.ts'
import { injectLimits, planInjection } from '../../src/craft/inject-guard.ts'
import { bytesOf, choiceOf, fieldsOf, integerOf, listOf, optional, secondsOf, textOf } from './arguments.ts'
import { cableOf } from './cable.ts'
import { colourRulesAtMost } from './colour-rules.ts'
import { DisplayedPackets } from './displayed-packets.ts'
import { flowsInOrder } from './flow-orders.ts'
import type { Lab } from './lab.ts'
import { framesOfLines } from './line-frames.ts'
import { defaultLink, listLinkChoices } from './links.ts'
import { withKnownStates } from './views.ts'
import { scriptAnswers } from './script-answers.ts'
import { statisticsAnswers } from './statistics-answers.ts'
import { streamAnswers } from './stream-answers.ts'
import { openInWireshark } from './wireshark.ts'

/** An answer to each call of the contract, now or later; `watch` is the shell's own. What comes in is unchecked, whatever its type says. */
export type Answers = { [N in Exclude<CallName, 'watch'>]: (...args: Parameters<LabCalls[N]>) => ReturnType<LabCalls[N]> | Promise<ReturnType<LabCalls[N]>> }

const rowsAtMost = 500
const decisionsAtMost = 1000
const whole = Number.MAX_SAFE_INTEGER
/** Longest that a shell is kept waiting for an order to inject. */
const injectAtMostUs = 20e6
/** Longest that a display filter or a graph looks on within one call; the shell asks again for the rest. */
const filterAtOnceUs = 20_000
const graphColumnsAtMost = 4096
/** Beyond what any comment can be, so that the fault can name its bytes. */
const commentLettersAtMost = 1024 * 1024

export function answersOf(lab: Lab): Answers {
  const capture = () => lab.requireOpen().capture
  /** Runs a change and lets the loop see it. */
  const change = <T>(act: () => T): T => {
    const result = act()
    lab.wake()
    return result
  }
  return {
    describeLab: () => ({
      version: lab.options.version, platform: process.platform, defaultLink: lab.options.defaultLink ?? defaultLink(), electron: lab.options.electron,
      recordingFolder: lab.options.recordingFolder,
    }),
    listLinks: () => listLinkChoices(),
    openLink: (spec) => lab.openLinkInTurn(linkSpecOf(spec)),
    closeLink: () => lab.closeLinkInTurn(),
    setCaptureFilter: (expression) => lab.setFilter(textOf(expression, 'expression', 65_536)),
    startCapture: () => change(() => capture().start()),
    stopCapture: () => change(() => capture().stop()),
    clearCapture: () => change(() => {
      capture().clear(lab.clock())
      lab.reportNotice()
    }),
    impair: (settings) => change(() => cableOf(lab.requireOpen().opened).impair(settings)),
    loseNext: (request) => change(() => cableOf(lab.requireOpen().opened).loseNext(request)),
    setKeep: (keep) => lab.setKeep(keepOf(keep)),
    saveCapture: async (request) => {
      const { path, overwrite, flow, first, last, filter } = fieldsOf(request, 'request')
      const numberOf = (value: unknown, name: string): number | undefined => optional(value, (given) => integerOf(given, name, 0, whole))
      const selection = { flow: numberOf(flow, 'flow'), first: numberOf(first, 'first'), last: numberOf(last, 'last'), filter: displayFilterOf(filter) ?? undefined }
      const saved = await capture().save(textOf(path, 'path'), overwrite === true, selection, lab.clock)
      lab.wake()
      return saved
    },
    stopLoading: () => change(() => capture().stopLoading()),
    openInWireshark: async () => openInWireshark(await capture().fileOnDisk(lab.clock)),

    getPacketRows: (request) => {
      const { trace, bytesOf: read } = capture()
      const { from, count, flow, filter, rules } = fieldsOf(request, 'request')
      const ruleTexts = optional(rules, (list) => listOf(list, 'rules', (rule, name) => textOf(rule, name, 65_536)).slice(0, colourRulesAtMost))
      const expression = displayFilterOf(filter)
      if (expression !== null) return coloured(lab, ruleTexts, displayedRows(lab, expression, from, integerOf(count, 'count', 0, whole), optional(flow, (value) => integerOf(value, 'flow', 0, whole)) ?? null))
      const wanted = { count: integerOf(count, 'count', 0, whole), flow: optional(flow, (value) => integerOf(value, 'flow', 0, whole)) }
      const total = trace.rows({ from: 0, count: 0, ...wanted.flow === undefined ? {} : { flow: wanted.flow } }, read).total
      const page = trace.rows({ from: rowFrom(from, total), count: Math.min(wanted.count, rowsAtMost), ...wanted.flow === undefined ? {} : { flow: wanted.flow } }, read)
      return coloured(lab, ruleTexts, page)
    },
    getPacket: (number) => {
      const { trace, bytesOf: read } = capture()
      const packet = trace.packet(integerOf(number, 'number', 0, whole), read)
      if (packet === null) throw new FaultError(fault('noSuchPacket', { number, total: trace.packetCount }))
      return { ...packet, decision: lab.decisionOf(packet) }
    },
    commentPacket: (request) => {
      const { trace } = capture()
      const fields = fieldsOf(request, 'request')
      const number = integerOf(fields.packet, 'packet', 0, whole)
      if (trace.commentsOf(number) === null) throw new FaultError(fault('noSuchPacket', { number, total: trace.packetCount }))
      const text = optional(fields.text, (value) => textOf(value, 'text', commentLettersAtMost).trim())
      const bytes = text === undefined ? 0 : utf8Bytes(text).length
      if (bytes > commentBytesAtMost) throw new FaultError(fault('commentTooLong', { bytes, limit: commentBytesAtMost }))
      if (text !== undefined) change(() => trace.comment(number, text))
      return { comments: [...trace.commentsOf(number)!] }
    },
    getFlowInsights: (flow) => capture().trace.flowInsights(integerOf(flow, 'flow', 0, whole)),
    getFlows: (request) => {
      const { trace } = capture()
      const { from, count, sort, descending } = fieldsOf(request, 'request')
      const start = rowFrom(from, trace.flowCount)
      const rows = Math.min(integerOf(count, 'count', 0, whole), rowsAtMost)
      const by = optional(sort, (name) => choiceOf(name, 'sort', flowSorts)) ?? 'number'
      const page = by === 'number' && descending !== true ? trace.flowPage(start, rows) : sortedFlows(trace, by, descending === true, start, rows, lab.clock)
      withKnownStates(page.flows, lab.viewed())
      return page
    },
    findRow: (request) => {
      const { packet, flow, filter } = fieldsOf(request, 'request')
      const number = integerOf(packet, 'packet', 0, whole)
      const only = optional(flow, (value) => integerOf(value, 'flow', 0, whole))
      const expression = displayFilterOf(filter)
      return expression === null ? capture().trace.findRow(number, only) : displayed(lab, expression, only ?? null).list.indexOf(number)
    },
    flowSeries: (request) => {
      const { flow, kind, sender, from, to, columns } = fieldsOf(request, 'request')
      return capture().graphs().answer({
        flow: integerOf(flow, 'flow', 0, whole), kind: choiceOf(kind, 'kind', graphKinds), columns: integerOf(columns, 'columns', 1, graphColumnsAtMost),
        ...defined('sender', optional(sender, (side) => choiceOf(side, 'sender', sides))),
        ...defined('from', optional(from, (seconds) => secondsOf(seconds, 'from'))),
        ...defined('to', optional(to, (seconds) => secondsOf(seconds, 'to'))),
      }, lab.clock, filterAtOnceUs)
    },
    ...streamAnswers(lab),
    ...scriptAnswers(lab),
    ...statisticsAnswers(lab),

    startHost: (settings) => lab.startHost(hostSettingsOf(settings)),
    stopHost: () => lab.stopHost(),
    listen: (request) => {
      const { port, application } = fieldsOf(request, 'request')
      change(() => lab.requireHost().listen(port as number, application as never))
    },
    unlisten: (request) => {
      const { port } = fieldsOf(request, 'request')
      change(() => lab.requireHost().unlisten(integerOf(port, 'port', 1, 65535)))
    },
    connect: (request) => change(() => ({ connection: lab.requireHost().connect(connectRequestOf(request), lab.clock()) })),
    send: (request) => {
      const { connection, data } = fieldsOf(request, 'request')
      return change(() => ({ accepted: lab.requireHost().send(connectionOf(connection), bytesOf(data, 'data'), lab.clock()) }))
    },
    closeConnection: (request) => change(() => lab.requireHost().close(connectionOf(fieldsOf(request, 'request').connection), lab.clock())),
    abortConnection: (request) => change(() => lab.requireHost().abort(connectionOf(fieldsOf(request, 'request').connection), lab.clock())),
    setConnectionOption: (request) => {
      const { connection, name, value } = fieldsOf(request, 'request')
      change(() => lab.requireHost().setOption(connectionOf(connection), textOf(name, 'name', 100), value, lab.clock()))
    },
    getReceived: (request) => {
      const { connection, limit } = fieldsOf(request, 'request')
      return lab.requireHost().received(connectionOf(connection), integerOf(limit, 'limit', 0, whole))
    },
    sendDatagram: (request) => {
      const { address, port, from, data } = fieldsOf(request, 'request')
      const local = optional(from, (value) => integerOf(value, 'from', 1, 65535))
      const datagram = { address: textOf(address, 'address', 100), port: integerOf(port, 'port', 1, 65535), data: bytesOf(data, 'data'), ...defined('from', local) }
      return change(() => ({ from: lab.requireHost().sendDatagram(datagram, lab.clock()) }))
    },
    getDatagrams: (request) => {
      const { count } = fieldsOf(request, 'request')
      const { log } = lab.requireHost().manual
      return { total: log.total, datagrams: log.latest(Math.min(integerOf(count, 'count', 0, whole), rowsAtMost)) }
    },
    getDecisions: (request) => {
      const { connection, before, count } = fieldsOf(request, 'request')
      const id = optional(connection, connectionOf)
      const upTo = optional(before, (value) => integerOf(value, 'before', 0, whole))
      return lab.decisions.query({
        count: Math.min(integerOf(count, 'count', 0, whole), decisionsAtMost), ...id === undefined ? {} : { connection: id, host: 0 as const }, ...upTo === undefined ? {} : { before: upTo },
      })
    },

    inject: (request) => inject(lab, request),
    runFirstConversation: () => ({ connection: lab.runFirstConversation() }),
  }
}

/** A blank filter is none. */
function displayFilterOf(value: unknown): string | null {
  const text = optional(value, (filter) => textOf(filter, 'filter', 65_536))?.trim()
  return text === undefined || text === '' ? null : text
}

function displayed(lab: Lab, expression: string, flow: number | null): DisplayedPackets {
  const { trace, bytesOf: read } = lab.requireOpen().capture
  const found = DisplayedPackets.of(trace, expression, flow, read)
  found.advance(lab.clock, filterAtOnceUs)
  return found
}

function displayedRows(lab: Lab, expression: string, from: unknown, count: number, flow: number | null): PacketRowPage {
  const { trace, bytesOf: read } = lab.requireOpen().capture
  const { list, scanned } = displayed(lab, expression, flow)
  const start = Math.min(rowFrom(from, list.length), list.length)
  const numbers = Array.from({ length: Math.min(count, rowsAtMost, list.length - start) }, (_, i) => list.at(start + i))
  return { total: list.length, from: start, rows: trace.rowsOf(numbers, read), scanned }
}

function coloured(lab: Lab, rules: readonly string[] | undefined, page: PacketRowPage): PacketRowPage {
  if (rules === undefined) return page
  return { ...page, matches: lab.requireOpen().capture.colourRules().match(page.rows.map(({ number }) => number), rules) }
}

function sortedFlows(trace: Trace, sort: FlowSort, descending: boolean, from: number, count: number, clock: () => number): FlowPage {
  const numbers = flowsInOrder(trace, sort, descending, clock)
  return { total: trace.flowCount, from, flows: Array.from(numbers.subarray(from, from + count), (number) => trace.flowRow(number)) }
}

/** The position that a request means: a negative one counts from the end. */
function rowFrom(from: unknown, total: number): number {
  const position = integerOf(from, 'from', -whole, whole)
  return position < 0 ? Math.max(0, total + position) : position
}

function connectionOf(value: unknown): number {
  return integerOf(value, 'connection', 0, whole)
}

function keepOf(value: unknown): Keep {
  const { kind, limit } = fieldsOf(value, 'keep')
  const chosen = choiceOf(kind, 'kind', keepKinds)
  return { kind: chosen, limit: chosen === 'all' ? 0 : integerOf(limit, 'limit', 1, whole) }
}

function linkSpecOf(value: unknown): LinkSpec {
  const { kind, name, filter, promiscuous, elevate, snapLength, host } = fieldsOf(value, 'spec')
  return {
    kind: choiceOf(kind, 'kind', linkKinds),
    ...defined('name', optional(name, (text) => textOf(text, 'name'))),
    ...defined('filter', optional(filter, (text) => textOf(text, 'filter', 65_536))),
    ...defined('promiscuous', optional(promiscuous, (flag) => flag === true)),
    ...defined('elevate', optional(elevate, (flag) => flag === true)),
    ...defined('snapLength', optional(snapLength, (number) => integerOf(number, 'snapLength', 0, 262_144))),
    ...defined('host', optional(host, hostSettingsOf)),
  }
}

function hostSettingsOf(value: unknown): HostSettings {
  const { address, mac, gateway, ipv6, preset, isn, listen } = fieldsOf(value, 'settings')
  return {
    address: textOf(address, 'address', 100),
    ...defined('mac', optional(mac, (text) => textOf(text, 'mac', 100))),
    ...defined('gateway', optional(gateway, (text) => textOf(text, 'gateway', 100))),
    ...defined('ipv6', optional(ipv6, (text) => textOf(text, 'ipv6', 100))),
    ...defined('preset', optional(preset, (text) => textOf(text, 'preset', 100))),
    ...defined('isn', optional(isn, (number) => integerOf(number, 'isn', 0, 0xffff_ffff))),
    ...defined('listen', optional(listen, (list) => listOf(list, 'listen', (item, itemName) => {
      const { port, application } = fieldsOf(item, itemName)
      return { port: integerOf(port, `${itemName}.port`, 1, 65535), application: choiceOf(application, `${itemName}.application`, applicationNames) }
    }))),
  }
}

function connectRequestOf(value: unknown): ConnectRequest {
  const { address, port, application, path, send, closeAfterSend } = fieldsOf(value, 'request')
  const request = path === undefined || path === null ? undefined : textOf(path, 'path', 2048)
  // The path goes into the request line as it is: a line break in it would be another request.
  if (request !== undefined && !/^[!-~]+$/.test(request)) throw new FaultError(fault('badArgument', { name: 'path', value: request, expected: '/…' }))
  return {
    address: textOf(address, 'address', 100),
    port: integerOf(port, 'port', 1, 65535),
    ...defined('application', optional(application, (name) => choiceOf(name, 'application', ['manual', 'http-get'] as const))),
    ...defined('path', request),
    ...defined('send', optional(send, (data) => bytesOf(data, 'send'))),
    ...defined('closeAfterSend', optional(closeAfterSend, (flag) => flag === true)),
  }
}

async function inject(lab: Lab, value: unknown): Promise<InjectResult> {
  const request = fieldsOf(value, 'request')
  const frames = listOf(request.frames, 'frames', bytesOf)
  const lines = optional(request.lines, (list) => listOf(list, 'lines', (line, name) => textOf(line, name))) ?? []
  const count = optional(request.count, (number) => integerOf(number, 'count', 1, injectLimits.frames)) ?? 1
  const ratePps = optional(request.ratePps, (number) => integerOf(number, 'ratePps', 1, injectLimits.highestPps)) ?? 0
  const consent = optional(request.consent, (list) => listOf(list, 'consent', (address, name) => textOf(address, name, 100))) ?? []
  const { opened, injector } = lab.requireOpen()
  const { info } = opened.link
  if (!info.mayInject) throw new FaultError(fault('linkCannotInject', { name: info.name }))
  for (const address of consent) lab.consent.add(address)
  const all = lines.length === 0 ? frames : [...frames, ...await framesOfLines(lines, lab.lineSurroundings())]
  const plan = planInjection({ frames: all, count, ratePps, consent: lab.consent }, { linkType: info.linkType, mtu: info.mtu })
  if ('code' in plan) throw new FaultError(plan)
  if (plan.durationUs > injectAtMostUs) {
    throw new FaultError(fault('rateLimited', { frames: plan.totalFrames, rate: plan.ratePps, seconds: Math.ceil(plan.durationUs / 1e6), limit: injectAtMostUs / 1e6 }))
  }
  const done = injector.send(all, plan.totalFrames, plan.ratePps, lab.clock())
  lab.wake()
  return done
}

function defined<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : { [key]: value } as { [key in K]: V }
}
