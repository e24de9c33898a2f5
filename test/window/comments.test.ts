import path from 'node:path'
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveLab, temporaryFolder, type ServedLab } from '../support/lab-window.ts'
import { launchBrowser, openWindow, windowObstacle, type WindowPage } from '../support/window-page.ts'

describe.skipIf(windowObstacle !== null)(`comments in the window${windowObstacle === null ? '' : ` (${windowObstacle})`}`, () => {
  const folder = temporaryFolder()
  let browser: Browser
  let lab: ServedLab
  let shown: WindowPage
  let page: Page
  const field = () => page.getByRole('textbox', { name: 'Comment of packet 1' })
  const rowText = (number: number) => page.locator(`.packet-rows [data-packet="${number}"]`).innerText()

  beforeAll(async () => {
    browser = await launchBrowser()
    lab = await serveLab({ kind: 'virtual' }, folder)
    shown = await openWindow(browser, lab.url)
    page = shown.page
    await page.locator('.packet-rows [data-packet="10"]').waitFor({ state: 'attached', timeout: 20_000 })
    await page.locator('.packet-rows').focus()
    await page.keyboard.press('Home')
  })
  afterAll(async () => {
    await shown?.close()
    await browser?.close()
    await lab?.close()
  })

  it('are written by keyboard, stand in the list with their words, and survive a look at another packet', async () => {
    await page.getByRole('button', { name: 'Comment', exact: true }).press('Enter')
    await page.keyboard.type('who asks')
    await page.locator('.packet-rows').focus()
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => field().count()).toBe(0)
    await page.keyboard.press('ArrowUp')
    await expect.poll(() => field().inputValue()).toBe('who asks')
    await field().press('Control+Enter')
    await expect.poll(() => rowText(1)).toContain('Comment: who asks')
    expect(await rowText(2)).not.toContain('Comment')
    expect(await page.locator('.packet-comment').innerText()).toContain('who asks')
    expect(await page.locator('.transcript').innerText()).toContain('comment 1 who asks')
  })

  it('go back to what they were when the field is left with Escape', async () => {
    await page.getByRole('button', { name: 'Edit the comment' }).click()
    await field().fill('something else')
    await field().press('Escape')
    await expect.poll(() => field().count()).toBe(0)
    expect(await page.locator('.packet-comment').innerText()).toContain('who asks')
  })

  it('are saved from the dialog, and deleted', async () => {
    const target = path.join(folder, 'commented.pcapng')
    await page.getByRole('button', { name: 'Save packets to a file' }).click()
    await page.getByRole('textbox', { name: 'File' }).fill(target)
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await expect.poll(() => page.locator('dialog[open]').innerText()).toMatch(/frames, .* written/)
    expect(readFileSync(target).includes('who asks')).toBe(true)
    await page.getByRole('button', { name: 'Close', exact: true }).click()
    await page.getByRole('button', { name: 'Delete the comment' }).click()
    await expect.poll(() => rowText(1)).not.toContain('Comment')
  })
})
