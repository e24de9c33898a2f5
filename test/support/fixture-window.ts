import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { startFixtureServer, type FixtureServer } from './fixture-server.ts'
import { launchBrowser, openWindow, type WindowOptions, type WindowPage } from './window-page.ts'

/** Windows on a lab that answers from fixtures: a browser for the suite that calls it, and a server anew for each of its tests, which are closed by themselves. */
export interface FixtureWindow {
  /** Of the running test. */
  readonly server: FixtureServer
  open(options?: WindowOptions): Promise<WindowPage>
}

/** Called inside `describe`. */
export function useFixtureWindow(): FixtureWindow {
  let browser: Browser
  let server: FixtureServer
  let shown: WindowPage | null = null
  beforeAll(async () => { browser = await launchBrowser() })
  afterAll(() => browser?.close())
  beforeEach(async () => { server = await startFixtureServer() })
  afterEach(async () => {
    await shown?.close()
    shown = null
    await server.close()
  })
  return {
    get server() { return server },
    open: async (options) => shown = await openWindow(browser, server.url, options),
  }
}
