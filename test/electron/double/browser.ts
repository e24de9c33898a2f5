import { chromium } from 'playwright-core'
import type { Browser, BrowserContext } from 'playwright-core'
import { chromiumFlags, findChromium } from '../../../main/setup/chromium.mjs'

let browser: Promise<Browser> | null = null
let context: Promise<BrowserContext> | null = null

/** The one Chromium behind all windows; tests join it at the port in ELECTRON_DOUBLE_CDP_PORT. */
export function launchBrowser(): Promise<Browser> {
  const port = process.env.ELECTRON_DOUBLE_CDP_PORT
  browser ??= chromium.launch({ executablePath: findChromium() ?? undefined, args: [...chromiumFlags, ...(port ? [`--remote-debugging-port=${port}`] : [])] })
  return browser
}

/** All windows share a session, as BrowserWindows do. Language and size come from the application. */
export function browserContext(): Promise<BrowserContext> {
  context ??= launchBrowser().then((launched) => launched.newContext({ viewport: null, locale: process.env.ELECTRON_DOUBLE_LOCALE ?? 'en-US' }))
  return context
}

export async function closeBrowser(): Promise<void> {
  const launched = await browser
  await launched?.close().catch(() => {})
}
