import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { manyFlowFrames } from '../support/many-flows.ts'
import { pcapOf } from '../support/pcap.ts'
import { serveLab, temporaryFolder, type ServedLab } from '../support/lab-window.ts'
import { launchBrowser, openWindow, windowObstacle, type WindowPage } from '../support/window-page.ts'

const flowCount = 130

describe.skipIf(windowObstacle !== null)(`flows of a capture file${windowObstacle === null ? '' : ` (${windowObstacle})`}`, () => {
  const folder = temporaryFolder()
  const file = path.join(folder, 'many.pcap')
  let browser: Browser
  let lab: ServedLab
  let shown: WindowPage
  let page: Page

  beforeAll(async () => {
    writeFileSync(file, pcapOf(manyFlowFrames(flowCount, (flow) => flow === 77 ? 3 : flow === 12 ? 1 : 0)))
    browser = await launchBrowser()
    lab = await serveLab({ kind: 'file', name: file }, folder)
    // The first window hears of every flow as it is read, the later ones hear of none: nothing changes any more.
    const first = await openWindow(browser, lab.url)
    await first.page.locator('[data-flow="0"] .c2s').waitFor({ timeout: 20_000 })
    await first.close()
  })
  afterAll(async () => {
    await browser?.close()
    await lab?.close()
  })
  beforeEach(async () => {
    shown = await openWindow(browser, lab.url)
    page = shown.page
    await page.locator('[data-flow="0"] .c2s').waitFor()
  })
  afterEach(async () => {
    const { complaints } = shown
    await shown.close()
    expect(complaints).toEqual([])
  })

  it('draws the ladder of a late flow that the table has not shown', async () => {
    await page.locator('.packet-rows').focus()
    await page.keyboard.press('End')
    await expect.poll(() => page.locator('.ladder .ends').innerText()).toContain('2001:db8::1')
    await expect.poll(() => page.locator('.ladder .arrow').count()).toBe(1)
    await page.keyboard.press('ArrowUp')
    await expect.poll(() => page.locator('.ladder .ends').innerText()).toContain('10.77.0.80')
  })

  it('counts the age of a flow up to the last packet of an old capture, not up to today', async () => {
    const age = page.locator('[data-flow="0"] .age')
    await expect.poll(() => age.innerText()).toMatch(/^\d+ ms$/)
    expect(await age.evaluate((cell) => cell.scrollWidth <= cell.clientWidth)).toBe(true)
  })

  it('saves one flow, and what a display filter shows, and prints both as commands', async () => {
    const consoleText = () => page.locator('.transcript').innerText()
    const target = path.join(folder, 'part.pcapng')
    const saveTo = async () => {
      await page.getByRole('button', { name: 'Save packets to a file' }).click()
      await page.locator('dialog input[name=path]').fill(target)
    }
    await page.locator('[data-flow="1"]').click()
    await saveTo()
    await page.locator('dialog button[type=submit]').click()
    await expect.poll(() => page.locator('dialog [role=status]').innerText()).toMatch(/^4 frames, /)
    await expect.poll(consoleText).toContain(`save --flow 1 ${target}`)
    await page.locator('dialog button[type=submit]').click()
    await expect.poll(() => page.locator('dialog [role=alert]').innerText()).toContain('exists already')
    await page.keyboard.press('Escape')
    await page.getByTitle('Show all packets').click()
    await page.locator('.display-filter input').fill('ipv6')
    await page.keyboard.press('Enter')
    await saveTo()
    await page.locator('dialog input[name=overwrite]').check()
    await page.locator('dialog button[type=submit]').click()
    await expect.poll(() => page.locator('dialog [role=status]').innerText()).toMatch(/^1 frames, /)
    await expect.poll(consoleText).toMatch(/save --overwrite --display ipv6 /)
  })

  it('sorts by a column, by mouse and by keys, either way', async () => {
    const numbers = () => page.locator('.flows tbody tr[data-flow]').evaluateAll((rows) => rows.slice(0, 3).map((row) => Number(row.getAttribute('data-flow'))))
    const head = page.locator('.flows th', { hasText: 'Found' })
    await head.getByRole('button').click()
    await expect.poll(numbers).toEqual([77, 12, 0])
    expect(await head.getAttribute('aria-sort')).toBe('descending')
    expect(await page.locator('[data-flow="77"] .found').innerText()).toBe('3')
    await page.locator('[data-flow="77"]').click()
    await expect.poll(() => page.locator('.packet-rows [role=option]').count()).toBe(7)
    await head.getByRole('button').focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => head.getAttribute('aria-sort')).toBe('ascending')
    await expect.poll(numbers).toEqual([0, 1, 2])
  })

  it('goes to the newest flow and stays there until one scrolls back', async () => {
    const follow = page.getByRole('button', { name: 'Stay at the newest flow' })
    await follow.click()
    await page.locator(`[data-flow="${flowCount - 1}"] .c2s`).waitFor()
    expect(await follow.getAttribute('aria-pressed')).toBe('true')
    await page.locator('.flows').hover()
    await page.mouse.wheel(0, -600)
    await expect.poll(() => follow.getAttribute('aria-pressed')).toBe('false')
  })
})
