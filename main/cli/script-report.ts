import { failureWords, secondsText } from '../../src/script/failure-words.ts'
import { joinParts, markParts } from '../../src/script/packet-text.ts'
import type { PacketParts } from '../../src/script/packet-text.ts'
import type { Failure, NotedDecision, ScriptReport } from '../../src/script/report.ts'
import { reasonAt } from '../../src/tcp/reasons.ts'
import { reasonText } from './reason-words.ts'
import type { Words } from './words.ts'

/** Decisions shown before a failure. */
const shownDecisions = 8

/**
 * What came of a script, for a person: one line, and for what did not pass the script's line, what was expected and what came, and why.
 * @param ms how long it took, where that is of interest
 */
export function reportLines(file: string, text: string, report: ScriptReport, ms: number | null, words: Words): string[] {
  const { result, failure, profile } = report
  const head = `${words(`script.results.${result}`)}  ${file}`
  const tail = `(${words('script.profile', { profile })}${ms === null ? '' : `, ${ms.toFixed(1)} ms`})`
  const printed = [...report.printed.map((line) => `    | ${line}`), ...report.warnings.map((warning) => `    ${words('script.warning')} ${file}:${warning.where.line}:${warning.where.column}  ${failureText(warning, words)}`)]
  if (failure === null) return [`${head}  ${tail}`, ...printed]
  const { line, column } = failure.where
  const lines = [`${head}:${line}:${column}  ${failureText(failure, words)}  ${tail}`, ...printed]
  const source = (text.split('\n')[line - 1] ?? '').replace(/\r$/, '').replaceAll('\t', ' ')
  lines.push(`    ${line} | ${source}`, `    ${' '.repeat(String(line).length)} | ${' '.repeat(column - 1)}^`)
  const labels = [words('script.expected'), words('script.actual')]
  const width = Math.max(...labels.map(widthOf))
  if (failure.expected !== null) lines.push(...packetLines(labels[0], width, failure.expected, []))
  if (failure.actual !== null) lines.push(...packetLines(labels[1], width, failure.actual, failure.differing))
  const why = decisionBehind(report)
  if (why !== null) lines.push(`    ${words('script.engine')}: ${decisionReason(why, words)}`)
  if (report.decisions.length > 0) lines.push(`    ${words('script.decisions')}`, ...report.decisions.slice(-shownDecisions).map((decision) => `      ${decisionLine(decision, words)}`))
  return lines
}

/** The same for a machine. */
export function reportJson(file: string, report: ScriptReport, ms: number, words: Words): object {
  const { failure, result } = report
  const text = failure === null ? null : failureText(failure, words)
  const why = failure === null ? null : decisionBehind(report)
  return {
    file, result, profile: report.profile, ms: Number(ms.toFixed(3)),
    line: failure?.where.line ?? null, column: failure?.where.column ?? null,
    expected: failure?.expected ? joinParts(failure.expected) : failure?.params.expected ?? null,
    actual: failure?.actual ? joinParts(failure.actual) : failure?.params.actual ?? null,
    differs: failure?.differing ?? [],
    code: failure?.code ?? null,
    reason: result === 'fail' ? text : null,
    engineReason: why === null ? null : decisionReason(why, words),
    unsupported: result === 'unsupported' ? text : null,
    printed: report.printed,
    warnings: report.warnings.map((warning) => ({ line: warning.where.line, column: warning.where.column, code: warning.code, reason: failureText(warning, words) })),
  }
}

function failureText(failure: Failure, words: Words): string {
  const { key, params } = failureWords(failure)
  return words(key, params).trim()
}

function packetLines(label: string, width: number, parts: PacketParts, differing: Failure['differing']): string[] {
  const indent = `    ${label}${' '.repeat(width - widthOf(label))}  `
  const marks = markParts(parts, differing)
  return marks === '' ? [indent + joinParts(parts)] : [indent + joinParts(parts), ' '.repeat(6 + width) + marks]
}

/** Hangul takes two columns. */
function widthOf(text: string): number {
  return [...text].reduce((sum, letter) => sum + (/[\u1100-\uffdc]/.test(letter) ? 2 : 1), 0)
}

/** The decision that made the packet that came, or that kept the expected one from leaving. */
function decisionBehind({ failure, decisions }: ScriptReport): NotedDecision | null {
  if (failure === null || failure.expected === null) return null
  const isSending = ({ verb }: NotedDecision) => verb === 'sent' || verb === 'again' || verb === 'ack' || verb === 'reset'
  return decisions.findLast((decision) => isSending(decision) === (failure.actual !== null) && decision.verb !== 'state' && decision.verb !== 'setting') ?? null
}

function decisionLine(decision: NotedDecision, words: Words): string {
  return `${secondsText(decision.timeUs)} #${decision.connection} ${decision.verb}: ${decisionReason(decision, words)}`
}

function decisionReason({ reason, verb, operands }: NotedDecision, words: Words): string {
  const row = reasonAt(reason)
  return reasonText({ verb, reason: row.id, rfc: row.rfc, operands: Object.fromEntries(row.operands.map((name, i) => [name, operands[i]])) }, words)
}
