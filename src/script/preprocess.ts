import { syntax } from './problem.ts'

export type Defines = ReadonlyMap<string, string>

interface Branch { readonly line: number, taken: boolean, active: boolean, readonly outer: boolean }

/** Resolves `#ifdef`, `#ifndef`, `#else` and `#endif`: lines that do not count become empty, so that the others keep their numbers. */
export function resolveConditions(text: string, defines: Defines): string {
  if (!/^[ \t]*#/m.test(text)) return text
  const branches: Branch[] = []
  const lines = text.split('\n').map((line, index) => {
    const [, word, symbol] = /^\s*#\s*(ifdef|ifndef|else|endif)\b\s*(\w*)/.exec(line) ?? []
    const isActive = branches.length === 0 || branches[branches.length - 1].active
    if (word === undefined) return isActive ? line : ''
    direct(branches, word, word === 'ifdef' ? defines.has(symbol) : !defines.has(symbol), isActive, index + 1)
    return ''
  })
  if (branches.length > 0) throw syntax({ line: branches[branches.length - 1].line, column: 1 }, 'unbalancedIf', { word: '#endif' })
  return lines.join('\n')
}

/**
 * Puts the values of `-D` symbols in the place of their names, outside of comments, strings, commands and code.
 * On a line where that happens, columns count in the text as it is then.
 */
export function substitute(text: string, defines: Defines): string {
  if (defines.size === 0) return text
  return text.replaceAll(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"[^"\n]*"|`[^`]*`|%\{[\s\S]*?\}%|--\w+|[A-Za-z_]\w*/g, (found) => defines.get(found) ?? found)
}

function direct(branches: Branch[], word: string, holds: boolean, outer: boolean, line: number): void {
  const last = branches[branches.length - 1]
  if (word === 'ifdef' || word === 'ifndef') {
    branches.push({ line, taken: holds, active: outer && holds, outer })
    return
  }
  if (last === undefined) throw syntax({ line, column: 1 }, 'unbalancedIf', { word: `#${word}` })
  if (word === 'endif') {
    branches.pop()
    return
  }
  last.active = last.outer && !last.taken
  last.taken = true
}
