import { BridgeEvent, WorldBridge, fire, listen } from './bridge-events.ts'
import { decode, encode } from './codec.ts'
import { bindingName, receiverName } from './messages.ts'
import type { FromPage, ToPage } from './messages.ts'

type Listener = (event: { senderId: number, ports: MessagePort[] }, ...args: unknown[]) => void

const page = globalThis as unknown as Record<string, (text: string) => void>
const listeners = new Map<string, Set<Listener>>()
const invocations = new Map<number, { channel: string, resolve: (value: unknown) => void, reject: (error: Error) => void }>()
const ports = new Map<number, MessagePort>()
let lastInvocation = 0

page[receiverName] = (text) => receive(decode(text) as ToPage)

function tellMain(message: FromPage): void {
  page[bindingName](encode(message))
}

function receive(message: ToPage): void {
  switch (message.kind) {
    case 'answer': return settle(message.id, ({ resolve }) => resolve(message.value))
    case 'refusal': return settle(message.id, ({ channel, reject }) => reject(new Error(`Error invoking remote method '${channel}': ${message.message}`)))
    case 'port': return ports.get(message.port)?.postMessage(message.data)
    case 'portClosed': return ports.get(message.port)?.close()
    default: {
      const event = { senderId: 0, ports: message.ports.map(openPort) }
      for (const listener of listeners.get(message.channel) ?? []) listener(event, ...message.args)
    }
  }
}

function settle(id: number, act: (waiting: NonNullable<ReturnType<typeof invocations.get>>) => void): void {
  const waiting = invocations.get(id)
  invocations.delete(id)
  if (waiting) act(waiting)
}

/** The preload holds one end of a channel; what it posts goes to the main process under the port's number. */
function openPort(port: number): MessagePort {
  const { port1, port2 } = new MessageChannel()
  ports.set(port, port1)
  port1.onmessage = ({ data }) => tellMain({ kind: 'port', port, data })
  port1.addEventListener('close', () => tellMain({ kind: 'portClosed', port }))
  return port2
}

const ipcRenderer = {
  invoke: (channel: string, ...args: unknown[]) => new Promise((resolve, reject) => {
    invocations.set(++lastInvocation, { channel, resolve, reject })
    tellMain({ kind: 'invoke', id: lastInvocation, channel, args })
  }),
  send: (channel: string, ...args: unknown[]) => tellMain({ kind: 'send', channel, args }),
  on(channel: string, listener: Listener) {
    if (!listeners.has(channel)) listeners.set(channel, new Set())
    listeners.get(channel)!.add(listener)
    return ipcRenderer
  },
  off(channel: string, listener: Listener) {
    listeners.get(channel)?.delete(listener)
    return ipcRenderer
  },
}

const bridge = new WorldBridge(BridgeEvent.callIsolated, BridgeEvent.callMain)
const exposed = new Set<string>()
let isMainWorldReady = false
const waitingToExpose: (() => void)[] = []
listen(BridgeEvent.ready, () => {
  isMainWorldReady = true
  for (const expose of waitingToExpose.splice(0)) expose()
})
fire(BridgeEvent.hello, null)

const contextBridge = {
  exposeInMainWorld(name: string, api: unknown) {
    if (exposed.has(name)) throw new Error('Cannot bind an API on top of an existing property on the window object')
    exposed.add(name)
    const shape = bridge.lend(api)
    const expose = () => fire(BridgeEvent.expose, { name, shape })
    if (isMainWorldReady) expose()
    else waitingToExpose.push(expose)
  },
}

/** A sandboxed preload has Electron's renderer half and nothing of Node but a few harmless modules. */
function requireFromPreload(name: string): unknown {
  if (name === 'electron' || name === 'electron/renderer') return { ipcRenderer, contextBridge }
  throw new Error(`module not found: ${name}`)
}

declare const __electronDoublePreload: (require: (name: string) => unknown, process: unknown, module: unknown, exports: unknown) => void
declare const __electronDoublePlatform: string

const module = { exports: {} }
__electronDoublePreload(requireFromPreload, { type: 'renderer', sandboxed: true, contextIsolated: true, platform: __electronDoublePlatform, versions: {}, env: {} }, module, module.exports)
