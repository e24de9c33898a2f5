import type { ScriptAnswer, ScriptExportAnswer } from '../../src/rpc/script-contract.ts'
import { failureWords } from '../../src/script/failure-words.ts'
import { joinParts, markParts } from '../../src/script/packet-text.ts'
import { harmless, toned } from './ansi.ts'
import { textWidth } from './text-width.ts'

type Translate = (key: string, params?: Record<string, unknown>) => string

/** What came of a script: the result, and for a failure its line, what was expected and what came in its place. */
export function printScript(answer: ScriptAnswer, t: Translate): string[] {
  const { result, failure, warnings, profile, text, printed } = answer
  const head = `${t(`script.results.${result}`)}${profile === '' ? '' : `  (${t('script.profile', { profile })})`}`
  const said = [...printed.map((line) => `| ${harmless(line)}`), ...warnings.map((warning) => {
    const { key, params } = failureWords(warning)
    return `${t('script.warning')} ${warning.where.line}:${warning.where.column}  ${harmless(t(key, params))}`
  })]
  if (failure === null) return [toned('accent', head), ...said]
  const { line, column } = failure.where
  const { key, params } = failureWords(failure)
  const lines = [toned('error', `${head}  ${line}:${column}  ${harmless(t(key, params))}`), ...said]
  lines.push(harmless(`${line} | ${text.split('\n')[line - 1] ?? ''}`))
  const labels = [t('script.expected'), t('script.actual')]
  const width = Math.max(...labels.map(textWidth))
  const pad = (label: string) => label + ' '.repeat(width - textWidth(label))
  if (failure.expected !== null) lines.push(`${pad(labels[0])}  ${joinParts(failure.expected)}`)
  if (failure.actual !== null) {
    lines.push(`${pad(labels[1])}  ${joinParts(failure.actual)}`)
    const marks = markParts(failure.actual, failure.differing)
    if (marks !== '') lines.push(toned('error', `${' '.repeat(width + 2)}${marks}`))
  }
  return lines
}

/** The script itself, then what is to be known of it. */
export function printExport(answer: ScriptExportAnswer, t: Translate): string[] {
  return [...answer.text.trimEnd().split('\n').map(harmless), '', ...exportNotes(answer, t).map((note) => toned('dim', note)), ...printScript(answer, t)]
}

/** What an exported script leaves out, and where it does not come out as it was captured. */
export function exportNotes({ side, damaged, checksWindows, hasCalls, result }: ScriptExportAnswer, t: Translate): string[] {
  return [
    t('script.export.of', { side: t(`script.export.${side}`) }), t('script.export.zeros'), t(hasCalls ? 'script.export.calls' : 'script.export.inferred'),
    ...damaged > 0 ? [t('script.export.damaged', { packets: damaged })] : [], ...checksWindows ? [] : [t('script.export.noWindows')], ...result === 'pass' ? [] : [t('script.export.differs')],
  ]
}
