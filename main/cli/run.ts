import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { FaultError, fault } from '../../src/base/fault.ts'
import { profiles } from '../../src/script/profile.ts'
import type { FrameTap } from '../../src/script/lab-wire.ts'
import { runScript } from '../../src/script/run-script.ts'
import { ExitCode } from './failure.ts'
import { openLiveStage } from './live-stage.ts'
import { Output } from './output.ts'
import type { Run } from './program.ts'
import { profileNamedOrRead, readScript } from './script-profile.ts'
import { ScriptRecorder } from './script-recorder.ts'
import { readToolOptions } from './script-options.ts'
import { reportJson, reportLines } from './script-report.ts'
import { ScriptTrace } from './script-trace.ts'
import { programName } from './version.ts'

/** `tcplab run`: plays packetdrill scripts against the engine. Exit code 1 where one of them did not pass; with `--json` one object a script, and a summary. */
export const runRun: Run = async ({ args, options, json, words }) => {
  const files = (args[0] as readonly string[]).flatMap(scriptsIn)
  const given = options.profile === undefined ? null : profileNamedOrRead(options.profile)
  const defines = new Map((options.define ?? []).map((text) => {
    const [name, ...value] = text.split('=')
    return [name, value.length === 0 ? '1' : value.join('=')]
  }))
  const tool = readToolOptions(options.tool ?? [])
  const output = new Output(process.stdout)
  const recorder = options.pcapng === undefined ? null : new ScriptRecorder(options.pcapng, programName)
  const counts = { pass: 0, fail: 0, unsupported: 0 }
  const startedMs = performance.now()
  const live = options.link === undefined && options.peer === undefined ? null : await openLiveStage(options, words, (line) => { process.stderr.write(`${line}\n`) })
  for (const file of files) {
    const text = readScript(file)
    const trace = options.trace ? new ScriptTrace() : null
    recorder?.begin(file)
    const beganMs = performance.now()
    const tap: FrameTap = (frame, direction, nowUs) => {
      trace?.take(frame, direction, nowUs)
      recorder?.take(frame, direction, nowUs)
    }
    const profile = given === null ? {} : { profile: given }
    const report = live === null ? runScript(text, { ...profile, defines, tool, tap }) : await live.play(text, { profile: given ?? profiles.linux, defines, tool, tap })
    const ms = performance.now() - beganMs
    counts[report.result]++
    if (json) output.line(JSON.stringify(reportJson(file, report, ms, words)))
    else for (const line of [...trace?.lines ?? [], ...reportLines(file, text, report, ms, words)]) output.line(line)
    output.flush()
    if (output.isBroken) break
  }
  await live?.close()
  recorder?.close()
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(2)
  if (json) output.line(JSON.stringify({ summary: { scripts: files.length, ...counts, seconds: Number(seconds) } }))
  else output.line(words('script.summary', { passed: counts.pass, failed: counts.fail, unsupported: counts.unsupported, seconds }))
  await output.end()
  return counts.fail + counts.unsupported > 0 ? ExitCode.failed : ExitCode.done
}

/** The script itself, or those below a folder, in a fixed order. */
function scriptsIn(place: string): string[] {
  const stat = statSync(place, { throwIfNoEntry: false })
  if (stat === undefined) throw new FaultError(fault('fileNotFound', { path: place }))
  if (!stat.isDirectory()) return [place]
  const found = readdirSync(place, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.pkt')).map((entry) => path.join(entry.parentPath, entry.name))
  return found.toSorted((a, b) => a < b ? -1 : 1)
}
