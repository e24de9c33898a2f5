import { syntax } from './problem.ts'
import type { Where } from './script.ts'

/** A piece of a code block: a line end (also `;`), a name or keyword, a number, a string, or an operator. */
export interface CodeToken { readonly kind: 'end' | 'name' | 'number' | 'string' | 'operator', readonly text: string, readonly at: number }

const pattern = new RegExp([
  /[ \t\r]+|#[^\n]*/,
  /(?<end>[\n;])/,
  /(?<number>0[xX][0-9a-fA-F]+|\d+\.\d*|\.\d+|\d+)/,
  /(?<name>[A-Za-z_]\w*)/,
  /(?<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/,
  /(?<operator>\*\*|\/\/|<<|>>|[=!<>+\-*/|&]=|[-+*/%&|^~<>=(),.[\]:])/,
].map(({ source }) => source).join('|'), 'y')

export function tokenizeCode(text: string, where: Where): CodeToken[] {
  const tokens: CodeToken[] = []
  let depth = 0
  for (let at = 0; at < text.length;) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match === null) throw syntax(where, 'pythonSyntax', { text: text.slice(at, at + 20).trim() })
    const kind = kindOf(match.groups!)
    if (kind !== null && !(kind === 'end' && depth > 0)) tokens.push({ kind, text: match[0], at })
    if (match[0] === '(' || match[0] === '[') depth++
    else if (match[0] === ')' || match[0] === ']') depth--
    at += match[0].length
  }
  tokens.push({ kind: 'end', text: '', at: text.length })
  return tokens
}

function kindOf(groups: Record<string, string | undefined>): CodeToken['kind'] | null {
  for (const kind of ['end', 'number', 'name', 'string', 'operator'] as const) if (groups[kind] !== undefined) return kind
  return null
}
