import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { FaultError, fault } from '../../src/base/fault.ts'
import { readTextFile } from '../files/text-file.ts'
import { ExitCode } from './failure.ts'
import { openLiveStage } from './live-stage.ts'
import type { CliOptions } from './options.ts'
import { Output } from './output.ts'
import type { Run } from './program.ts'
import type { ScriptOutcome, ScriptRules } from './script-job.ts'
import { runInPool } from './script-pool.ts'
import { profileNamedOrRead } from './script-profile.ts'
import { ScriptRecorder } from './script-recorder.ts'
import { readToolOptions } from './script-options.ts'
import { reportJson, reportLines } from './script-report.ts'
import { traceLines } from './script-trace.ts'
import { programName } from './version.ts'
import type { Words } from './words.ts'

/** `tcplab run`: plays packetdrill scripts. Exit code 1 where one of them did not pass; with `--json` one object a script, and a summary. */
export const runRun: Run = async ({ args, options, json, words }) => {
  const files = (args[0] as readonly string[]).flatMap(scriptsIn)
  const texts = files.map((file) => readTextFile(file))
  const rules: ScriptRules = {
    profile: options.profile === undefined ? null : profileNamedOrRead(options.profile),
    defines: new Map((options.define ?? []).map((text) => {
      const [name, ...value] = text.split('=')
      return [name, value.length === 0 ? '1' : value.join('=')]
    })),
    tool: readToolOptions(options.tool ?? []),
    keepsFrames: options.trace === true || options.pcapng !== undefined,
  }
  const isLive = options.link !== undefined || options.peer !== undefined
  const output = new Output(process.stdout)
  const recorder = options.pcapng === undefined ? null : new ScriptRecorder(options.pcapng, programName)
  const counts = { pass: 0, fail: 0, unsupported: 0 }
  const startedMs = performance.now()
  let at = 0
  for await (const { report, frames, ms } of isLive ? playLive(texts, rules, options, words) : runInPool(texts, rules, options.jobs ?? 1)) {
    const file = files[at]
    recorder?.begin(file)
    for (const { frame, direction, nowUs } of frames) recorder?.take(frame, direction, nowUs)
    counts[report.result]++
    if (json) output.line(JSON.stringify(reportJson(file, report, ms, words)))
    else for (const line of [...options.trace ? traceLines(frames) : [], ...reportLines(file, texts[at], report, ms, words)]) output.line(line)
    output.flush()
    if (output.isBroken) break
    at++
  }
  recorder?.close()
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(2)
  if (json) output.line(JSON.stringify({ summary: { scripts: files.length, ...counts, seconds: Number(seconds) } }))
  else output.line(words('script.summary', { passed: counts.pass, failed: counts.fail, unsupported: counts.unsupported, seconds }))
  await output.end()
  return counts.fail + counts.unsupported > 0 ? ExitCode.failed : ExitCode.done
}

/** One after another, since there is one link. */
async function* playLive(texts: readonly string[], rules: ScriptRules, options: CliOptions, words: Words): AsyncGenerator<ScriptOutcome> {
  const stage = await openLiveStage(options, words, (line) => { process.stderr.write(`${line}\n`) })
  try {
    for (const text of texts) yield await stage.play(text, rules)
  } finally {
    await stage.close()
  }
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
