import type { TcpInput, TcpStateKey, Transition } from '../../src/tcp/state.ts'
import { transitions } from '../../src/tcp/state.ts'

/** Where things lie; CLOSED has two boxes, the start above and the end below. */
export type NodeKey = TcpStateKey | 'closedAtEnd'

export const diagramSize = { width: 412, height: 302 } as const
export const nodeSize = { width: 88, height: 20 } as const

/** Upper left corners. */
export const nodes: Readonly<Record<NodeKey, { x: number, y: number }>> = {
  closed: { x: 162, y: 6 },
  listen: { x: 312, y: 42 },
  synSent: { x: 12, y: 72 },
  synReceived: { x: 312, y: 102 },
  established: { x: 162, y: 130 },
  finWait1: { x: 12, y: 178 },
  closeWait: { x: 312, y: 178 },
  closing: { x: 162, y: 202 },
  finWait2: { x: 12, y: 232 },
  lastAck: { x: 312, y: 232 },
  timeWait: { x: 162, y: 272 },
  closedAtEnd: { x: 312, y: 276 },
}

interface Geometry {
  path: string
  /** Where the words go; absent: the edge is drawn without. */
  label?: { x: number, y: number, anchor: 'start' | 'middle' | 'end' }
  /** Where a step number sits. */
  step: { x: number, y: number }
  /** Off the common ways: drawn thin. */
  rare?: boolean
}

const geometry: Readonly<Record<string, Geometry>> = {
  'closed>listen': { path: 'M250 16H356V41', label: { x: 348, y: 33, anchor: 'end' }, step: { x: 270, y: 16 } },
  'closed>synSent': { path: 'M162 16H56V71', label: { x: 64, y: 44, anchor: 'start' }, step: { x: 56, y: 58 } },
  'listen>closed': { path: 'M330 42Q300 4 251 10', step: { x: 296, y: 11 }, rare: true },
  'listen>synSent': { path: 'M312 56Q190 60 101 76', label: { x: 206, y: 58, anchor: 'middle' }, step: { x: 150, y: 66 }, rare: true },
  'listen>synReceived': { path: 'M356 62V101', label: { x: 342, y: 82, anchor: 'end' }, step: { x: 356, y: 78 } },
  'synSent>closed': { path: 'M84 72Q110 34 161 22', step: { x: 118, y: 38 }, rare: true },
  'synSent>synReceived': { path: 'M100 88Q200 104 311 108', label: { x: 206, y: 97, anchor: 'middle' }, step: { x: 262, y: 106 }, rare: true },
  'synSent>established': { path: 'M56 92V140H160', label: { x: 64, y: 133, anchor: 'start' }, step: { x: 147, y: 140 } },
  'synReceived>listen': { path: 'M388 102Q404 82 388 62', step: { x: 396, y: 82 }, rare: true },
  'synReceived>established': { path: 'M356 122V140H252', label: { x: 304, y: 135, anchor: 'middle' }, step: { x: 336, y: 140 } },
  'synReceived>finWait1': { path: 'M312 118Q180 182 101 184', step: { x: 226, y: 155 }, rare: true },
  'established>finWait1': { path: 'M206 150V165H56V177', label: { x: 128, y: 162, anchor: 'middle' }, step: { x: 76, y: 165 } },
  'established>closeWait': { path: 'M206 150V165H356V177', label: { x: 284, y: 162, anchor: 'middle' }, step: { x: 336, y: 165 } },
  'finWait1>finWait2': { path: 'M56 198V231', label: { x: 64, y: 218, anchor: 'start' }, step: { x: 44, y: 215 } },
  'finWait1>closing': { path: 'M100 190L161 207', label: { x: 136, y: 193, anchor: 'start' }, step: { x: 124, y: 197 }, rare: true },
  'finWait1>timeWait': { path: 'M88 198Q120 236 166 271', label: { x: 118, y: 232, anchor: 'start' }, step: { x: 104, y: 220 }, rare: true },
  'finWait2>timeWait': { path: 'M100 248L161 274', label: { x: 112, y: 276, anchor: 'end' }, step: { x: 138, y: 264 } },
  'closing>timeWait': { path: 'M206 222V271', label: { x: 212, y: 250, anchor: 'start' }, step: { x: 206, y: 248 }, rare: true },
  'closeWait>lastAck': { path: 'M356 198V231', label: { x: 348, y: 218, anchor: 'end' }, step: { x: 368, y: 215 } },
  'lastAck>closedAtEnd': { path: 'M356 252V275', label: { x: 348, y: 268, anchor: 'end' }, step: { x: 368, y: 264 } },
  'timeWait>closedAtEnd': { path: 'M250 283L311 285', label: { x: 280, y: 277, anchor: 'middle' }, step: { x: 280, y: 292 } },
}

/** Where two events lead the same way, the one that the picture names. */
const namedInput: Readonly<Record<string, TcpInput>> = { 'listen>synSent': 'send' }

/** Ends that any state can come to; they are drawn only when walked, or the diagram would be a ball of wool. */
const abruptInputs: ReadonlySet<TcpInput> = new Set(['abort', 'rcvRst', 'userTimeout', 'unreachable'])

export interface DiagramEdge extends Geometry {
  key: string
  from: TcpStateKey
  to: TcpStateKey
  input: TcpInput
  send: Transition['send']
  side: Transition['side']
}

/** The engine's table as edges of the picture: one for each pair of states, abrupt ends and loops left out. */
export const edges: readonly DiagramEdge[] = edgesOf(transitions)

function edgesOf(table: readonly Transition[]): DiagramEdge[] {
  const found: DiagramEdge[] = []
  for (const { from, to, input, send, side } of table) {
    if (from === to || abruptInputs.has(input)) continue
    const key = edgeKey(from, to)
    const place = geometry[key]
    if (place === undefined || found.some((edge) => edge.key === key) || (namedInput[key] ?? input) !== input) continue
    found.push({ ...place, key, from, to, input, send, side })
  }
  return found
}

/** Moves of the table that have no place in the picture; a test keeps this empty. */
export function movesWithoutPlace(): string[] {
  return transitions.filter(({ from, to, input }) => (from as string) !== to && !abruptInputs.has(input) && !(edgeKey(from, to) in geometry)).map(({ from, to }) => `${from}>${to}`)
}

export function edgeKey(from: TcpStateKey, to: TcpStateKey): string {
  return `${from}>${to === 'closed' && (from === 'lastAck' || from === 'timeWait') ? 'closedAtEnd' : to}`
}

/** A walked move that is no edge of the picture (reset, abort, timeout): a straight line between the boxes. */
export function straightPath(from: TcpStateKey, to: TcpStateKey): string {
  const start = centre(from)
  const end = centre(to === 'closed' ? 'closedAtEnd' : to)
  return `M${start.x} ${start.y}L${end.x} ${end.y}`
}

function centre(node: NodeKey): { x: number, y: number } {
  return { x: nodes[node].x + nodeSize.width / 2, y: nodes[node].y + nodeSize.height / 2 }
}
