import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchBrowser, openWindow, windowObstacle, type WindowPage } from '../support/window-page.ts'
import { startFixtureServer, type FixtureServer } from '../support/fixture-server.ts'

describe('ladder of a flow', { skip: windowObstacle !== null }, () => {
  let browser: Browser
  let server: FixtureServer
  let shown: WindowPage
  let page: Page

  beforeAll(async () => {
    browser = await launchBrowser()
    server = await startFixtureServer()
    shown = await openWindow(browser, server.url)
    page = shown.page
    await page.locator('[data-flow="0"]').click()
    await page.locator('.arrow[data-packet="18"]').waitFor()
  })
  afterAll(async () => {
    await shown?.close()
    await server?.close()
    await browser?.close()
  })

  it('has a text for who does not see it', async () => {
    const lines = await page.locator('.ladder-text li').allInnerTexts()
    expect(lines[0]).toMatch(/^No\. 3 C → S SYN 0\//)
    expect(lines.find((line) => line.startsWith('No. 18 '))).toMatch(/^No\. 18 S → C ACK 1961\/101 \+1460 \(sent again\)$/)
  })

  it('writes letters for the initial numbers', async () => {
    await page.getByRole('button', { name: 'Letters for the initial numbers' }).click()
    await expect.poll(() => page.locator('.arrow[data-packet="4"] text').innerHTML()).toBe('SYN+ACK B/A+1')
    await page.getByRole('button', { name: 'Letters for the initial numbers' }).click()
    await expect.poll(() => page.locator('.arrow[data-packet="4"] text').innerHTML()).toBe('SYN+ACK 0/1')
  })

  it('is saved as SVG that stands alone, and as PNG', async () => {
    for (const form of ['SVG', 'PNG'] as const) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: `Save the ladder in view as ${form}` }).click()])
      expect(download.suggestedFilename()).toBe(`ladder-0.${form.toLowerCase()}`)
      const bytes = readFileSync(await download.path())
      if (form === 'PNG') expect([bytes.toString('latin1', 1, 4), bytes.readUInt32BE(16) > 500, bytes.length > 5000]).toEqual(['PNG', true, true])
      else {
        expect(bytes.toString()).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
        expect(bytes.toString()).not.toContain('class=')
        expect(bytes.toString()).toMatch(/stroke:\s*rgb\(/)
      }
    }
    expect(shown.complaints).toEqual([])
  })
})
