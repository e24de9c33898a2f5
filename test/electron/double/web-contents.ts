import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import type { CDPSession, Page } from 'playwright-core'
import { DoubleEvent } from './app.ts'
import { decode, encode } from './codec.ts'
import { ipcMain } from './ipc.ts'
import type { MessagePortMain } from './ipc.ts'
import { bindingName, receiverName, worldName } from './messages.ts'
import type { FromPage, ToPage } from './messages.ts'
import { fromBrowser, isRouted, serve } from './protocol.ts'
import { session } from './session.ts'

const script = (name: string) => readFileSync(new URL(`./${name}`, import.meta.url), 'utf8')

type OpenHandler = (details: { url: string }) => { action: 'allow' | 'deny' }

let lastId = 0
let lastPort = 0

/** A page of Chromium as the main process sees it: its preload runs in an isolated world, its IPC travels over a DevTools binding. */
export class WebContents extends EventEmitter {
  readonly id = ++lastId
  readonly session = session.defaultSession
  private page: Page | null = null
  private cdp: CDPSession | null = null
  /** Execution context of the isolated world in the document of the moment. */
  private world = 0
  private openHandler: OpenHandler = () => ({ action: 'allow' })
  private readonly ports = new Map<number, MessagePortMain>()
  /** What our own code navigates to, which no guard is asked about. */
  private ownNavigation = ''

  /** Joins a page before anything is loaded in it. */
  async attach(page: Page, preloadFile: string | undefined): Promise<void> {
    this.page = page
    const cdp = this.cdp = await page.context().newCDPSession(page)
    await page.route('**/*', async (route) => {
      const request = route.request()
      const isForeign = request.isNavigationRequest() && request.frame() === page.mainFrame() && request.url() !== this.ownNavigation
      if (isForeign && this.isNavigationPrevented(request.url())) return route.abort('aborted')
      return isRouted(request.url()) ? serve(route) : route.continue()
    })
    page.on('popup', (popup) => { if (this.openHandler({ url: popup.url() }).action === 'deny') void popup.close() })
    page.on('console', (message) => this.emit('console-message', { level: message.type(), message: message.text() }))
    page.on('pageerror', (error) => this.emit('console-message', { level: 'error', message: String(error) }))
    cdp.on('Runtime.executionContextCreated', ({ context }) => {
      if (context.name === worldName && (context.auxData as { type?: string }).type === 'isolated') this.world = context.id
    })
    cdp.on('Runtime.bindingCalled', ({ name, payload }) => { if (name === bindingName) this.receive(decode(payload) as FromPage) })
    await cdp.send('Runtime.enable')
    await cdp.send('Page.enable')
    await cdp.send('Runtime.addBinding', { name: bindingName, executionContextName: worldName })
    await cdp.send('Page.addScriptToEvaluateOnNewDocument', { source: script('main-world.js') })
    if (preloadFile !== undefined) await cdp.send('Page.addScriptToEvaluateOnNewDocument', { worldName, source: isolatedSource(preloadFile) })
  }

  async load(url: string, browserUrl: string): Promise<void> {
    const { page, cdp } = this
    this.ownNavigation = browserUrl
    await this.session.applyPermissions(cdp!, this, url, new URL(browserUrl).origin)
    this.emit('did-start-loading')
    const response = await page!.goto(browserUrl)
    if (response !== null && !response.ok()) throw new Error(`ERR_FAILED (${response.status()}) loading '${url}'`)
    this.emit('did-finish-load')
  }

  getURL(): string { return fromBrowser(this.page?.url() ?? '') }
  setWindowOpenHandler(handler: OpenHandler): void { this.openHandler = handler }
  isDestroyed(): boolean { return this.page?.isClosed() ?? false }
  openDevTools(): void {}

  async reload(): Promise<void> {
    this.emit('did-start-loading')
    await this.page!.reload()
  }

  /** In the page's own world, as the application would. */
  executeJavaScript(source: string): Promise<unknown> { return this.page!.evaluate(source) }

  send(channel: string, ...args: unknown[]): void {
    this.tell({ kind: 'send', channel, args, ports: [] })
  }

  postMessage(channel: string, message: unknown, transfer: MessagePortMain[] = []): void {
    const ports = transfer.map((port) => this.sendAway(port))
    this.tell({ kind: 'send', channel, args: [message], ports })
  }

  /** The port's other end now talks to the page. */
  private sendAway(port: MessagePortMain): number {
    const number = ++lastPort
    const stays = port.other as MessagePortMain
    this.ports.set(number, stays)
    stays.other = {
      deliver: (data) => this.tell({ kind: 'port', port: number, data }),
      closed: () => this.tell({ kind: 'portClosed', port: number }),
    }
    return number
  }

  private tell(message: ToPage): void {
    const call = { functionDeclaration: `(text) => ${receiverName}(text)`, arguments: [{ value: encode(message) }], executionContextId: this.world }
    // A window that is just going away takes no messages; Electron drops them too.
    void this.cdp?.send('Runtime.callFunctionOn', call).catch(() => {})
  }

  private receive(message: FromPage): void {
    if (message.kind === 'port') this.ports.get(message.port)?.deliver(message.data)
    else if (message.kind === 'portClosed') this.ports.get(message.port)?.closed()
    else if (message.kind === 'send') ipcMain.emit(message.channel, this.ipcEvent(), ...message.args)
    else {
      ipcMain.answer(this.ipcEvent(), message.channel, message.args).then(
        (value) => this.tell({ kind: 'answer', id: message.id, value }),
        (error: unknown) => this.tell({ kind: 'refusal', id: message.id, message: String(error) }),
      )
    }
  }

  private ipcEvent(): object {
    return { sender: this, senderFrame: { url: this.getURL(), parent: null }, ports: [] }
  }

  private isNavigationPrevented(browserUrl: string): boolean {
    const event = Object.assign(new DoubleEvent(), { url: fromBrowser(browserUrl), isMainFrame: true })
    this.emit('will-navigate', event)
    return event.defaultPrevented
  }
}

function isolatedSource(preloadFile: string): string {
  const preload = readFileSync(preloadFile, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
  return `const __electronDoublePlatform = ${JSON.stringify(process.platform)};
const __electronDoublePreload = (require, process, module, exports) => {\n${preload}\n};
${script('isolated-world.js')}`
}
