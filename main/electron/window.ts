import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { BrowserWindow, app, dialog } from 'electron'
import { captureFileEndings } from './capture-files.ts'
import { sentence } from './language.ts'
import { appOrigin } from './protocol.ts'
import { readWindowState, smallestWindow, writeWindowState } from './state.ts'

const preload = path.join(path.dirname(fileURLToPath(import.meta.url)), '../preload/preload.cjs')
const usualSize = { width: 1440, height: 900 }
/** The background until the first paint; the dark theme's. */
const backgroundColor = '#101418'
const keepStateAfterMs = 500

/** The one window; made when it is first shown, and again when it was closed and the application lives on (macOS). */
export class MainWindow {
  private window: BrowserWindow | null = null
  private keepLater: NodeJS.Timeout | null = null
  /** Files asked for before the window could take them. */
  private waitingFiles: string[] = []
  private isListening = false

  show(): void {
    if (!app.isReady()) return
    if (this.window === null) this.make()
    else {
      if (this.window.isMinimized()) this.window.restore()
      this.window.show()
      this.window.focus()
    }
  }

  /** Hands capture files to the window, which opens them as a user's command would. */
  openFiles(files: readonly string[]): void {
    this.waitingFiles.push(...files)
    this.handFilesOver()
  }

  /** The window's script listens now. */
  startListening(): void {
    this.isListening = true
    this.handFilesOver()
  }

  /** Asks for a capture file. */
  async chooseFile(): Promise<void> {
    const filters = [
      { name: sentence('shell.dialog.captureFiles'), extensions: [...captureFileEndings] },
      { name: sentence('shell.dialog.allFiles'), extensions: ['*'] },
    ]
    const options: Electron.OpenDialogOptions = { title: sentence('shell.dialog.openTitle'), properties: ['openFile'], filters }
    const { canceled, filePaths } = this.window === null ? await dialog.showOpenDialog(options) : await dialog.showOpenDialog(this.window, options)
    if (canceled) return
    this.show()
    this.openFiles(filePaths)
  }

  keepState(): void {
    clearTimeout(this.keepLater ?? undefined)
    this.keepLater = null
    if (this.window !== null && !this.window.isDestroyed()) writeWindowState(this.window)
  }

  private make(): void {
    const { bounds, isMaximized } = readWindowState()
    const window = new BrowserWindow({
      ...usualSize, ...bounds ?? {}, minWidth: smallestWindow.width, minHeight: smallestWindow.height, show: false, backgroundColor, title: 'TCP Lab',
      webPreferences: { preload, contextIsolation: true, sandbox: true, nodeIntegration: false, webviewTag: false, spellcheck: false, devTools: true },
    })
    this.window = window
    this.isListening = false
    if (isMaximized) window.maximize()
    const keepSoon = () => { this.keepLater ??= setTimeout(() => this.keepState(), keepStateAfterMs) }
    window.on('resize', keepSoon)
    window.on('move', keepSoon)
    window.on('close', () => this.keepState())
    window.on('closed', () => { this.window = null })
    window.once('ready-to-show', () => window.show())
    window.webContents.on('did-start-loading', () => { this.isListening = false })
    window.loadURL(`${appOrigin}/`).catch((error: Error) => {
      // Closed, or loaded again, before the first load was done.
      if (window.isDestroyed() || (error as NodeJS.ErrnoException).code === 'ERR_ABORTED') return
      dialog.showErrorBox('TCP Lab', sentence('shell.dialog.windowBroken', { reason: error.message }))
    })
  }

  private handFilesOver(): void {
    if (this.window === null || !this.isListening) return
    for (const file of this.waitingFiles.splice(0)) this.window.webContents.send('shell:openFile', file)
  }
}
