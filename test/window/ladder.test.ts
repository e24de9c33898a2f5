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

  it('is true to time when asked, with long silences marked, by keys, and remembers it', async () => {
    const tops = async () => {
      const places = await page.locator('.arrow').evaluateAll((arrows) => arrows.map((arrow) => [Number(arrow.getAttribute('data-packet')), Number(/M[\d.]+ ([\d.]+)/.exec(arrow.querySelector('.head')!.getAttribute('d')!)![1])]))
      return places.sort(([a], [b]) => a - b).map(([, top]) => top)
    }
    const gapsOf = (list: readonly number[]) => new Set(list.slice(1).map((y, i) => Math.round(y - list[i])))
    const even = await tops()
    const button = page.getByRole('button', { name: 'True to time' })
    await button.focus()
    await page.keyboard.press('Enter')
    await expect.poll(async () => gapsOf(await tops()).size).toBeGreaterThan(3)
    expect(await tops()).toEqual((await tops()).sort((a, b) => a - b))
    expect(await page.locator('.break text').count()).toBeGreaterThan(0)
    expect(await page.locator('.ladder-text li').nth(1).innerText()).toMatch(/^No\. 4 after [\d.]+ \S+: S → C SYN\+ACK/)
    await page.reload()
    await page.locator('[data-flow="0"]').click()
    await page.locator('.arrow[data-packet="18"]').waitFor()
    expect(await button.getAttribute('aria-pressed')).toBe('true')
    const spot = (await page.locator('.arrow[data-packet="22"] path.head').boundingBox())!
    await page.mouse.click(spot.x, spot.y)
    await expect.poll(() => page.locator('.status-line').innerText()).toContain('No. 22')
    await button.click()
    await expect.poll(async () => (await tops()).length > 0 && gapsOf(await tops()).size).toBe(gapsOf(even).size)
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
