import type { Candidate, Completion } from '../../src/rpc/completion.ts'
import { toned } from './ansi.ts'
import { readInput, type EditAction } from './keys.ts'
import { codePointWidth, cutToWidth, padEnd, textWidth } from './text-width.ts'

export interface LineEditorOptions {
  prompt: string
  /** Oldest first; the editor adds submitted lines to it. */
  history: string[]
  complete(line: string, cursor: number): Completion
  /** What a candidate means, in a few words; '' for nothing. */
  explain(candidate: Candidate): string
  /** What stands before the text while the history is searched. */
  searchPrompt(query: string, found: boolean): string
}

export type EditorEvent = { kind: 'line', line: string } | { kind: 'cancel', line: string } | { kind: 'clearScreen' }

const historyAtMost = 500
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * Edits one line on a terminal. Pure: input is what the terminal sent, output is what to write to it. The line is redrawn as a whole after every key,
 * from the row where its prompt stands, so that wrapped lines and double-width characters come out right.
 */
export class LineEditor {
  text = ''
  /** Index in `text`, always between two graphemes. */
  cursor = 0
  columns = 80
  rows = 24
  private readonly options: LineEditorOptions
  private output = ''
  private events: EditorEvent[] = []
  private cursorRow = 0
  private historyAt: number
  private draft = ''
  private killed = ''
  /** Lines of a paste that wait for their turn; none runs before the user has pressed Enter on it. */
  private waiting: string[] = []
  private search: { query: string, at: number, before: string } | null = null
  private menu: { completion: Completion, chosen: number, from: number, to: number } | null = null

  constructor(options: LineEditorOptions) {
    this.options = options
    this.historyAt = options.history.length
  }

  /** What stands on the line now: prompt and text. */
  get shown(): string {
    return this.prompt() + this.text
  }

  /** Submitted lines, oldest first. */
  get history(): readonly string[] {
    return this.options.history
  }

  /** Draws prompt and line at the current place. */
  start(): string {
    this.cursorRow = 0
    this.redraw()
    return this.takeOutput()
  }

  /** Removes prompt and line from the screen, so that something can be printed; {@link start} draws them again below. */
  hide(): string {
    this.output += this.toFirstRow() + '\x1b[J'
    this.cursorRow = 0
    return this.takeOutput()
  }

  /** @returns what to write, and what happened */
  handle(data: string): { output: string, events: EditorEvent[] } {
    for (const input of readInput(data)) {
      if ('text' in input) this.insert(input.text)
      else if ('paste' in input) this.paste(input.paste)
      else this.act(input.action)
    }
    const events = this.events
    this.events = []
    return { output: this.takeOutput(), events }
  }

  private act(action: EditAction): void {
    if (this.search && this.actInSearch(action)) return
    if (action !== 'complete' && action !== 'completeBack') this.menu = null
    switch (action) {
      case 'submit': return this.submit()
      case 'cancel': return this.cancel()
      case 'clearScreen': this.events.push({ kind: 'clearScreen' }); return
      case 'complete': return this.complete(1)
      case 'completeBack': return this.complete(-1)
      case 'search': this.search = { query: '', at: this.options.history.length, before: this.text }; return this.redraw()
      case 'escape': return this.redraw()
      case 'left': return this.moveTo(this.before(this.cursor))
      case 'right': return this.moveTo(this.after(this.cursor))
      case 'wordLeft': return this.moveTo(this.wordStart())
      case 'wordRight': return this.moveTo(this.wordEnd())
      case 'home': return this.moveTo(0)
      case 'end': return this.moveTo(this.text.length)
      case 'up': return this.recall(-1)
      case 'down': return this.recall(1)
      case 'deleteBack': return this.remove(this.before(this.cursor), this.cursor)
      case 'deleteForward': return this.remove(this.cursor, this.after(this.cursor))
      case 'deleteWordBack': return this.kill(this.wordStart(), this.cursor)
      case 'deleteWordForward': return this.kill(this.cursor, this.wordEnd())
      case 'killToEnd': return this.kill(this.cursor, this.text.length)
      case 'killToStart': return this.kill(0, this.cursor)
      case 'yank': return this.insert(this.killed)
    }
  }

  private insert(text: string): void {
    if (this.search) {
      this.search.query += text
      this.find(this.options.history.length - 1)
      return
    }
    this.menu = null
    this.replace(this.cursor, this.cursor, text)
  }

  /** The first line goes into the editor; the others follow one by one as each is submitted. */
  private paste(text: string): void {
    const [first, ...rest] = text.split(/\r\n|\r|\n/)
    this.waiting = rest.filter((line) => line.trim() !== '')
    this.insert(first.replaceAll('\t', ' '))
  }

  private submit(): void {
    const line = this.text
    this.moveTo(this.text.length)
    this.output += '\r\n'
    const { history } = this.options
    if (line.trim() !== '' && history.at(-1) !== line) history.push(line)
    if (history.length > historyAtMost) history.splice(0, history.length - historyAtMost)
    this.setLine(this.waiting.shift() ?? '')
    this.historyAt = history.length
    this.cursorRow = 0
    this.events.push({ kind: 'line', line })
  }

  private cancel(): void {
    const line = this.text
    this.moveTo(this.text.length)
    this.output += '\r\n'
    this.waiting = []
    this.setLine('')
    this.historyAt = this.options.history.length
    this.cursorRow = 0
    this.events.push({ kind: 'cancel', line })
  }

  /** Through the history, skipping what repeats the line shown; the line begun stays below the newest. */
  private recall(step: 1 | -1): void {
    const { history } = this.options
    if (this.historyAt === history.length) this.draft = this.text
    const at = this.historyAt + step
    if (at < 0 || at > history.length) return
    this.historyAt = at
    this.setLine(at === history.length ? this.draft : history[at])
    this.redraw()
  }

  private actInSearch(action: EditAction): boolean {
    const search = this.search!
    switch (action) {
      case 'search': this.find(search.at - 1); return true
      case 'deleteBack':
        search.query = search.query.slice(0, this.lastGrapheme(search.query))
        this.find(this.options.history.length - 1)
        return true
      case 'cancel': case 'escape':
        this.setLine(search.before)
        this.search = null
        this.redraw()
        return true
      default:
        this.search = null
        return false
    }
  }

  /** The newest line at or before `from` that holds the query. */
  private find(from: number): void {
    const search = this.search!
    for (let at = Math.min(from, this.options.history.length - 1); at >= 0 && search.query !== ''; at--) {
      if (!this.options.history[at].includes(search.query)) continue
      search.at = at
      this.setLine(this.options.history[at])
      break
    }
    this.redraw()
  }

  private complete(step: 1 | -1): void {
    if (this.menu && this.menu.completion.candidates.length > 1) return this.choose(step)
    const completion = this.options.complete(this.text, this.cursor)
    const { candidates, from, to } = completion
    if (candidates.length === 0) {
      this.menu = completion.hint === '' ? null : { completion, chosen: -1, from, to }
      return this.redraw()
    }
    if (candidates.length === 1) {
      this.menu = null
      return this.replace(from, to, this.text[to] === ' ' ? candidates[0].text : `${candidates[0].text} `)
    }
    const prefix = commonPrefix(candidates.map((candidate) => candidate.text))
    if (prefix.length > to - from) this.replace(from, to, prefix)
    this.menu = { completion, chosen: -1, from, to: Math.max(to, from + prefix.length) }
    this.redraw()
  }

  private choose(step: 1 | -1): void {
    const menu = this.menu!
    const { candidates } = menu.completion
    menu.chosen = menu.chosen < 0 ? (step > 0 ? 0 : candidates.length - 1) : (menu.chosen + step + candidates.length) % candidates.length
    const chosen = candidates[menu.chosen].text
    this.text = this.text.slice(0, menu.from) + chosen + this.text.slice(menu.to)
    menu.to = menu.from + chosen.length
    this.cursor = menu.to
    this.redraw()
  }

  private replace(from: number, to: number, text: string): void {
    this.text = this.text.slice(0, from) + text + this.text.slice(to)
    this.cursor = from + text.length
    this.redraw()
  }

  private remove(from: number, to: number): void {
    if (from < to) this.replace(from, to, '')
  }

  private kill(from: number, to: number): void {
    if (from < to) this.killed = this.text.slice(from, to)
    this.remove(from, to)
  }

  private moveTo(cursor: number): void {
    this.cursor = cursor
    this.redraw()
  }

  private setLine(text: string): void {
    this.text = text
    this.cursor = text.length
    this.menu = null
  }

  private before(index: number): number {
    return index === 0 ? 0 : this.lastGrapheme(this.text.slice(0, index))
  }

  private after(index: number): number {
    const next = graphemes.segment(this.text.slice(index))[Symbol.iterator]().next()
    return next.done ? index : index + next.value.segment.length
  }

  private lastGrapheme(text: string): number {
    let start = 0
    for (const part of graphemes.segment(text)) start = part.index
    return start
  }

  private wordStart(): number {
    return /\S*\s*$/.exec(this.text.slice(0, this.cursor))!.index
  }

  private wordEnd(): number {
    return this.cursor + /^\s*\S*/.exec(this.text.slice(this.cursor))![0].length
  }

  private toFirstRow(): string {
    return `\r${this.cursorRow > 0 ? `\x1b[${this.cursorRow}A` : ''}`
  }

  private prompt(): string {
    if (!this.search) return this.options.prompt
    const { query } = this.search
    return this.options.searchPrompt(query, query === '' || this.text.includes(query))
  }

  private redraw(): void {
    const prompt = this.prompt()
    const promptWidth = textWidth(prompt)
    const end = placeAfter(this.text, promptWidth, this.columns)
    const cursor = placeAfter(this.text.slice(0, this.cursor), promptWidth, this.columns)
    let row = end.row
    this.output += `${this.toFirstRow()}\x1b[J${toned('accent', prompt)}${toned('text', this.text)}`
    // A line that ends at the edge leaves the terminal between two rows; this settles it.
    if (end.column === 0 && end.row > 0) this.output += '\r\n'
    for (const line of this.menuLines()) {
      this.output += `\r\n${line}`
      row++
    }
    if (row > cursor.row) this.output += `\x1b[${row - cursor.row}A`
    this.output += `\r${cursor.column > 0 ? `\x1b[${cursor.column}C` : ''}`
    this.cursorRow = cursor.row
  }

  /** The candidates in columns, as many rows as fit beneath the line; or what is expected where there are none. */
  private menuLines(): string[] {
    if (!this.menu) return []
    const { candidates, hint } = this.menu.completion
    if (candidates.length === 0) return [toned('dim', cutToWidth(hint, this.columns - 1))]
    const explained = candidates.map((candidate) => this.options.explain(candidate))
    const room = Math.max(1, this.rows - 2)
    if (explained.some((words) => words !== '') && candidates.length <= room) {
      const width = Math.max(...candidates.map((candidate) => textWidth(candidate.text)))
      return candidates.map((candidate, i) => this.menuItem(padEnd(candidate.text, width), i) + toned('dim', cutToWidth(`  ${explained[i]}`, Math.max(1, this.columns - width - 1))))
    }
    const width = Math.max(...candidates.map((candidate) => textWidth(candidate.text))) + 2
    const perRow = Math.max(1, Math.floor((this.columns - 1) / width))
    const firstRow = Math.max(0, Math.floor(Math.max(0, this.menu.chosen) / perRow) - room + 1)
    const lines: string[] = []
    for (let row = firstRow; row < Math.min(firstRow + room, Math.ceil(candidates.length / perRow)); row++) {
      const items = candidates.slice(row * perRow, (row + 1) * perRow)
      lines.push(items.map((candidate, i) => this.menuItem(candidate.text, row * perRow + i) + ' '.repeat(width - textWidth(candidate.text))).join(''))
    }
    return lines
  }

  private menuItem(text: string, index: number): string {
    return index === this.menu!.chosen ? toned('reverse', text) : text
  }

  private takeOutput(): string {
    const output = this.output
    this.output = ''
    return output
  }
}

/** Row and column behind a text that starts in column `start`, on a terminal that moves a wide character which does not fit to the next row. */
function placeAfter(text: string, start: number, columns: number): { row: number, column: number } {
  let row = Math.floor(start / columns)
  let column = start % columns
  for (const char of text) {
    const width = codePointWidth(char.codePointAt(0)!)
    if (column + width > columns) {
      row++
      column = 0
    }
    column += width
  }
  return column >= columns ? { row: row + 1, column: 0 } : { row, column }
}

function commonPrefix(texts: readonly string[]): string {
  let prefix = texts[0] ?? ''
  for (const text of texts) while (!text.startsWith(prefix)) prefix = prefix.slice(0, -1)
  return prefix
}
