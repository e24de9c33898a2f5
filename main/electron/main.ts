import { app, dialog, session } from 'electron'
import { defaultRecordingFolder } from '../lab/recording-path.ts'
import { languageOf, sentence } from './language.ts'
import { LabProcess } from './lab-process.ts'
import { captureFilesIn } from './capture-files.ts'
import { installMenu } from './menu.ts'
import { registerAppScheme, serveWindowFiles } from './protocol.ts'
import { relayToLab } from './relay.ts'
import { guardContents, guardSession } from './guards.ts'
import { MainWindow } from './window.ts'

/**
 * The desktop shell. The main thread owns windows, menus, dialogs and permissions; the lab itself runs in a worker thread,
 * and the window speaks to it through a relayed port.
 *
 * Start: one instance only → scheme and guards → lab → window. Stop: window closed → lab closed (recording flushed) → exit.
 */
registerAppScheme()
app.enableSandbox()
app.on('web-contents-created', (_event, contents) => guardContents(contents))

if (app.requestSingleInstanceLock()) start()
else app.quit()

function start(): void {
  const window = new MainWindow()
  const lab = new LabProcess()
  let isStopping = false

  // Files may be asked for before there is a window: by argument, by a second start, or by the Finder.
  window.openFiles(captureFilesIn(process.argv.slice(1), process.cwd()))
  app.on('second-instance', (_event, argv, workingDirectory) => {
    window.show()
    window.openFiles(captureFilesIn(argv.slice(1), workingDirectory))
  })
  app.on('open-file', (event, file) => {
    event.preventDefault()
    window.openFiles([file])
  })

  lab.onEnded = (reason) => {
    if (isStopping) return
    dialog.showErrorBox(sentence('shell.dialog.labEndedTitle'), sentence('shell.dialog.labEnded', { reason }))
    app.quit()
  }

  void app.whenReady().then(() => {
    languageOf.app = app.getLocale()
    guardSession(session.defaultSession)
    serveWindowFiles(session.defaultSession.protocol)
    installMenu(window)
    relayToLab(lab, window, () => installMenu(window))
    lab.start({ version: app.getVersion(), recordingFolder: defaultRecordingFolder(), electron: true })
    window.show()
    app.on('activate', () => window.show())
  })

  app.on('window-all-closed', () => { if (process.platform !== 'darwin') app.quit() })
  app.on('before-quit', () => window.keepState())
  app.on('will-quit', (event) => {
    if (isStopping) return
    isStopping = true
    // The recording is written to its end before the process may go.
    event.preventDefault()
    void lab.stop().finally(() => app.quit())
  })
}
