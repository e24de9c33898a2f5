import { BridgeEvent, WorldBridge, fire, listen } from './bridge-events.ts'

/** Runs in the page's own world before its scripts: puts what the preload exposes on `window`, as Electron does, for good. */
const bridge = new WorldBridge(BridgeEvent.callMain, BridgeEvent.callIsolated)

listen<{ name: string, shape: unknown }>(BridgeEvent.expose, ({ name, shape }) => {
  Object.defineProperty(window, name, { value: freeze(bridge.borrow(shape)), writable: false, configurable: false, enumerable: true })
})
listen(BridgeEvent.hello, () => fire(BridgeEvent.ready, null))
fire(BridgeEvent.ready, null)

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  Object.values(value).forEach(freeze)
  return Object.freeze(value)
}
