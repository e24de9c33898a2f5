/** What the page's isolated world tells the main process, over the DevTools binding. */
export type FromPage =
  | { kind: 'invoke', id: number, channel: string, args: unknown[] }
  | { kind: 'send', channel: string, args: unknown[] }
  | { kind: 'port', port: number, data: unknown }
  | { kind: 'portClosed', port: number }

/** What the main process tells the isolated world. */
export type ToPage =
  | { kind: 'answer', id: number, value: unknown }
  | { kind: 'refusal', id: number, message: string }
  | { kind: 'send', channel: string, args: unknown[], ports: number[] }
  | { kind: 'port', port: number, data: unknown }
  | { kind: 'portClosed', port: number }

/** Name of the binding in the isolated world, and of the function that takes messages there. */
export const bindingName = '__electronDoubleSend'
export const receiverName = '__electronDoubleReceive'
export const worldName = 'electron-double-preload'
