import { Terminal } from '@xterm/headless'
import { describe, expect, it } from 'vitest'
import type { Completion } from '../../../src/rpc/completion.ts'
import { completeCommandLine } from '../../../src/rpc/completion.ts'
import { LineEditor, type EditorEvent } from '../../../renderer/console/line-editor.ts'

const context = { interfaces: ['eth0'], flows: [], connections: [1, 12], listeners: [], settings: [], presets: [], addresses: [] }
const key = { enter: '\r', left: '\x1b[D', right: '\x1b[C', up: '\x1b[A', down: '\x1b[B', home: '\x1b[H', end: '\x1b[F', wordLeft: '\x1b[1;5D', back: '\x7f', delete: '\x1b[3~', tab: '\t', search: '\x12', cancel: '\x03' }

/** An editor on a real terminal's screen. */
class Console {
  readonly terminal: Terminal
  readonly editor: LineEditor
  readonly events: EditorEvent[] = []
  readonly history: string[]

  constructor(options: { columns?: number, history?: string[], complete?: (line: string, cursor: number) => Completion } = {}) {
    this.history = options.history ?? []
    this.terminal = new Terminal({ cols: options.columns ?? 40, rows: 10, allowProposedApi: true })
    this.editor = new LineEditor({
      prompt: 'lab> ',
      history: this.history,
      complete: options.complete ?? ((line, cursor) => completeCommandLine(line, cursor, context)),
      explain: () => '',
      searchPrompt: (query) => `(${query}) `,
    })
    this.editor.columns = this.terminal.cols
    this.editor.rows = this.terminal.rows
  }

  async start(): Promise<this> {
    await this.write(this.editor.start())
    return this
  }

  async type(...data: string[]): Promise<void> {
    for (const piece of data) {
      const { output, events } = this.editor.handle(piece)
      this.events.push(...events)
      await this.write(output)
      if (events.some((event) => event.kind !== 'clearScreen')) await this.write(this.editor.start())
    }
  }

  write(output: string): Promise<void> {
    return new Promise((resolve) => { this.terminal.write(output, resolve) })
  }

  /** Rows of the screen without the blanks at their ends, empty ones at the end left out. */
  screen(): string[] {
    const { active } = this.terminal.buffer
    const rows = Array.from({ length: this.terminal.rows }, (_, row) => active.getLine(row)?.translateToString(true).trimEnd() ?? '')
    while (rows.at(-1) === '') rows.pop()
    return rows
  }

  place(): [number, number] {
    return [this.terminal.buffer.active.cursorX, this.terminal.buffer.active.cursorY]
  }
}

describe('line editor on a terminal', () => {
  it('shows what is typed and submits it on Enter', async () => {
    const lab = await new Console().start()
    await lab.type('flows')
    expect(lab.screen()).toEqual(['lab> flows'])
    expect(lab.place()).toEqual([10, 0])
    await lab.type(key.enter)
    expect(lab.events).toEqual([{ kind: 'line', line: 'flows' }])
    expect(lab.screen()).toEqual(['lab> flows', 'lab>'])
  })

  it('inserts and deletes in the middle', async () => {
    const lab = await new Console().start()
    await lab.type('packt 18', key.wordLeft, key.left, key.left, 'e', key.end, key.back, '9')
    expect(lab.screen()).toEqual(['lab> packet 19'])
    await lab.type(key.home, key.delete, key.delete)
    expect(lab.screen()).toEqual(['lab> cket 19'])
    expect(lab.place()).toEqual([5, 0])
  })

  it('counts Korean characters as two cells, also where the line wraps', async () => {
    const lab = await new Console({ columns: 16 }).start()
    await lab.type('send 1 안녕하세요')
    expect(lab.screen()).toEqual(['lab> send 1 안녕', '하세요'])
    expect(lab.place()).toEqual([6, 1])
    await lab.type(key.left, key.left, key.left, key.back)
    expect(lab.screen()).toEqual(['lab> send 1 안하', '세요'])
    expect(lab.place()).toEqual([14, 0])
    expect(lab.editor.text).toBe('send 1 안하세요')
  })

  it('moves a wide character that does not fit to the next row, as the terminal does', async () => {
    const lab = await new Console({ columns: 15 }).start()
    await lab.type('send 1 안녕하')
    expect(lab.screen()).toEqual(['lab> send 1 안', '녕하'])
    expect(lab.place()).toEqual([4, 1])
  })

  it('keeps its place when the line ends exactly at the edge', async () => {
    const lab = await new Console({ columns: 10 }).start()
    await lab.type('abcde')
    expect(lab.place()).toEqual([0, 1])
    await lab.type('f', key.back, key.back)
    expect(lab.screen()).toEqual(['lab> abcd'])
    expect(lab.place()).toEqual([9, 0])
  })

  it('deletes a whole grapheme', async () => {
    const lab = await new Console().start()
    await lab.type('e\u0301x', key.left, key.back)
    expect(lab.editor.text).toBe('x')
  })

  it('goes through the history and back to the line begun', async () => {
    const lab = await new Console({ history: ['flows', 'packet 3'] }).start()
    await lab.type('so', key.up)
    expect(lab.editor.text).toBe('packet 3')
    await lab.type(key.up, key.up)
    expect(lab.editor.text).toBe('flows')
    await lab.type(key.down, key.down)
    expect(lab.editor.text).toBe('so')
  })

  it('adds a submitted line to the history once', async () => {
    const lab = await new Console().start()
    await lab.type('flows', key.enter, 'flows', key.enter, '  ', key.enter)
    expect(lab.history).toEqual(['flows'])
  })

  it('searches the history, older with each Ctrl+R, and gives the line back on Ctrl+C', async () => {
    const lab = await new Console({ history: ['connect 10.77.0.1 7', 'flows', 'connect 10.77.0.1 80'] }).start()
    await lab.type('begun', key.search, 'conn')
    expect(lab.screen()).toEqual(['(conn) connect 10.77.0.1 80'])
    await lab.type(key.search)
    expect(lab.screen()).toEqual(['(conn) connect 10.77.0.1 7'])
    await lab.type(key.cancel)
    expect(lab.screen()).toEqual(['lab> begun'])
    await lab.type(key.search, 'flow', key.enter)
    expect(lab.events).toEqual([{ kind: 'line', line: 'flows' }])
  })

  it('completes the only candidate with a blank behind it', async () => {
    const lab = await new Console().start()
    await lab.type('interf', key.tab)
    expect(lab.editor.text).toBe('interfaces ')
  })

  it('completes the common beginning, lists the candidates beneath, and walks through them', async () => {
    const complete = (line: string): Completion => (
      { from: 0, to: line.length, hint: '', candidates: ['packet', 'packets', 'packing'].map((text) => ({ text, kind: 'command', command: null })) }
    )
    const lab = await new Console({ complete }).start()
    await lab.type('p', key.tab)
    expect(lab.screen()).toEqual(['lab> pack', 'packet   packets  packing'])
    expect(lab.place()).toEqual([9, 0])
    await lab.type(key.tab, key.tab)
    expect(lab.screen()[0]).toBe('lab> packets')
    await lab.type(' ')
    expect(lab.screen()).toEqual(['lab> packets'])
  })

  it('says what is expected where nothing can be offered', async () => {
    const lab = await new Console().start()
    await lab.type('packet ', key.tab)
    expect(lab.screen()).toEqual(['lab> packet', 'NUMBER'])
  })

  it('runs no pasted line before Enter, and offers the lines one by one', async () => {
    const lab = await new Console().start()
    await lab.type('\x1b[200~flows\npacket 3\n\x1b[201~')
    expect(lab.events).toEqual([])
    expect(lab.editor.text).toBe('flows')
    await lab.type(key.enter)
    expect(lab.editor.text).toBe('packet 3')
    await lab.type(key.cancel)
    expect(lab.editor.text).toBe('')
    expect(lab.events).toEqual([{ kind: 'line', line: 'flows' }, { kind: 'cancel', line: 'packet 3' }])
  })

  it('drops sequences that mean nothing, such as function keys', async () => {
    const lab = await new Console().start()
    await lab.type('\x1b[15~a\x1b[24;5~b')
    expect(lab.editor.text).toBe('ab')
  })

  it('leaves the screen to others while hidden', async () => {
    const lab = await new Console().start()
    await lab.type('half a li')
    await lab.write(`${lab.editor.hide()}printed\r\n${lab.editor.start()}`)
    expect(lab.screen()).toEqual(['printed', 'lab> half a li'])
    expect(lab.place()).toEqual([14, 1])
  })
})
