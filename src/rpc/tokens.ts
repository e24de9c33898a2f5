/**
 * Words of a command line as a shell would cut them: blanks separate, '…' is literal, "…" knows \n \r \t \0 \\ \" \xHH,
 * and a backslash outside quotes is an ordinary character, so that Windows paths can be typed.
 */
export interface Token {
  text: string
  /** Positions in the line, quotes included: `start` of the first character, `end` after the last. */
  start: number
  end: number
  /** Whether any part of it was in quotes; a quoted `--x` is an argument and no option. */
  quoted: boolean
}

export interface TokenError { code: 'unterminatedQuote' | 'badEscape', at: number }

const blank = /\s/
const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', 0: '\0', '\\': '\\', '"': '"' }

/** The next word at or after `from`; null at the end of the line. */
export function nextToken(line: string, from: number): Token | TokenError | null {
  let at = skipBlanks(line, from)
  if (at === line.length) return null
  const token: Token = { text: '', start: at, end: at, quoted: false }
  while (at < line.length && !blank.test(line[at])) {
    const piece = line[at] === '\'' ? readSingle(line, at) : line[at] === '"' ? readDouble(line, at) : null
    if (piece === null) {
      token.text += line[at++]
      continue
    }
    if ('code' in piece) return piece
    token.quoted = true
    token.text += piece.text
    at = piece.end
  }
  token.end = at
  return token
}

export function skipBlanks(line: string, from: number): number {
  let at = from
  while (at < line.length && blank.test(line[at])) at++
  return at
}

/** `text` so that {@link nextToken} reads exactly it. */
export function quoteToken(text: string): string {
  if (text !== '' && !/[\s'"]/.test(text) && !hasControls(text) && !text.startsWith('--')) return text
  if (!text.includes('\'') && !hasControls(text)) return `'${text}'`
  return doubleQuoted(text)
}

/** `text` as the last argument of a line that takes the remainder as it is; quoted only where it would be read differently. */
export function quoteRest(text: string): string {
  const plain = text !== '' && text.trim() === text && !hasControls(text) && !/^(--|['"])/.test(text)
  return plain ? text : doubleQuoted(text)
}

/** The remainder of the line from `from`: as it is, or without its quotes where one quoted piece is all of it. */
export function restOfLine(line: string, from: number): string | TokenError {
  const start = skipBlanks(line, from)
  const rest = line.slice(start).trimEnd()
  if (rest[0] !== '\'' && rest[0] !== '"') return rest
  const piece = rest[0] === '"' ? readDouble(line, start) : readSingle(line, start)
  if ('code' in piece) return piece
  return piece.end === start + rest.length ? piece.text : rest
}

function readSingle(line: string, at: number): { text: string, end: number } | TokenError {
  const close = line.indexOf('\'', at + 1)
  return close < 0 ? { code: 'unterminatedQuote', at } : { text: line.slice(at + 1, close), end: close + 1 }
}

function readDouble(line: string, open: number): { text: string, end: number } | TokenError {
  let text = ''
  let at = open + 1
  while (at < line.length && line[at] !== '"') {
    if (line[at] !== '\\') {
      text += line[at++]
      continue
    }
    const hex = /^x[0-9a-fA-F]{2}/.exec(line.slice(at + 1, at + 4))
    const escaped = hex ? String.fromCharCode(Number.parseInt(hex[0].slice(1), 16)) : escapes[line[at + 1]]
    if (escaped === undefined) return { code: 'badEscape', at }
    text += escaped
    at += hex ? 4 : 2
  }
  return at >= line.length ? { code: 'unterminatedQuote', at: open } : { text, end: at + 1 }
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}

const names: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0', '\\': '\\\\', '"': '\\"' }

function doubleQuoted(text: string): string {
  let quoted = ''
  for (const char of text) {
    const code = char.charCodeAt(0)
    quoted += names[char] ?? (code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : char)
  }
  return `"${quoted}"`
}
