import type { IpcMainEvent, Session, WebContents } from 'electron'
import { appOrigin } from './protocol.ts'

/** Nothing leads out of the window: no navigation, no new windows, no embedded guests. */
export function guardContents(contents: WebContents): void {
  contents.on('will-navigate', (event) => { if (!isOurs(event.url)) event.preventDefault() })
  contents.on('will-redirect', (event) => event.preventDefault())
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
}

/** The window asks for no permission: camera, position, notifications and all the others are refused. Clipboard writes are its copy button. */
export function guardSession(session: Session): void {
  const isAllowed = (permission: string, url: string) => permission === 'clipboard-sanitized-write' && isOurs(url)
  session.setPermissionRequestHandler((_contents, permission, answer, details) => answer(isAllowed(permission, details.requestingUrl)))
  session.setPermissionCheckHandler((_contents, permission, origin) => isAllowed(permission, `${origin}/`))
  session.setDevicePermissionHandler(() => false)
}

/** Whether a message comes from the top frame of our own window and from nobody else. */
export function isFromWindow(event: IpcMainEvent): boolean {
  const frame = event.senderFrame
  return frame !== null && frame.parent === null && isOurs(frame.url)
}

function isOurs(url: string): boolean {
  return url.startsWith(`${appOrigin}/`)
}
