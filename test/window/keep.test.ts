import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveLab, temporaryFolder, type ServedLab } from '../support/lab-window.ts'
import { cutTexts, launchBrowser, openWindow, strayElements, windowObstacle, type WindowPage } from '../support/window-page.ts'

describe.skipIf(windowObstacle !== null)(`a window on a capture that keeps the latest packets${windowObstacle === null ? '' : ` (${windowObstacle})`}`, () => {
  const folder = temporaryFolder()
  let browser: Browser
  let lab: ServedLab
  let shown: WindowPage
  let page: Page
  const rows = () => page.locator('.packet-rows [role=option]').evaluateAll((all) => all.map((row) => Number(row.getAttribute('data-packet'))).filter((number) => number > 0))
  const note = () => page.locator('.note.left').innerText()
  const kind = () => page.getByRole('combobox', { name: 'Packets to keep' })

  beforeAll(async () => {
    browser = await launchBrowser()
    lab = await serveLab({ kind: 'virtual' }, folder)
    shown = await openWindow(browser, lab.url)
    page = shown.page
    await page.locator('.packet-rows [data-packet="10"]').waitFor({ state: 'attached', timeout: 20_000 })
  })
  afterAll(async () => {
    await shown?.close()
    await browser?.close()
    await lab?.close()
  })

  it('lists from the first that is kept, says what has left, and goes on with what comes', async () => {
    await page.locator('.packet-rows').focus()
    await page.keyboard.press('Home')
    await expect.poll(() => page.locator('.packet-panel .summary .number').innerText()).toBe('No. 1')
    await kind().selectOption('packets')
    await page.getByRole('spinbutton', { name: 'How many' }).fill('6')
    await page.getByRole('spinbutton', { name: 'How many' }).press('Enter')
    await expect.poll(() => page.locator('.transcript').innerText()).toContain('keep packets 6')
    await expect.poll(note).toMatch(/^\d+ earlier packets have left/)
    // A quarter more may stay: 6 or 7.
    await expect.poll(async () => [6, 7].includes((await rows()).length)).toBe(true)
    const before = await rows()
    expect(before).toEqual(before.map((_, i) => before[0] + i))
    expect(before[0]).toBe(Number((await note()).replace(/ .*/, '')) + 1)
    await expect.poll(() => page.locator('.packet-panel').innerText()).toContain('Packet 1 has left: this capture keeps only the latest packets')
    await page.locator('.terminal').click()
    await page.keyboard.type('demo')
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await rows())[0] ?? 0, { timeout: 10_000 }).toBeGreaterThan(before.at(-1)!)
    await page.locator('.packet-rows').focus()
    await page.keyboard.press('End')
    const last = (await rows()).at(-1)!
    await expect.poll(() => page.locator('.packet-panel .summary .number').innerText()).toBe(`No. ${last}`)
    expect(await strayElements(page)).toEqual([])
    expect(await cutTexts(page)).toEqual([])
  })

  it('speaks Korean', async () => {
    await page.locator('.status-line select').nth(1).selectOption('ko')
    await expect.poll(note).toMatch(/^앞선 패킷 \d+개가 빠졌습니다/)
    await page.getByRole('combobox', { name: '남겨 둘 패킷' }).selectOption('all')
    await expect.poll(() => page.locator('.transcript').innerText()).toContain('keep all')
    expect(shown.complaints).toEqual([])
  })
})
