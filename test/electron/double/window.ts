import { EventEmitter } from 'node:events'
import type { Page } from 'playwright-core'
import { DoubleEvent, app } from './app.ts'
import { browserContext } from './browser.ts'
import { toBrowser } from './protocol.ts'
import { WebContents } from './web-contents.ts'
import { addWindow, allWindows, removeWindow } from './window-list.ts'
import type { ListedWindow } from './window-list.ts'

interface Rectangle { x: number, y: number, width: number, height: number }
interface WindowOptions extends Partial<Rectangle> { show?: boolean, title?: string, webPreferences?: WebPreferences }
interface WebPreferences { preload?: string, contextIsolation?: boolean, sandbox?: boolean, nodeIntegration?: boolean }

/** A BrowserWindow over a headless page. Only the safe web preferences are possible here, and others are refused. */
export class BrowserWindow extends EventEmitter implements ListedWindow {
  readonly webContents = new WebContents()
  private bounds: Rectangle
  private isShown: boolean
  private maximized = false
  private minimized = false
  private destroyed = false
  private page: Page | null = null
  private readonly attached: Promise<void>
  private closing: Promise<void> = Promise.resolve()

  static getAllWindows(): ListedWindow[] { return allWindows() }
  static getFocusedWindow(): ListedWindow | null { return allWindows()[0] ?? null }
  static fromWebContents(contents: WebContents): ListedWindow | null { return allWindows().find((window) => (window as BrowserWindow).webContents === contents) ?? null }

  constructor(options: WindowOptions = {}) {
    super()
    const { x = 0, y = 0, width = 800, height = 600, show = true, webPreferences = {} } = options
    if (webPreferences.contextIsolation === false || webPreferences.sandbox === false || webPreferences.nodeIntegration === true) {
      throw new Error('the double runs windows with context isolation, sandbox and without Node only')
    }
    this.bounds = { x, y, width, height }
    this.isShown = show
    addWindow(this)
    app.emit('web-contents-created', {}, this.webContents)
    app.emit('browser-window-created', {}, this)
    this.attached = this.attach(webPreferences.preload)
  }

  async loadURL(url: string): Promise<void> {
    await this.attached
    await this.webContents.load(url, toBrowser(url))
    this.emit('ready-to-show')
  }

  /** The closing may be prevented by a listener, as a page with unsaved work would. */
  close(): void {
    if (this.destroyed) return
    const event = new DoubleEvent()
    this.emit('close', event)
    if (event.defaultPrevented) return
    this.closing = this.attached.then(() => this.page?.close()).then(() => this.finishClosing())
  }

  whenClosed(): Promise<void> { return this.closing }
  isDestroyed(): boolean { return this.destroyed }
  show(): void { this.isShown = true; this.minimized = false; this.emit('show') }
  hide(): void { this.isShown = false; this.emit('hide') }
  focus(): void { this.emit('focus') }
  isVisible(): boolean { return this.isShown }
  isMinimized(): boolean { return this.minimized }
  minimize(): void { this.minimized = true; this.emit('minimize') }
  restore(): void { this.minimized = false; this.emit('restore') }
  isMaximized(): boolean { return this.maximized }
  maximize(): void { this.maximized = true; this.emit('maximize'); this.emit('resize') }
  unmaximize(): void { this.maximized = false; this.emit('unmaximize'); this.emit('resize') }
  getBounds(): Rectangle { return { ...this.bounds } }
  getNormalBounds(): Rectangle { return { ...this.bounds } }

  setBounds(bounds: Partial<Rectangle>): void {
    this.bounds = { ...this.bounds, ...bounds }
    void this.attached.then(() => this.page?.setViewportSize({ width: this.bounds.width, height: this.bounds.height }))
    this.emit('resize')
  }

  private async attach(preload: string | undefined): Promise<void> {
    const page = this.page = await (await browserContext()).newPage()
    await page.setViewportSize({ width: this.bounds.width, height: this.bounds.height })
    await this.webContents.attach(page, preload)
    page.on('close', () => this.finishClosing())
  }

  private finishClosing(): void {
    if (this.destroyed) return
    this.destroyed = true
    const isLast = removeWindow(this)
    this.webContents.emit('destroyed')
    this.emit('closed')
    if (isLast) app.allWindowsClosed()
  }
}
