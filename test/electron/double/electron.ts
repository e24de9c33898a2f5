import { app } from './app.ts'
import { nativeTheme, screen, shell } from './desktop.ts'
import { dialog } from './dialog.ts'
import { MessageChannelMain, ipcMain } from './ipc.ts'
import { Menu, MenuItem } from './menu.ts'
import { protocol } from './protocol.ts'
import { session } from './session.ts'
import { BrowserWindow } from './window.ts'

/**
 * A test double of the module `electron`: enough of the main process for the real main entry, preload and window to run
 * together in headless Chromium where Electron's binary cannot be had. What the application does not use is not here.
 */
const electron = { app, BrowserWindow, dialog, ipcMain, Menu, MenuItem, MessageChannelMain, nativeTheme, protocol, screen, session, shell }
export { app, BrowserWindow, dialog, ipcMain, Menu, MenuItem, MessageChannelMain, nativeTheme, protocol, screen, session, shell }
export default electron

// Tests look into the main process, as they do with a real Electron: a function's text and its argument in, its result out.
process.on('message', (request: { id: number, source: string, argument: unknown }) => {
  const work = new Function('electron', 'argument', `return (${request.source})(electron, argument)`) as (module: unknown, argument: unknown) => unknown
  Promise.resolve().then(() => work(electron, request.argument)).then(
    (value) => process.send?.({ id: request.id, value }),
    (error: unknown) => process.send?.({ id: request.id, error: String(error) }),
  )
})
