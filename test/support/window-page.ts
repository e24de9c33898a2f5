import { chromium, type Browser, type Page } from 'playwright-core'
import { chromiumFlags, findChromium } from '../../main/setup/chromium.mjs'

/** Why the window cannot be tested here, or null. */
export const windowObstacle = findChromium() === null ? 'needs Chromium, Chrome or Edge; CHROMIUM may name one' : null

export interface WindowPage {
  page: Page
  /** What the page complained about: errors and warnings of its console, and exceptions. */
  complaints: string[]
  close(): Promise<void>
}

export interface WindowOptions { width?: number, height?: number, language?: 'en' | 'ko', theme?: 'dark' | 'light' }

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium()!, args: [...chromiumFlags] })
}

/** Opens the window at `url` in a fresh profile. */
export async function openWindow(browser: Browser, url: string, options: WindowOptions = {}): Promise<WindowPage> {
  const { width = 1440, height = 900, language = 'en', theme = 'dark' } = options
  const context = await browser.newContext({ viewport: { width, height } })
  context.setDefaultTimeout(8000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text()) })
  page.on('pageerror', (error) => { complaints.push(String(error.stack)) })
  await page.addInitScript((stored) => {
    for (const [name, value] of Object.entries(stored)) {
      if (localStorage.getItem(`tcplab.${name}`) === null) localStorage.setItem(`tcplab.${name}`, JSON.stringify(value))
    }
  }, { language, theme })
  await page.goto(url)
  return { page, complaints, close: () => context.close() }
}

/** Elements whose text is cut without a sign that there is more: `selector: text`. */
export function cutTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    for (const element of document.querySelectorAll<HTMLElement>('button, h2, th, dt, dd, label, small, b, .note, .item, .column, .title, .line, .section-label span')) {
      if (element.closest('.visually-hidden, .xterm') || element.clientWidth === 0) continue
      const style = getComputedStyle(element)
      if (style.textOverflow === 'ellipsis' || style.overflowX === 'visible' || style.overflowX === 'auto') continue
      if (element.scrollWidth > element.clientWidth + 1) found.push(`${element.tagName.toLowerCase()}.${element.className}: ${element.textContent?.trim()}`)
    }
    return found
  })
}

/** Elements that reach beyond the window. */
export function strayElements(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    for (const element of document.querySelectorAll<HTMLElement>('.app > *, .work > *, .panel, .panel-head > *, .top-bar > *, .status-line > *')) {
      if (element.closest('.visually-hidden')) continue
      const box = element.getBoundingClientRect()
      const parent = element.parentElement!
      const edge = getComputedStyle(parent).display === 'contents' ? innerWidth : parent.getBoundingClientRect().right
      if (box.width > 0 && (box.right > innerWidth + 1 || box.bottom > innerHeight + 1 || box.right > edge + 1)) found.push(`${element.tagName.toLowerCase()}.${element.className}`)
    }
    return found
  })
}
