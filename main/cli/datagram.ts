import { readFileSync } from 'node:fs'
import { FaultError, fault } from '../../src/base/fault.ts'
import type { Fault } from '../../src/base/fault.ts'
import { parseHex, utf8Bytes } from '../../src/base/bytes.ts'
import type { DatagramRow } from '../../src/rpc/host-contract.ts'
import { icmpErrorName } from '../../src/wire/icmp-names.ts'
import { printData, printEndpoint } from '../../src/wire/one-line.ts'
import { machineClock } from '../lab/clock.ts'
import { deferred } from './deferred.ts'
import { ExitCode, UsageError, tellFailure } from './failure.ts'
import { onInterrupt } from './interrupt.ts'
import { elevationOf, openNamedLink } from './link-choice.ts'
import type { CliOptions } from './options.ts'
import { Output } from './output.ts'
import type { Run } from './program.ts'
import { hostSettingsOf, openSpokenHost } from './spoken-host.ts'
import type { Words } from './words.ts'

const usualWaitSeconds = 2

/**
 * `tcplab datagram`: one UDP datagram from a host of its own, and what answers. With `--json` one object a datagram or error:
 * `{"event": "sent" | "received" | "error", "timeUs", "localPort", "address", "port", "bytes", "hex", "icmp"}`, at the end `{"event": "ended", "received"}`.
 */
export const runDatagram: Run = async ({ args, options, json, words }) => {
  const [address, port] = args as [string, number]
  const data = readData(options)
  const opened = await openNamedLink(options.interface, { ...elevationOf(options), promiscuous: true })
  const output = new Output(process.stdout)
  const { promise: ended, resolve: end } = deferred<Fault | null>()
  let told = 0
  let received = 0
  let hasError = false
  let startUs = -1
  const tell = (): void => {
    const { log } = spoken.host.manual
    for (const row of log.latest(log.total - told)) {
      if (startUs < 0) startUs = row.timeUs
      output.line(json ? jsonOf(row) : lineOf(row, startUs, words))
      if (row.what === 'received') received++
      if (row.what === 'error') hasError = true
    }
    told = log.total
    output.flush()
    if (hasError || (received > 0 && options.all !== true)) end(null)
  }
  const spoken = await openSpokenHost({ opened, settings: hostSettingsOf(options), tcp: {}, onError: (error) => { tellFailure(error, words) }, afterTurn: tell })
  const release = onInterrupt(() => end(null))
  void spoken.died.then(end)
  let timer: NodeJS.Timeout | undefined
  try {
    const early = await Promise.race([spoken.readyFor(address).then(() => 'ready' as const), ended])
    if (early !== 'ready') return failOrEnd(early)
    spoken.host.sendDatagram({ address, port, data, ...(options.local === undefined ? {} : { from: options.local }) }, machineClock())
    spoken.driver.wake()
    const waitMs = (options.wait ?? usualWaitSeconds) * 1000
    timer = setTimeout(() => end(null), waitMs)
    const reason = await ended
    tell()
    if (json) output.line(JSON.stringify({ event: 'ended', received }))
    else if (received === 0 && !hasError && reason === null) output.line(words('cli.datagram.silence', { seconds: waitMs / 1000 }))
    if (reason !== null) throw new FaultError(reason)
    return hasError ? ExitCode.failed : ExitCode.done
  } finally {
    clearTimeout(timer)
    await spoken.close()
    await output.end()
    release()
  }
}

function failOrEnd(reason: Fault | null): number {
  if (reason !== null) throw new FaultError(reason)
  return ExitCode.failed
}

/** @throws UsageError `oneOf`; FaultError `fileNotFound`, `fileNotReadable` */
function readData({ text, hex, send }: CliOptions): Uint8Array {
  if ([text, hex, send].filter((given) => given !== undefined).length !== 1) throw new UsageError('oneOf', { names: '--text, --hex, --send', command: 'datagram' })
  if (text !== undefined) return utf8Bytes(text)
  if (hex !== undefined) return parseHex(hex)!
  try {
    return readFileSync(send === '-' ? 0 : send!)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new FaultError(reason === 'ENOENT' ? fault('fileNotFound', { path: send! }) : fault('fileNotReadable', { path: send!, reason }), { cause: error })
  }
}

function lineOf({ what, timeUs, localPort, address, port, data, icmp }: DatagramRow, startUs: number, words: Words): string {
  const time = ((timeUs - startUs) / 1000).toFixed(3).padStart(10)
  const remote = printEndpoint(address, port)
  const ends = what === 'received' ? `${remote} > ${localPort}` : `${localPort} > ${remote}`
  if (icmp !== null) {
    const { version, type, code } = icmp
    return `${time} ! ${ends} ${words('cli.trouble', { what: words(`icmp.${icmpErrorName(version, type, code)}`), type, code })}`
  }
  return `${time} ${what === 'received' ? '<' : '>'} ${ends} udp (${data.length})${data.length === 0 ? '' : ` data ${printData(data)}`}`
}

function jsonOf({ what, timeUs, localPort, address, port, data, icmp }: DatagramRow): string {
  return JSON.stringify({ event: what, timeUs: Math.round(timeUs), localPort, address, port, bytes: data.length, hex: Buffer.from(data).toString('hex'), ...(icmp === null ? {} : { icmp }) })
}
