import type { TcpSnapshot } from '../../tcp/snapshot.ts'
import { TcpState } from '../../tcp/state.ts'
import type { SocketLayer } from './layer.ts'
import type { Socket } from './socket.ts'

/* Of Linux 6 with pages of 4 KB: what a buffer costs beside its bytes, and what a segment is reckoned to cost before the next power of two. */
const bufferOverheadBytes = 768
const segmentOverheadBytes = 640
const descriptorBytes = 256
const leastSegments = 10
const largestSendBytes = 65_536
const mostSendBufferBytes = 4_194_304

/** How many bytes the socket takes now. Linux counts buffers, not bytes: it begins a new one as long as SO_SNDBUF is not reached, and always fills the last. */
export function sendRoom(layer: SocketLayer, socket: Socket): number {
  const view = layer.view(socket)
  if (!layer.profile.sockets.sendsInBuffers || view === null) return Infinity
  const goal = sendGoal(view)
  const limit = sendBufferSize(layer, socket)
  const { sendQueuedBytes: unsent } = view
  let used = usedBytes(view, goal)
  let room = unsent % goal === 0 ? 0 : goal - unsent % goal
  while (used < limit) {
    room += goal
    used += goal + bufferOverheadBytes
  }
  return room
}

/** Whether poll says so: half of what is used has to be free. */
export function hasSendSpace(layer: SocketLayer, socket: Socket, view: TcpSnapshot): boolean {
  const used = usedBytes(view, sendGoal(view))
  return sendBufferSize(layer, socket) - used >= used >> 1
}

/** Who missed room hears of it once there is enough. */
export function noteRoom(layer: SocketLayer, socket: Socket): void {
  const view = layer.view(socket)
  if (view === null || !hasSendSpace(layer, socket, view)) return
  socket.missesRoom = false
  socket.rooms++
}

/** SO_SNDBUF as it is read back: what was set, or on a connection what twice the window needs. */
export function sendBufferSize(layer: SocketLayer, socket: Socket): number {
  const { sendBufferBytes } = layer.profile.sockets
  const set = socket.options.get('SO_SNDBUF')
  const view = layer.view(socket)
  if (set !== undefined || view === null || view.state < TcpState.established) return set ?? sendBufferBytes
  const each = 2 ** Math.ceil(Math.log2(view.sndMss + segmentOverheadBytes)) + descriptorBytes
  const segments = Math.max(leastSegments, Math.floor(view.cwnd / view.sndMss))
  return Math.min(mostSendBufferBytes, Math.max(sendBufferBytes, 2 * segments * each))
}

/** Bytes of a buffer: whole segments, at most half of the largest window that the peer ever offered. */
function sendGoal({ sndMss, maxSndWnd }: TcpSnapshot): number {
  return Math.max(1, Math.floor(Math.min(largestSendBytes, maxSndWnd / 2) / sndMss)) * sndMss
}

function usedBytes({ sendQueuedBytes, sendUnackedBytes }: TcpSnapshot, goal: number): number {
  const bytes = sendQueuedBytes + sendUnackedBytes
  return bytes + Math.ceil(bytes / goal) * bufferOverheadBytes
}
