import type { MessagePort } from 'node:worker_threads'
import { Packr } from 'msgpackr'
import type { WebSocket } from 'ws'
import type { LabUpdate } from '../../src/rpc/contract.ts'
import { joinUpdates } from './slow-client.ts'

/** Bytes that may wait in the socket before updates are held back. */
const backlogBytes = 1024 * 1024
/** Answers are never held back; a client that leaves this much lying is cut off. */
const hopelessBytes = 64 * 1024 * 1024
const retryMs = 50

/** birpc's message for an event of the core. */
interface UpdateMessage { t: 'q', m: 'update', a: [LabUpdate] }

/** Carries birpc's messages between a browser's WebSocket (msgpack) and the lab's port (structured clone), without reading more of them than it has to. */
export function relayShell(socket: WebSocket, port: MessagePort): void {
  const packr = new Packr({ useRecords: false, moreTypes: true })
  let held: UpdateMessage | null = null
  let timer: NodeJS.Timeout | null = null
  const send = (message: unknown): void => socket.send(packr.pack(message))
  const offerHeld = (): void => {
    timer = null
    if (held === null || socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > backlogBytes) {
      timer = setTimeout(offerHeld, retryMs)
      return
    }
    send(held)
    held = null
  }
  port.on('message', (message: unknown) => {
    if (socket.readyState !== socket.OPEN) return
    if (!isUpdate(message)) {
      send(message)
      if (socket.bufferedAmount > hopelessBytes) socket.terminate()
      return
    }
    if (held === null && socket.bufferedAmount <= backlogBytes) {
      send(message)
      return
    }
    held = held === null ? message : { ...message, a: [joinUpdates(held.a[0], message.a[0])] }
    timer ??= setTimeout(offerHeld, retryMs)
  })
  socket.on('message', (data: Buffer, isBinary) => {
    try {
      if (!isBinary) throw new TypeError('text frame')
      port.postMessage(packr.unpack(data))
    } catch {
      // 1003: a kind of data that cannot be accepted (RFC 6455 §7.4.1).
      socket.close(1003)
    }
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    if (timer !== null) clearTimeout(timer)
    port.close()
  })
  port.on('close', () => socket.close(1001))
}

function isUpdate(message: unknown): message is UpdateMessage {
  const { t, m } = message as { t?: unknown, m?: unknown }
  return t === 'q' && m === 'update'
}
