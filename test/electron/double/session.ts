import { EventEmitter } from 'node:events'
import type { CDPSession } from 'playwright-core'
import { protocol } from './protocol.ts'

type RequestHandler = (contents: unknown, permission: string, answer: (granted: boolean) => void, details: { requestingUrl: string }) => void
type CheckHandler = (contents: unknown, permission: string, origin: string) => boolean

/** Electron's names of permissions that a page can be seen to have, and those of the Permissions API. */
const permissions = {
  geolocation: 'geolocation', notifications: 'notifications', media: 'camera', midi: 'midi', 'clipboard-read': 'clipboard-read', 'clipboard-sanitized-write': 'clipboard-write',
} as const

class Session extends EventEmitter {
  readonly protocol = protocol
  private onRequest: RequestHandler | null = null
  private onCheck: CheckHandler | null = null

  setPermissionRequestHandler(handler: RequestHandler | null): void { this.onRequest = handler }
  setPermissionCheckHandler(handler: CheckHandler | null): void { this.onCheck = handler }
  setDevicePermissionHandler(): void {}

  /** Asks the application once for every permission and tells Chromium: without handlers Electron grants them all. */
  async applyPermissions(cdp: CDPSession, contents: unknown, url: string, origin: string): Promise<void> {
    const { targetInfo: { browserContextId } } = await cdp.send('Target.getTargetInfo')
    for (const [name, browserName] of Object.entries(permissions)) {
      const isGranted = this.isRequestGranted(contents, name, url) && (this.onCheck?.(contents, name, new URL(url).href.replace(/\/$/, '')) ?? true)
      await cdp.send('Browser.setPermission', { browserContextId, origin, permission: { name: browserName }, setting: isGranted ? 'granted' : 'denied' }).catch(() => {})
    }
  }

  private isRequestGranted(contents: unknown, name: string, url: string): boolean {
    let granted = this.onRequest === null
    this.onRequest?.(contents, name, (answer) => { granted = answer }, { requestingUrl: url })
    return granted
  }
}

export const session = { defaultSession: new Session() }
