import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { FaultError, fault } from '../../src/base/fault.ts'
import { followRecording } from '../extcap/follow-recording.ts'
import { runningLabs } from '../extcap/running-labs.ts'
import type { RunningLab } from '../extcap/running-labs.ts'
import { defaultRecordingFolder } from '../lab/recording-path.ts'
import { ExitCode, UsageError } from './failure.ts'
import { onInterrupt } from './interrupt.ts'
import type { CliOptions } from './options.ts'
import type { Run } from './program.ts'
import { version } from './version.ts'

const pauseMs = 50
const linkTypeNames: Readonly<Record<number, string>> = { 1: 'EN10MB', 101: 'RAW', 113: 'LINUX_SLL', 276: 'LINUX_SLL2' }

/**
 * `tcplab extcap`: what Wireshark calls to find running labs and to capture from one (extcap(4)). Names of interfaces are `tcplab-PID`.
 * Sentences that Wireshark reads are not worded here: their form is Wireshark's.
 */
export const runExtcap: Run = async ({ options, words }) => {
  const folder = path.resolve(options.recordings ?? process.env.TCPLAB_RECORDINGS ?? defaultRecordingFolder())
  if (options.install !== undefined) {
    const file = install(path.resolve(options.install))
    process.stdout.write(`${words('cli.extcap.installed', { path: file })}\n`)
    return ExitCode.done
  }
  if (options.extcapInterfaces) {
    say(`extcap {version=${version}}{display=TCP Lab}`)
    for (const lab of runningLabs(folder)) say(`interface {value=tcplab-${lab.pid}}{display=${withoutBraces(words('cli.extcap.display', { name: lab.linkName, pid: lab.pid }))}}`)
    return ExitCode.done
  }
  const pid = Number(/^tcplab-(\d+)$/.exec(options.extcapInterface ?? '')?.[1] ?? 0)
  if (pid === 0) throw new UsageError('missingOption', { name: '--extcap-interface', command: 'extcap' })
  const lab = runningLabs(folder).find((found) => found.pid === pid)
  if (options.extcapDlts) {
    const linkType = lab?.linkType ?? 1
    say(`dlt {number=${linkType}}{name=${linkTypeNames[linkType] ?? `LINKTYPE_${linkType}`}}{display=${linkTypeNames[linkType] ?? `LINKTYPE ${linkType}`}}`)
    return ExitCode.done
  }
  if (options.extcapConfig) {
    say(`arg {number=0}{call=--from}{display=${words('cli.extcap.from')}}{type=selector}{tooltip=${words('cli.option.from')}}`)
    say(`value {arg=0}{value=start}{display=${words('cli.extcap.start')}}{default=true}`)
    say(`value {arg=0}{value=now}{display=${words('cli.extcap.now')}}{default=false}`)
    return ExitCode.done
  }
  if (options.extcapCaptureFilter) throw new FaultError(fault('badFilter', { expression: options.extcapCaptureFilter, why: 'noFilter', message: '' }))
  if (!options.capture) return ExitCode.done
  if (lab === undefined) throw new FaultError(fault('linkClosed', { name: options.extcapInterface! }))
  return capture(lab, folder, options)
}

async function capture(lab: RunningLab, folder: string, options: CliOptions): Promise<number> {
  if (options.fifo === undefined) throw new UsageError('missingOption', { name: '--fifo', command: 'extcap' })
  const fifo = openFifo(options.fifo)
  let isOver = false
  const release = onInterrupt(() => { isOver = true })
  try {
    await followRecording({ folder, pid: lab.pid, from: options.from ?? 'start', write: (bytes) => writeWhole(fifo, bytes), pauseMs, isOver: () => isOver })
    return ExitCode.done
  } finally {
    release()
    closeSync(fifo)
  }
}

function openFifo(file: string): number {
  try {
    return openSync(file, 'w')
  } catch (error) {
    throw new FaultError(fault('fileNotWritable', { path: file, reason: (error as NodeJS.ErrnoException).code ?? 'unknown', lost: 0 }), { cause: error })
  }
}

/** @returns false when Wireshark has stopped reading, which is how it ends a capture */
function writeWhole(file: number, bytes: Uint8Array): boolean {
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done)
    return true
  } catch {
    return false
  }
}

/** Wireshark starts any executable in its folder: this one is the program with its first argument. */
function install(folder: string): string {
  const isWindows = process.platform === 'win32'
  const file = path.join(folder, isWindows ? 'tcplab-extcap.bat' : 'tcplab-extcap')
  const program = process.argv[1]
  const script = isWindows
    ? `@echo off\r\n"${process.execPath}" "${program}" extcap %*\r\n`
    : `#!/bin/sh\nexec ${shellQuoted(process.execPath)} ${shellQuoted(program)} extcap "$@"\n`
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, script)
    chmodSync(file, 0o755)
  } catch (error) {
    throw new FaultError(fault('fileNotWritable', { path: file, reason: (error as NodeJS.ErrnoException).code ?? 'unknown', lost: 0 }), { cause: error })
  }
  return file
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll('\'', '\'\\\'\'')}'`
}

/** Braces would end a value. */
function withoutBraces(text: string): string {
  return text.replace(/[{}]/g, '')
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
