import { MessageChannelMain, ipcMain } from 'electron'
import type { IpcMainEvent, WebContents } from 'electron'
import { languages } from '../../src/words/catalogue.ts'
import type { Language } from '../../src/words/catalogue.ts'
import { isFromWindow } from './guards.ts'
import type { LabConnection, LabProcess } from './lab-process.ts'
import { languageOf } from './language.ts'
import type { MainWindow } from './window.ts'

/** The connection that each window holds; a reloaded window gets a new one. */
const connections = new WeakMap<WebContents, LabConnection>()

/** Answers the window's preload: gives it a port to the lab, and takes what only the shell can do. */
export function relayToLab(lab: LabProcess, window: MainWindow, onLanguage: () => void): void {
  onWindow('lab:connect', ({ sender }) => connect(lab, sender))
  onWindow('shell:listening', () => window.startListening())
  onWindow('shell:language', (_event, language) => {
    if (!(languages as readonly unknown[]).includes(language) || language === languageOf.window) return
    languageOf.window = language as Language
    onLanguage()
  })
}

function onWindow(channel: string, handle: (event: IpcMainEvent, ...args: unknown[]) => void): void {
  ipcMain.on(channel, (event, ...args: unknown[]) => { if (isFromWindow(event)) handle(event, ...args) })
}

/** Messages pass through as they are: both sides speak the contract, and the lab lets only names of it pass. */
function connect(lab: LabProcess, contents: WebContents): void {
  if (!connections.has(contents)) contents.once('destroyed', () => disconnect(contents))
  disconnect(contents)
  const { port1, port2 } = new MessageChannelMain()
  const connection = lab.connect((message) => port1.postMessage(message))
  connections.set(contents, connection)
  port1.on('message', ({ data }) => connection.post(data))
  port1.on('close', () => connection.close())
  port1.start()
  contents.postMessage('lab:port', null, [port2])
}

function disconnect(contents: WebContents): void {
  connections.get(contents)?.close()
}
