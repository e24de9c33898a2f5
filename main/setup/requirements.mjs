// Which tests prove which requirement: npm run requirements [-- [--list] [--uncovered] [--json] [ID …]]
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import ts from 'typescript'
import { root } from './root.mjs'

const usage = `npm run requirements [-- [--list] [--uncovered] [--json] [ID …]]

Prints, for each requirement of test/requirements/tcp.tsv, the tests that name it, and what no test names, by stage.
  --list       only list: the exit code is 0 whatever is uncovered; otherwise it is 1 when a row of stage 1 or 2 is
  --uncovered  only the rows that no test names
  --json       one object
  ID …         only these: one such as RFC9293/MUST-1, or all of RFC6298`

/** Stages whose rows must all be covered. */
const owed = new Set(['1', '2'])

if (process.argv[1] === fileURLToPath(import.meta.url)) main()

function main() {
  const { list, uncovered, json, ids } = readArguments()
  const tests = testsByRequirement()
  const rows = catalogue().filter(({ id }) => ids.length === 0 || ids.some((wanted) => isWanted(id, wanted)))
  if (rows.length === 0) fail(`there is no requirement ${ids.join(' or ')}`)
  const covered = rows.map((row) => ({ ...row, tests: tests.get(row.id) ?? [] }))
  const stages = summary(covered)
  const shown = uncovered ? covered.filter((row) => row.tests.length === 0) : covered
  console.log(json ? JSON.stringify({ stages, requirements: shown }, null, 2) : report(shown, stages))
  process.exitCode = !list && stages.some(({ stage, uncovered: left }) => owed.has(stage) && left.length > 0) ? 1 : 0
}

/** @returns {{ id: string, level: string, topic: string, text: string, stage: string }[]} */
export function catalogue() {
  const rows = readFileSync(path.join(root, 'test/requirements/tcp.tsv'), 'utf8').trimEnd().split('\n').slice(1)
  return rows.map((row) => {
    const [id, level, topic, text, , stage] = row.split('\t')
    return { id, level, topic, text, stage }
  })
}

/**
 * The tests by the ids in their names: `it('does this [RFC9293/MUST-1] [RFC6298/karn]', …)`. A name counts for the tests of a
 * `describe` too; what never runs (skip, todo) does not count, nor does an id in a comment.
 * @returns {Map<string, { file: string, line: number, name: string }[]>}
 */
export function testsByRequirement(folder = path.join(root, 'test')) {
  const found = new Map()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.test.ts')) continue
    const file = path.join(entry.parentPath, entry.name)
    for (const { ids, ...test } of namedTests(readFileSync(file, 'utf8'), path.relative(root, file))) {
      for (const id of ids) found.set(id, [...(found.get(id) ?? []), test])
    }
  }
  return found
}

/** The tests of a source text whose names hold ids. */
export function namedTests(text, file) {
  const found = []
  if (!text.includes('[RFC')) return found
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const visit = (node) => {
    if (ts.isCallExpression(node) && isTest(node.expression) && node.arguments.length > 1) {
      const name = node.arguments[0].getText(source)
      const ids = new Set([...name.matchAll(/\[(RFC\d+\/[\w-]+)\]/g)].map(([, id]) => id))
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
      if (ids.size > 0) found.push({ ids, file, line, name: name.slice(1, -1).replaceAll(/ ?\[RFC\d+\/[\w-]+\]/g, '').replaceAll('\\', '') })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** `it`, `test`, `describe`, also `it.each(…)`, but nothing that says skip or todo. */
function isTest(callee) {
  if (ts.isIdentifier(callee)) return ['it', 'test', 'describe'].includes(callee.text)
  if (ts.isCallExpression(callee) || ts.isTaggedTemplateExpression(callee)) return isTest(ts.isCallExpression(callee) ? callee.expression : callee.tag)
  return ts.isPropertyAccessExpression(callee) && !['skip', 'todo'].includes(callee.name.text) && isTest(callee.expression)
}

/** An id by itself or all of an RFC; `RFC9293/MUST-1` does not mean `RFC9293/MUST-10`. */
function isWanted(id, wanted) {
  return id === wanted || id.startsWith(`${wanted}/`)
}

function summary(rows) {
  return [...new Set(rows.map(({ stage }) => stage))].toSorted().map((stage) => {
    const ofStage = rows.filter((row) => row.stage === stage)
    const uncovered = ofStage.filter(({ tests }) => tests.length === 0).map(({ id }) => id)
    return { stage, rows: ofStage.length, covered: ofStage.length - uncovered.length, uncovered }
  })
}

function report(rows, stages) {
  const lines = rows.flatMap(({ id, level, stage, text, tests }) => [
    `${id}  (${level}, stage ${stage})  ${text}`,
    ...tests.length === 0 ? ['    no test names it'] : tests.map(({ file, line, name }) => `    ${file}:${line}  ${name}`),
  ])
  const totals = stages.map(({ stage, rows: all, covered, uncovered }) => `stage ${stage}: ${covered} of ${all} covered${uncovered.length === 0 ? '' : `; not ${uncovered.join(' ')}`}`)
  return [...lines, '', ...totals].join('\n')
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options: { list: { type: 'boolean' }, uncovered: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } }, allowPositionals: true })
    if (values.help) {
      console.log(usage)
      process.exit(0)
    }
    return { list: values.list === true, uncovered: values.uncovered === true, json: values.json === true, ids: positionals }
  } catch (error) {
    return fail(error.message)
  }
}

function fail(message) {
  console.error(`requirements: ${message}\n${usage}`)
  process.exit(2)
}
