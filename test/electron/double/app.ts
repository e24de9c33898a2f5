import { EventEmitter } from 'node:events'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { closeBrowser, launchBrowser } from './browser.ts'
import { allWindows } from './window-list.ts'

/** A preventable event, as Electron hands them to listeners first. */
export class DoubleEvent {
  defaultPrevented = false
  preventDefault(): void { this.defaultPrevented = true }
}

const userData = process.env.ELECTRON_DOUBLE_USER_DATA ?? path.join(os.tmpdir(), `electron-double-${process.pid}`)

/** Life of the application: ready when Chromium runs, quit in Electron's order, one instance a user-data folder. */
class App extends EventEmitter {
  readonly isPackaged = false
  readonly name = 'tcplab'
  readonly commandLine = { appendSwitch: () => {}, hasSwitch: () => false }
  private hasBrowser = false
  private isQuitting = false
  private exitCode = 0
  private lock: net.Server | null = null
  private readonly ready = launchBrowserWhenFirst().then(() => {
    this.hasBrowser = true
    this.emit('ready', {})
  })

  whenReady(): Promise<void> { return this.ready }
  isReady(): boolean { return this.hasBrowser }
  getName(): string { return this.name }
  getVersion(): string { return (JSON.parse(readFileSync(path.join(this.getAppPath(), 'package.json'), 'utf8')) as { version: string }).version }
  getLocale(): string { return process.env.ELECTRON_DOUBLE_LOCALE ?? 'en-US' }
  getAppPath(): string { return process.cwd() }
  getPath(name: string): string { return name === 'userData' ? userData : path.join(userData, name) }
  setAboutPanelOptions(): void {}
  enableSandbox(): void { if (this.hasBrowser) throw new Error('app.enableSandbox() can only be called before app is ready') }

  /** True for the first process of a user-data folder; a later one hands its arguments over and gets false. */
  requestSingleInstanceLock(): boolean {
    if (isSecondInstance) return false
    this.lock = net.createServer((socket) => {
      let text = ''
      socket.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => {
        const { argv, cwd } = JSON.parse(text) as { argv: string[], cwd: string }
        this.emit('second-instance', new DoubleEvent(), argv, cwd, null)
      })
    }).listen(lockAddress)
    this.lock.unref()
    return true
  }

  /** before-quit, the windows, will-quit, quit: each but the last may be prevented. */
  quit(): void {
    if (!this.hasBrowser && !isSecondInstance) { void this.ready.then(() => this.quit()); return }
    if (isSecondInstance) return this.exit(0)
    const event = new DoubleEvent()
    this.emit('before-quit', event)
    if (event.defaultPrevented) return
    this.isQuitting = true
    void this.closeWindows().then((allClosed) => {
      if (!allClosed) { this.isQuitting = false; return }
      this.finishQuitting()
    })
  }

  exit(code = 0): void {
    this.exitCode = code
    this.emit('quit', new DoubleEvent(), code)
    this.lock?.close()
    void Promise.race([isSecondInstance ? undefined : closeBrowser(), new Promise((resolve) => setTimeout(resolve, 3000))]).then(() => process.exit(this.exitCode))
  }

  /** Called by the last window. */
  allWindowsClosed(): void {
    if (this.isQuitting) return
    if (this.listenerCount('window-all-closed') === 0) this.quit()
    else this.emit('window-all-closed')
  }

  private async closeWindows(): Promise<boolean> {
    for (const window of allWindows()) {
      window.close()
      await window.whenClosed()
      if (!window.isDestroyed()) return false
    }
    return true
  }

  private finishQuitting(): void {
    const event = new DoubleEvent()
    this.emit('will-quit', event)
    if (!event.defaultPrevented) this.exit(0)
  }
}

const lockAddress = process.platform === 'win32'
  ? `\\\\.\\pipe\\electron-double-${createHash('sha256').update(userData).digest('hex').slice(0, 16)}`
  : path.join(os.tmpdir(), `electron-double-${createHash('sha256').update(userData).digest('hex').slice(0, 16)}`)

/** Known before the application's first line runs, because the question is answered synchronously. */
const isSecondInstance = await new Promise<boolean>((resolve) => {
  const socket = net.connect(lockAddress)
  socket.once('connect', () => socket.end(JSON.stringify({ argv: process.argv, cwd: process.cwd() }), () => resolve(true)))
  socket.once('error', () => resolve(false))
})

function launchBrowserWhenFirst(): Promise<unknown> {
  return isSecondInstance ? new Promise(() => {}) : launchBrowser()
}

export const app = new App()
