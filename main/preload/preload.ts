import { contextBridge, ipcRenderer } from 'electron'

/**
 * The window's only way out: messages to and from the lab, and three things that only the shell can do. Runs sandboxed and in a
 * world of its own; what it exposes cannot reach `ipcRenderer` itself.
 */
let port: MessagePort | null = null
let onMessage: (message: unknown) => void = () => {}
/** Messages posted before the port came. */
const outbox: unknown[] = []
/** Files that the shell sent before anybody listened for them. */
const files: string[] = []
let onOpenFile: ((path: string) => void) | null = null

ipcRenderer.on('lab:port', (event) => {
  port?.close()
  port = event.ports[0]
  port.onmessage = ({ data }) => onMessage(data)
  for (const message of outbox.splice(0)) port.postMessage(message)
})

ipcRenderer.on('shell:openFile', (_event, path: string) => {
  if (onOpenFile === null) files.push(path)
  else onOpenFile(path)
})

contextBridge.exposeInMainWorld('tcplab', {
  /** Sends a message of the contract to the lab. */
  post(message: unknown): void {
    if (port === null) outbox.push(message)
    else port.postMessage(message)
  },
  /** Sets who gets the lab's messages, and asks for the connection. */
  onMessage(listener: (message: unknown) => void): void {
    onMessage = listener
    if (port === null) ipcRenderer.send('lab:connect')
  },
  platform: process.platform,
  /** Sets who opens the capture files that come from the menu, the command line or the desktop. */
  onOpenFile(listener: (path: string) => void): void {
    onOpenFile = listener
    for (const path of files.splice(0)) listener(path)
    ipcRenderer.send('shell:listening')
  },
  /** Tells the menu which language the window shows. */
  setLanguage(language: string): void {
    ipcRenderer.send('shell:language', language)
  },
})
