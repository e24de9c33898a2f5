import { Menu, app, dialog } from 'electron'
import type { MenuItemConstructorOptions } from 'electron'
import { sentence } from './language.ts'
import type { MainWindow } from './window.ts'

type Item = MenuItemConstructorOptions

/** Builds the application menu in the language of the moment. */
export function installMenu(window: MainWindow): void {
  const isMac = process.platform === 'darwin'
  const about: Item = { label: words('about'), click: showAbout }
  const quit: Item = { label: words('quit'), role: 'quit' }
  const open: Item = { id: 'openCapture', label: words('openCapture'), accelerator: 'CommandOrControl+O', click: () => { void window.chooseFile() } }
  const close: Item = { label: words('closeWindow'), role: 'close' }
  const separator: Item = { type: 'separator' }
  Menu.setApplicationMenu(Menu.buildFromTemplate([
    ...(isMac ? [{ label: 'TCP Lab', submenu: [about, separator, { label: words('hide'), role: 'hide' } satisfies Item, separator, quit] }] : []),
    { label: words('file'), submenu: [open, separator, ...(isMac ? [close] : [close, quit])] },
    { label: words('edit'), submenu: roles(['undo', 'redo', null, 'cut', 'copy', 'paste', 'selectAll']) },
    {
      label: words('view'),
      submenu: [
        { label: words('actualSize'), role: 'resetZoom' }, { label: words('zoomIn'), role: 'zoomIn' }, { label: words('zoomOut'), role: 'zoomOut' }, separator,
        { label: words('fullScreen'), role: 'togglefullscreen' }, { label: words('developerTools'), role: 'toggleDevTools' },
      ],
    },
    { label: words('window'), submenu: roles(['minimize']) },
    ...(isMac ? [] : [{ label: words('help'), submenu: [about] }]),
  ]))
}

type EditRole = 'undo' | 'redo' | 'cut' | 'copy' | 'paste' | 'selectAll' | 'minimize'

/** Items whose label is named as their role; null is a line between. */
function roles(names: readonly (EditRole | null)[]): Item[] {
  return names.map((role) => role === null ? { type: 'separator' } : { role, label: words(role) })
}

function words(name: string): string {
  return sentence(`shell.menu.${name}`)
}

function showAbout(): void {
  const { electron = '', chrome = '', node } = process.versions
  const detail = sentence('shell.dialog.aboutDetail', { version: app.getVersion(), electron, chrome, node })
  void dialog.showMessageBox({ type: 'info', title: 'TCP Lab', message: 'TCP Lab', detail })
}
