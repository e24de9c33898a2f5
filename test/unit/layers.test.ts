import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

/** What each layer may import, as ARCHITECTURE.md draws it. `types` after a layer's name: type imports only. */
const allowed: Record<string, readonly string[]> = {
  'src/base': [],
  'src/words': ['src/base', 'src/tcp types'],
  'src/wire': ['src/base'],
  'src/tcp': ['src/base', 'src/wire'],
  'src/stack': ['src/base', 'src/wire', 'src/tcp', 'src/link/frame-batch.ts'],
  'src/link': ['src/base', 'src/wire'],
  'src/sim': ['src/base', 'src/wire', 'src/tcp', 'src/stack', 'src/link'],
  'src/script': ['src/base', 'src/wire', 'src/tcp', 'src/stack', 'src/link/frame-batch.ts'],
  'src/trace': ['src/base', 'src/wire', 'src/tcp/seq.ts', 'src/rpc types'],
  'src/filter': ['src/base', 'src/wire', 'src/trace', 'src/tcp/state.ts'],
  'src/graph': ['src/base', 'src/trace'],
  'src/capture-file': ['src/base'],
  'src/craft': ['src/base', 'src/wire'],
  'src/rpc': ['src/base', 'src types'],
  main: ['src', 'main'],
  renderer: ['src', 'renderer', 'test/scripts'],
}

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|vue)$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
}

interface Import { file: string, target: string, typeOnly: boolean }

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(root, file), 'utf8')
  const script = file.endsWith('.vue') ? [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]).join('\n') : text
  const source = ts.createSourceFile(file, script, ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  const add = (specifier: string, typeOnly: boolean) => {
    const target = specifier.startsWith('.') ? path.normalize(path.join(path.dirname(file), specifier)) : specifier
    found.push({ file, target, typeOnly })
  }
  const visit = (node: ts.Node) => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) add(node.moduleSpecifier.text, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) add(node.moduleSpecifier.text, node.isTypeOnly)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && ts.isStringLiteral(node.arguments[0])) add(node.arguments[0].text, false)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function layerOf(file: string): string {
  const parts = file.split('/')
  return parts[0] === 'src' ? `src/${parts[1]}` : parts[0]
}

function isAllowed(found: Import): boolean {
  const layer = layerOf(found.file)
  const isRelative = /^(src|main|renderer|test)\//.test(found.target)
  if (!isRelative) return !layer.startsWith('src/')
  if (layerOf(found.target) === layer) return true
  return (allowed[layer] ?? []).some((entry) => {
    if (entry.endsWith(' types')) return found.typeOnly && found.target.startsWith(`${entry.slice(0, -6)}/`)
    return found.target === entry || found.target.startsWith(`${entry}/`)
  })
}

describe('layers', () => {
  const files = ['src', 'main', 'renderer'].flatMap(filesBelow)

  it('every folder of src has a row in the table', () => {
    const folders = new Set(files.filter((file) => file.startsWith('src/') && file.split('/').length > 2).map(layerOf))
    expect([...folders].filter((folder) => !(folder in allowed))).toEqual([])
  })

  it('no file imports what its layer may not', () => {
    const broken = files.flatMap(importsOf).filter((found) => !isAllowed(found))
    expect(broken.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
  })

  it('the check itself sees a forbidden import', () => {
    expect(isAllowed({ file: 'src/tcp/x.ts', target: 'src/stack/host.ts', typeOnly: false })).toBe(false)
    expect(isAllowed({ file: 'src/wire/x.ts', target: 'node:fs', typeOnly: false })).toBe(false)
    expect(isAllowed({ file: 'renderer/x.vue', target: 'main/lab/lab.ts', typeOnly: true })).toBe(false)
    expect(isAllowed({ file: 'src/rpc/x.ts', target: 'src/tcp/state.ts', typeOnly: false })).toBe(false)
    expect(isAllowed({ file: 'src/rpc/x.ts', target: 'src/tcp/state.ts', typeOnly: true })).toBe(true)
  })
})
