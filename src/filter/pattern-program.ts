import { utf8Bytes } from '../base/bytes.ts'

/** A set of bytes: 256 flags. */
export type ByteSet = Uint8Array

/** What stands between two bytes. `end` also holds before a line feed that is the last byte. */
export type Assertion = 'start' | 'end' | 'veryEnd' | 'lineStart' | 'lineEnd' | 'wordEdge' | 'notWordEdge'

/** A program of Thompson's kind: `byte` goes on with the next instruction. */
export type Instruction =
  | { readonly kind: 'byte', readonly set: ByteSet }
  | { readonly kind: 'assert', readonly assertion: Assertion }
  | { kind: 'split', left: number, right: number }
  | { kind: 'jump', to: number }
  | { readonly kind: 'match' }

/** Why a pattern cannot be used, and where in it. */
export interface PatternError { readonly code: PatternErrorCode, readonly at: number }
export const patternErrorCodes = ['unclosedGroup', 'unclosedClass', 'strayParenthesis', 'nothingToRepeat', 'badRange', 'badEscape', 'backReference', 'lookAround', 'unsupported', 'tooLarge'] as const
export type PatternErrorCode = typeof patternErrorCodes[number]

/** Instructions of a pattern at most: repetitions are written out. */
const maxInstructions = 5000
const maxNesting = 100

/** Translates a Perl-compatible regular expression; what no automaton can do (back references, look-around) is refused. */
export function programOf(pattern: string): Instruction[] | PatternError {
  try {
    return new PatternParser(pattern).whole()
  } catch (error) {
    if (error instanceof PatternProblem) return error.error
    throw error
  }
}

class PatternProblem extends Error {
  constructor(readonly error: PatternError) {
    super(error.code)
  }
}

interface Flags { ignoreCase: boolean, dotAll: boolean, multiline: boolean }

type Node =
  | { readonly kind: 'set', readonly set: ByteSet }
  | { readonly kind: 'assert', readonly assertion: Assertion }
  | { readonly kind: 'sequence' | 'choice', readonly parts: readonly Node[] }
  | { readonly kind: 'repeat', readonly part: Node, readonly least: number, readonly most: number }

class PatternParser {
  private at = 0
  private depth = 0
  private flags: Flags = { ignoreCase: true, dotAll: false, multiline: false }
  private readonly program: Instruction[] = []

  constructor(private readonly source: string) {}

  whole(): Instruction[] {
    const node = this.choice()
    if (this.at < this.source.length) throw this.problem('strayParenthesis')
    this.emit(node)
    this.add({ kind: 'match' })
    return this.program
  }

  private choice(): Node {
    const parts = [this.sequence()]
    while (this.takes('|')) parts.push(this.sequence())
    return parts.length === 1 ? parts[0] : { kind: 'choice', parts }
  }

  private sequence(): Node {
    const parts: Node[] = []
    while (this.at < this.source.length && !'|)'.includes(this.source[this.at])) {
      const atom = this.atom()
      if (atom !== null) parts.push(this.repeated(atom))
    }
    return { kind: 'sequence', parts }
  }

  private repeated(atom: Node): Node {
    let node = atom
    for (;;) {
      const bounds = this.bounds()
      if (bounds === null) return node
      if (this.takes('+')) throw this.problem('unsupported', -1)
      this.takes('?')
      node = { kind: 'repeat', part: node, ...bounds }
    }
  }

  private bounds(): { least: number, most: number } | null {
    if (this.takes('*')) return { least: 0, most: Infinity }
    if (this.takes('+')) return { least: 1, most: Infinity }
    if (this.takes('?')) return { least: 0, most: 1 }
    const found = /^\{(\d{1,4})(,(\d{1,4})?)?\}/.exec(this.source.slice(this.at, this.at + 12))
    if (found === null) return null
    const least = Number(found[1])
    const most = found[2] === undefined ? least : found[3] === undefined ? Infinity : Number(found[3])
    if (most < least) throw this.problem('badRange')
    this.at += found[0].length
    return { least, most }
  }

  /** Null where it only sets flags. */
  private atom(): Node | null {
    const character = this.source[this.at]
    switch (character) {
      case '(': return this.group()
      case '[': return this.set(this.classSet())
      case '.': this.at++; return this.set(setOf((byte) => this.flags.dotAll || byte !== 10))
      case '^': this.at++; return { kind: 'assert', assertion: this.flags.multiline ? 'lineStart' : 'start' }
      case '$': this.at++; return { kind: 'assert', assertion: this.flags.multiline ? 'lineEnd' : 'end' }
      case '\\': return this.escape()
      case '*': case '+': case '?': throw this.problem('nothingToRepeat')
      default: return this.literal(String.fromCodePoint(this.source.codePointAt(this.at)!))
    }
  }

  private literal(text: string): Node {
    this.at += text.length
    return { kind: 'sequence', parts: Array.from(bytesOfCharacter(text), (byte) => this.set(setOf((other) => other === byte))) }
  }

  private set(set: ByteSet): Node {
    if (this.flags.ignoreCase) for (let byte = 0x41; byte <= 0x5a; byte++) set[byte] = set[byte + 32] = set[byte] | set[byte + 32]
    return { kind: 'set', set }
  }

  private group(): Node | null {
    const start = this.at++
    if (++this.depth > maxNesting) throw this.problem('tooLarge')
    const before = { ...this.flags }
    if (this.takes('?') && this.groupKind(start) === 'flags') {
      this.depth--
      return null
    }
    const inside = this.choice()
    if (!this.takes(')')) throw new PatternProblem({ code: 'unclosedGroup', at: start })
    this.flags = before
    this.depth--
    return inside
  }

  /** Behind `(?`. */
  private groupKind(start: number): 'group' | 'flags' {
    if (this.takes(':')) return 'group'
    const rest = this.source.slice(this.at)
    const name = /^(P?<\w+>|'\w+')/.exec(rest)
    if (name !== null) {
      this.at += name[0].length
      return 'group'
    }
    if (/^(=|!|<=|<!|>)/.test(rest)) throw new PatternProblem({ code: 'lookAround', at: start })
    const flags = /^([ims]*)(?:-([ims]*))?([:)])/.exec(rest)
    if (flags === null) throw new PatternProblem({ code: 'unsupported', at: start })
    for (const flag of flags[1]) this.flag(flag, true)
    for (const flag of flags[2] ?? '') this.flag(flag, false)
    this.at += flags[0].length
    return flags[3] === ':' ? 'group' : 'flags'
  }

  private flag(letter: string, isOn: boolean): void {
    this.flags = { ...this.flags, ...(letter === 'i' ? { ignoreCase: isOn } : letter === 's' ? { dotAll: isOn } : { multiline: isOn }) }
  }

  private escape(): Node {
    const letter = this.source[this.at + 1]
    const assertion = assertionEscapes[letter]
    if (assertion !== undefined) {
      this.at += 2
      return { kind: 'assert', assertion }
    }
    if (/[1-9kg]/.test(letter ?? '')) throw this.problem('backReference')
    const found = this.escapedSet()
    if (found !== null) return this.set(found)
    return this.literalOf(this.escapedCharacter())
  }

  private literalOf(code: number): Node {
    const bytes = code <= 0xff ? Uint8Array.of(code) : utf8Bytes(String.fromCodePoint(code))
    return { kind: 'sequence', parts: Array.from(bytes, (byte) => this.set(setOf((other) => other === byte))) }
  }

  /** `\d` and its like, or null where the escape is a single character. */
  private escapedSet(): ByteSet | null {
    const letter = this.source[this.at + 1]
    const test = letter === undefined ? undefined : escapedSets[letter.toLowerCase()]
    if (test === undefined) return null
    this.at += 2
    const isNegated = letter !== letter.toLowerCase()
    return setOf((byte) => test(byte) !== isNegated)
  }

  private escapedCharacter(): number {
    const rest = this.source.slice(this.at + 1)
    const hexadecimal = /^x(?:([0-9a-fA-F]{1,2})|\{([0-9a-fA-F]{1,6})\})/.exec(rest)
    const octal = /^0[0-7]{0,2}/.exec(rest)
    if (hexadecimal !== null || octal !== null) {
      const code = hexadecimal === null ? parseInt(octal![0], 8) : parseInt(hexadecimal[1] ?? hexadecimal[2], 16)
      if (code > 0x10ffff) throw this.problem('badEscape')
      this.at += 1 + (hexadecimal ?? octal)![0].length
      return code
    }
    const letter = rest[0]
    const control = letter === undefined ? undefined : controls[letter]
    if (letter === undefined || (control === undefined && /[A-Za-z0-9]/.test(letter))) throw this.problem('badEscape')
    const point = rest.codePointAt(0)!
    this.at += 1 + String.fromCodePoint(point).length
    return control ?? point
  }

  private classSet(): ByteSet {
    const start = this.at++
    const isNegated = this.takes('^')
    const set = new Uint8Array(256)
    for (let isFirst = true; isFirst || this.source[this.at] !== ']'; isFirst = false) {
      if (this.at >= this.source.length) throw new PatternProblem({ code: 'unclosedClass', at: start })
      const named = /^\[:(\^?)([a-z]+):\]/.exec(this.source.slice(this.at, this.at + 12))
      const test = named === null ? undefined : namedClasses[named[2]]
      if (named !== null && test !== undefined) {
        this.at += named[0].length
        for (let byte = 0; byte < 256; byte++) if (test(byte) !== (named[1] === '^')) set[byte] = 1
        continue
      }
      const escaped = this.source[this.at] === '\\' ? this.escapedSet() : null
      if (escaped === null) this.addRange(set)
      else for (let byte = 0; byte < 256; byte++) set[byte] |= escaped[byte]
    }
    this.at++
    if (this.flags.ignoreCase) for (let byte = 0x41; byte <= 0x5a; byte++) set[byte] = set[byte + 32] = set[byte] | set[byte + 32]
    return isNegated ? set.map((flag) => flag ^ 1) : set
  }

  private addRange(set: ByteSet): void {
    const low = this.classCharacter()
    let high = low
    if (this.source[this.at] === '-' && this.source[this.at + 1] !== ']' && this.at + 1 < this.source.length) {
      this.at++
      high = this.classCharacter()
    }
    if (high < low) throw this.problem('badRange', -1)
    for (let byte = low; byte <= high; byte++) set[byte] = 1
  }

  /** Classes hold bytes: a character beyond U+00FF has more than one. */
  private classCharacter(): number {
    if (this.source[this.at] === '\\' && this.source[this.at + 1] === 'b') {
      this.at += 2
      return 8
    }
    const code = this.source[this.at] === '\\' ? this.escapedCharacter() : this.source.codePointAt(this.at++)!
    if (code > 0xff) throw this.problem('unsupported', -1)
    return code
  }

  private emit(node: Node): void {
    switch (node.kind) {
      case 'set': this.add({ kind: 'byte', set: node.set }); break
      case 'assert': this.add(node); break
      case 'sequence': for (const part of node.parts) this.emit(part); break
      case 'choice': this.emitChoice(node.parts); break
      case 'repeat': this.emitRepeat(node.part, node.least, node.most)
    }
  }

  private emitChoice(parts: readonly Node[]): void {
    const jumps: Extract<Instruction, { kind: 'jump' }>[] = []
    parts.forEach((part, i) => {
      const split = i < parts.length - 1 ? this.split() : null
      this.emit(part)
      if (split === null) return
      const jump: Extract<Instruction, { kind: 'jump' }> = { kind: 'jump', to: 0 }
      jumps.push(jump)
      this.add(jump)
      split.right = this.program.length
    })
    for (const jump of jumps) jump.to = this.program.length
  }

  private emitRepeat(part: Node, least: number, most: number): void {
    for (let i = 0; i < least; i++) this.emit(part)
    if (most === Infinity) {
      const start = this.program.length
      const split = this.split()
      this.emit(part)
      this.add({ kind: 'jump', to: start })
      split.right = this.program.length
      return
    }
    const splits = Array.from({ length: most - least }, () => {
      const split = this.split()
      this.emit(part)
      return split
    })
    for (const split of splits) split.right = this.program.length
  }

  private split(): Extract<Instruction, { kind: 'split' }> {
    const split: Extract<Instruction, { kind: 'split' }> = { kind: 'split', left: this.program.length + 1, right: 0 }
    this.add(split)
    return split
  }

  private add(instruction: Instruction): void {
    if (this.program.length >= maxInstructions) throw this.problem('tooLarge')
    this.program.push(instruction)
  }

  private takes(character: string): boolean {
    if (this.source[this.at] !== character) return false
    this.at++
    return true
  }

  private problem(code: PatternErrorCode, shift = 0): PatternProblem {
    return new PatternProblem({ code, at: Math.max(0, Math.min(this.at + shift, this.source.length)) })
  }
}

export function isWordByte(byte: number): boolean {
  return isDigit(byte) || isLetter(byte) || byte === 0x5f
}

function isDigit(byte: number): boolean { return byte >= 0x30 && byte <= 0x39 }
function isLetter(byte: number): boolean { return (byte | 32) >= 0x61 && (byte | 32) <= 0x7a && byte < 0x80 }
function isSpace(byte: number): boolean { return byte === 32 || (byte >= 9 && byte <= 13) }

const escapedSets: Readonly<Record<string, ((byte: number) => boolean) | undefined>> = {
  d: isDigit, w: isWordByte, s: isSpace, h: (byte) => byte === 9 || byte === 32,
}
const assertionEscapes: Readonly<Record<string, Assertion | undefined>> = { A: 'start', Z: 'end', z: 'veryEnd', b: 'wordEdge', B: 'notWordEdge' }
const controls: Readonly<Record<string, number | undefined>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27 }
const namedClasses: Readonly<Record<string, ((byte: number) => boolean) | undefined>> = {
  alpha: isLetter, digit: isDigit, alnum: (byte) => isLetter(byte) || isDigit(byte), space: isSpace, word: isWordByte,
  upper: (byte) => byte >= 0x41 && byte <= 0x5a, lower: (byte) => byte >= 0x61 && byte <= 0x7a,
  xdigit: (byte) => isDigit(byte) || ((byte | 32) >= 0x61 && (byte | 32) <= 0x66 && byte < 0x80),
  punct: (byte) => byte > 32 && byte < 127 && !isDigit(byte) && !isLetter(byte), print: (byte) => byte >= 32 && byte < 127, graph: (byte) => byte > 32 && byte < 127,
  cntrl: (byte) => byte < 32 || byte === 127, blank: (byte) => byte === 9 || byte === 32,
}

function setOf(test: (byte: number) => boolean): ByteSet {
  return Uint8Array.from({ length: 256 }, (_, byte) => test(byte) ? 1 : 0)
}

/** Characters up to U+00FF that escapes of the filter's text made stand for bytes. */
function bytesOfCharacter(character: string): Uint8Array {
  const code = character.codePointAt(0)!
  return code <= 0xff ? Uint8Array.of(code) : utf8Bytes(character)
}
