import type { PacketRow } from '../../src/rpc/packets-contract.ts'
import { TcpState } from '../../src/tcp/state.ts'
import { Finding } from '../../src/trace/finding.ts'
import { flagLabel } from '../tcp-flags.ts'
import { shownWindow } from './packet-columns.ts'
import { rowHeight } from './row-window.ts'
import { shownNumbers, symbolicNumbers, type NumberForm } from './shown-numbers.ts'

/** An arrow from one line to the other; it starts in its row, or at its time, and falls ten pixels. */
export interface LadderArrow {
  packet: number
  index: number
  from: 0 | 1
  y: number
  label: string
  retransmission: boolean
  reset: boolean
  zeroWindow: boolean
  /** Something that the sender sent before it was not captured. */
  afterHole: boolean
}

/** The time one end spent in a state, as far as it is in view; both edges are multiples of the row height or edges of the view. */
export interface StateBox { end: 0 | 1, state: number, top: number, bottom: number, current: boolean }

/** The time during which one end offered the same window while it could receive. */
export interface WindowBox { end: 0 | 1, window: number, top: number, bottom: number, closedShare: number }

export interface LadderLayout { arrows: LadderArrow[], states: StateBox[], windows: WindowBox[] }

export interface LadderInput {
  /** Rows from the first in view to the last; undefined where one has not come yet. */
  rows: readonly (PacketRow | undefined)[]
  /** The nearest row of the flow above the view, which says in which states both ends enter it. */
  before: PacketRow | undefined
  firstIndex: number
  flow: number
  /** Whether the last row of the list is among the rows, so that its states last. */
  endsHere: boolean
  isns: readonly [number, number]
  form: NumberForm
  /** Numbers as letters: A and B for the initial ones, A+1 for the next. */
  isSymbolic: boolean
  height: number
  /** Where each row stands; without, row below row as in the packet list. */
  tops?: readonly number[]
}

export const arrowFall = 10
const arrowInset = 4
const resetBit = 0x04
const synBit = 0x02
const ackBit = 0x10

/** Puts arrows and states beside the rows of the packet list: a sender's state changes with its row, a receiver's with the row after it. */
export function layLadder(input: LadderInput): LadderLayout {
  const layout: LadderLayout = { arrows: [], states: [], windows: [] }
  const tracks = [new Track(0), new Track(1)] as const
  if (input.before?.tcp) enter(tracks, input.before)
  input.rows.forEach((row, slot) => {
    if (!row?.tcp || row.flow !== input.flow) return
    const top = topOf(input, slot)
    const arrived = Math.min(top + rowHeight, topOf(input, slot + 1))
    const { tcp } = row
    const receiver = tracks[1 - tcp.from]
    if ((tcp.flags & (synBit | ackBit)) === synBit) receiver.synTop = top
    tracks[tcp.from].setState(tcp.state, top)
    tracks[tcp.from].setWindow(tcp.flags & resetBit ? -1 : shownWindow(tcp), top)
    receiver.setState(tcp.receiverState, arrived)
    layout.arrows.push(arrowOf(row, input.firstIndex + slot, top, input))
  })
  for (const track of tracks) {
    track.end(input.height, input.endsHere)
    layout.states.push(...track.states)
    layout.windows.push(...track.windows)
  }
  return layout
}

const topOf = ({ tops }: LadderInput, slot: number): number => tops === undefined ? slot * rowHeight : tops[slot] ?? Infinity

function enter(tracks: readonly [Track, Track], before: PacketRow): void {
  const { from, state, receiverState } = before.tcp!
  tracks[from].setState(state, 0)
  tracks[1 - from].setState(receiverState, 0)
}

function arrowOf(row: PacketRow, index: number, top: number, input: LadderInput): LadderArrow {
  const tcp = row.tcp!
  const { seq, ack } = input.isSymbolic ? symbolicNumbers(tcp, input.isns) : shownNumbers(tcp, input.isns, input.form)
  const zeroWindow = shownWindow(tcp) === 0 && !(tcp.flags & resetBit)
  const parts = [flagLabel(tcp.flags), tcp.flags & ackBit || tcp.flags & synBit ? `${seq}/${ack}` : String(seq)]
  if (tcp.length > 0) parts.push(`+${tcp.length}`)
  if (zeroWindow) parts.push('win 0')
  return { packet: row.number, index, from: tcp.from, y: top + arrowInset, label: parts.join(' '), retransmission: tcp.retransmission, reset: (tcp.flags & resetBit) !== 0, zeroWindow, afterHole: (tcp.findings & Finding.lostSegment) !== 0 }
}

/** What one end does over time: its states, and the windows it offers inside those in which it receives. */
class Track {
  readonly states: StateBox[] = []
  readonly windows: WindowBox[] = []
  state = -1
  /** Where the SYN stands that this end received in view; -1 for none. */
  synTop = -1
  private readonly side: 0 | 1
  private window = -1
  private largestWindow = 0
  private stateTop = 0
  private windowTop = 0

  constructor(side: 0 | 1) {
    this.side = side
  }

  setState(state: number, top: number): void {
    if (state === this.state) return
    // Who goes to SYN_RCVD on a SYN proves that it was in LISTEN when the SYN came.
    if (state === TcpState.synReceived && this.state < 0 && this.synTop >= 0) {
      this.state = TcpState.listen
      this.stateTop = this.synTop
    }
    this.closeState(top)
    if (!receivingStates.has(state)) this.setWindow(-1, top)
    this.state = state
    this.stateTop = top
  }

  setWindow(window: number, top: number): void {
    const shown = receivingStates.has(this.state) ? window : -1
    if (shown === this.window) return
    if (this.window >= 0 && top > this.windowTop) this.pushWindow(top)
    this.window = shown
    // Inside the box of its state, below the line with the name.
    this.windowTop = Math.max(top, this.stateTop + rowHeight)
    this.largestWindow = Math.max(this.largestWindow, shown)
  }

  end(height: number, endsHere: boolean): void {
    if (this.window >= 0 && height > this.windowTop) this.pushWindow(height)
    this.closeState(height)
    const last = this.states.at(-1)
    if (last && endsHere) last.current = true
  }

  private closeState(bottom: number): void {
    if (this.state < 0 || bottom <= this.stateTop) return
    this.states.push({ end: this.side, state: this.state, top: this.stateTop, bottom, current: false })
  }

  private pushWindow(bottom: number): void {
    const closedShare = this.largestWindow > 0 ? 1 - this.window / this.largestWindow : 0
    this.windows.push({ end: this.side, window: this.window, top: this.windowTop, bottom, closedShare })
  }
}

const receivingStates = new Set<number>([TcpState.established])
