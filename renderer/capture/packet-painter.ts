import type { FindingName } from '../../src/trace/finding.ts'
import type { PacketRow, TcpRow } from '../../src/rpc/packets-contract.ts'
import { tcpStateNames } from '../../src/tcp/state.ts'
import { flagLetters } from '../tcp-flags.ts'
import type { CanvasTheme } from './canvas-theme.ts'
import type { ColourRule } from './colour-rules.ts'
import { cellPadding, charWidth, shownWindow, type ColumnId, type PlacedColumn } from './packet-columns.ts'
import { rowHeight } from './row-window.ts'
import { findingCodes, severityOf, shownFindings, type FindingSeverity } from './shown-findings.ts'
import { shownInfo, shownNumbers, type NumberForm } from './shown-numbers.ts'

/** What of a row the painter cannot know from the row itself. */
export interface RowLook {
  selected: boolean
  focused: boolean
  hovered: boolean
  time: string
  /** What colours the row. */
  rule: ColourRule | undefined
  /** The sender is in another state than in its row before. */
  stateChanged: boolean
  isns: readonly [number, number]
  form: NumberForm
  /** Whether each end is a host of the lab, so that its state is known and not inferred. */
  known: readonly [boolean, boolean]
  /** The name of a finding. */
  nameOf(finding: FindingName): string
}

const ackBit = 0x10
const resetBit = 0x04
const baseline = 12.5
const lightWidth = 10
const lightHeight = 13

/** Draws packet rows: one call a row, the caller has cleared the canvas. */
export class PacketPainter {
  private readonly context: CanvasRenderingContext2D
  private readonly theme: CanvasTheme
  private readonly columns: readonly PlacedColumn[]
  private readonly width: number

  constructor(context: CanvasRenderingContext2D, theme: CanvasTheme, columns: readonly PlacedColumn[], width: number) {
    this.context = context
    this.theme = theme
    this.columns = columns
    this.width = width
  }

  clear(height: number): void {
    this.fill('--panel', 0, 0, this.width, height)
  }

  paint(row: PacketRow | undefined, top: number, look: RowLook): void {
    const { context } = this
    if (look.selected || look.hovered) this.fill(look.selected ? '--sel' : '--hover', 0, top, this.width, rowHeight)
    else if (look.rule) this.fill(`--rule-${look.rule.hue}-fill`, 0, top, this.width, rowHeight)
    if (!row) {
      this.text('number', '·', top, '--text-off')
      return
    }
    const { tcp } = row
    this.text('number', String(row.number), top, '--text-2')
    if (look.rule) this.paintRule(look.rule, top)
    this.text('time', look.time, top, '--text-2')
    this.text('source', row.source, top, tcp ? (tcp.from === 0 ? '--c2s' : '--s2c') : '--text')
    this.text('destination', row.destination, top, '--text-2')
    this.text('protocol', row.protocol, top, '--text-3')
    if (tcp) this.paintTcp(row, tcp, top, look)
    else this.paintWide(row, top)
    if (look.selected) this.fill('--accent', 0, top, 3, rowHeight)
    if (look.focused) {
      context.strokeStyle = this.theme.color('--accent')
      context.lineWidth = 1
      context.strokeRect(0.5, top + 0.5, this.width - 1, rowHeight - 1)
    }
  }

  private paintTcp(row: PacketRow, tcp: TcpRow, top: number, look: RowLook): void {
    const { seq, ack } = shownNumbers(tcp, look.isns, look.form)
    const window = shownWindow(tcp)
    this.paintLights(tcp.flags, top)
    this.text('seq', String(seq), top, '--text')
    this.text('ack', String(ack), top, tcp.flags & ackBit ? '--text' : '--text-3')
    // A reset has no window to offer; only an end that receives can close its own.
    const isClosed = window === 0 && !(tcp.flags & resetBit)
    this.text('window', String(window), top, isClosed ? '--sev-error' : '--text', isClosed ? this.theme.monoBold : this.theme.mono)
    this.text('length', String(tcp.length), top, tcp.length === 0 ? '--text-3' : '--text')
    this.paintState(tcp, top, look)
    this.paintFindings(tcp.findings, top)
    const column = this.column('info')
    const right = column.x + column.width - cellPadding
    const left = this.paintComment(row, column.x + cellPadding, top)
    if (row.malformed) this.chip('error', row.malformed, left, top, right)
    else {
      const [gravest] = shownFindings(tcp.findings)
      const from = gravest === undefined ? left : left + this.chip(severityOf(gravest), look.nameOf(gravest), left, top, right)
      this.clipped(shownInfo(row.info, tcp, look.isns, look.form), from, top, right - from, '--text-2', infoFont(this.theme, row.info))
    }
  }

  /** Rows without TCP fields use their room for the protocol's own line. */
  private paintWide(row: PacketRow, top: number): void {
    const from = this.paintComment(row, this.column('flags').x + cellPadding, top)
    const right = this.width - 8
    if (row.malformed) this.chip('error', row.malformed, from, top, right)
    else this.clipped(row.info, from, top, right - from, '--text-2', this.theme.mono)
  }

  /** A speech bubble where somebody has commented the packet. @returns where what follows begins */
  private paintComment({ comment }: PacketRow, x: number, top: number): number {
    if (comment === '') return x
    const { context, theme } = this
    context.fillStyle = theme.color('--accent')
    context.beginPath()
    context.roundRect(x, top + 4, 11, 8, 2)
    context.moveTo(x + 2, top + 11.5)
    context.lineTo(x + 2, top + 15)
    context.lineTo(x + 6, top + 11.5)
    context.fill()
    return x + 15
  }

  private paintLights(flags: number, top: number): void {
    const { context, theme } = this
    let x = this.column('flags').x + cellPadding
    context.textAlign = 'center'
    for (const light of flagLetters) {
      if (flags & light.bit) {
        this.fill(light.token, x, top + 2, lightWidth - 1, lightHeight)
        context.fillStyle = theme.color('--flag-ink')
        context.font = theme.monoMicroBold
        context.fillText(light.letter, x + (lightWidth - 1) / 2, top + 12)
      } else {
        this.fill('--text-off', x + 4, top + 8, 1, 1)
      }
      x += lightWidth
    }
    context.textAlign = 'left'
  }

  /** The letter of the rule in its colour, at the edge of the row. */
  private paintRule({ letter, hue }: ColourRule, top: number): void {
    const { context, theme } = this
    context.fillStyle = theme.color(`--rule-${hue}`)
    context.fillRect(4, top + 3, 10, 12)
    context.fillStyle = theme.color('--flag-ink')
    context.font = theme.monoMicroBold
    context.textAlign = 'center'
    context.fillText(letter, 9, top + 12.5)
    context.textAlign = 'left'
  }

  /** The gravest finding as the shape of its severity with two letters, and how many more there are; its words stand in Info. */
  private paintFindings(findings: number, top: number): void {
    const [gravest, ...others] = shownFindings(findings)
    const column = this.columns.find(({ id }) => id === 'findings')
    if (gravest === undefined || column === undefined) return
    const x = column.x + cellPadding
    const severity = severityOf(gravest)
    this.shape(severity, x, top + 4.5)
    this.plain(findingCodes[gravest], x + 12, top, `--sev-${severity}`)
    if (others.length > 0) this.plain(`+${others.length}`, x + 26, top, '--text-2')
  }

  private shape(severity: FindingSeverity, x: number, y: number): void {
    const { context, theme } = this
    context.fillStyle = theme.color(`--sev-${severity}`)
    context.beginPath()
    if (severity === 'note') context.arc(x + 4.5, y + 4.5, 4, 0, 2 * Math.PI)
    else shapes[severity].forEach(([dx, dy], i) => { if (i === 0) context.moveTo(x + dx, y + dy); else context.lineTo(x + dx, y + dy) })
    context.fill()
  }

  private paintState(tcp: TcpRow, top: number, look: RowLook): void {
    const { context, theme } = this
    const x = this.column('state').x + cellPadding
    const hue = tcp.from === 0 ? '--c2s' : '--s2c'
    context.strokeStyle = theme.color(hue)
    context.lineWidth = 1
    context.beginPath()
    context.roundRect(x + 0.5, top + 2.5, 12, 12, 3)
    context.stroke()
    context.fillStyle = theme.color(hue)
    context.font = theme.monoMicroBold
    context.textAlign = 'center'
    context.fillText(tcp.from === 0 ? 'C' : 'S', x + 6.5, top + 12)
    context.textAlign = 'left'
    if (tcp.state < 0) {
      this.plain('—', x + 17, top, '--text-off')
      return
    }
    const name = tcpStateNames[tcp.state]
    this.plain(name, x + 17, top, look.stateChanged ? '--text' : '--text-3')
    if (!look.known[tcp.from]) this.dottedUnderline(x + 17, top + 15, name.length * charWidth)
  }

  private dottedUnderline(x: number, y: number, width: number): void {
    for (let at = x; at < x + width; at += 3) this.fill('--text-3', at, y, 1, 1)
  }

  /** A judgement: shape, colour and words. @returns the room it took */
  private chip(severity: FindingSeverity, words: string, x: number, top: number, right: number): number {
    const { context, theme } = this
    context.font = theme.uiSmallMedium
    const width = Math.min(right - x, context.measureText(words).width + 22)
    if (width < 20) return 0
    context.fillStyle = theme.color(`--sev-${severity}-fill`)
    context.beginPath()
    context.roundRect(x, top + 2, width, 14, 3)
    context.fill()
    this.shape(severity, x + 4, top + 4.5)
    this.clipped(words, x + 17, top, width - 20, `--sev-${severity}`, theme.uiSmallMedium)
    return width + 6
  }

  private text(id: ColumnId, words: string, top: number, color: string, font = this.theme.mono): void {
    const { context } = this
    const column = this.column(id)
    context.font = font
    context.fillStyle = this.theme.color(color)
    const fits = Math.floor((column.width - 2 * cellPadding + 1) / charWidth)
    const shown = words.length > fits ? `${words.slice(0, Math.max(1, fits - 1))}…` : words
    if (column.align === 'right') {
      context.textAlign = 'right'
      context.fillText(shown, column.x + column.width - cellPadding, top + baseline)
      context.textAlign = 'left'
    } else {
      context.fillText(shown, column.x + cellPadding, top + baseline)
    }
  }

  private plain(words: string, x: number, top: number, color: string): void {
    this.context.font = this.theme.mono
    this.context.fillStyle = this.theme.color(color)
    this.context.fillText(words, x, top + baseline)
  }

  /** Text cut at a width with an ellipsis; the whole of it is in the row's accessible text and in the tooltip. */
  private clipped(words: string, x: number, top: number, width: number, color: string, font: string): void {
    if (width < 8 || words === '') return
    const { context } = this
    context.font = font
    context.fillStyle = this.theme.color(color)
    let shown = words
    if (context.measureText(shown).width > width) {
      let low = 0
      let high = shown.length
      while (low < high) {
        const middle = (low + high + 1) >> 1
        if (context.measureText(`${words.slice(0, middle)}…`).width <= width) low = middle
        else high = middle - 1
      }
      shown = `${words.slice(0, low)}…`
    }
    context.fillText(shown, x, top + baseline)
  }

  private column(id: ColumnId): PlacedColumn {
    return this.columns.find((column) => column.id === id)!
  }

  private fill(token: string, x: number, y: number, width: number, height: number): void {
    this.context.fillStyle = this.theme.color(token)
    this.context.fillRect(x, y, width, height)
  }
}

/** A diamond and a triangle; a note is a disc. */
const shapes = { error: [[4.5, 0], [9, 4.5], [4.5, 9], [0, 4.5]], warn: [[4.5, 0.5], [9, 8.5], [0, 8.5]] } as const

/** Application text is data and monospaced, the lab's own words are not. */
const infoFont = (theme: CanvasTheme, info: string): string => /[/<>{}]|\d[-–]\d/.test(info) ? theme.mono : theme.ui
