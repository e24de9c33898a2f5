import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { simulatedCapture } from '../support/simulated-capture.ts'
import { nanosecondPcap } from '../support/tshark.ts'
import { serveLab, temporaryFolder, type ServedLab } from '../support/lab-window.ts'
import { cutTexts, launchBrowser, openWindow, strayElements, windowObstacle, type WindowPage } from '../support/window-page.ts'

describe.skipIf(windowObstacle !== null)(`what flows and packets show${windowObstacle === null ? '' : ` (${windowObstacle})`}`, () => {
  const folder = temporaryFolder()
  const file = path.join(folder, 'reordered.pcap')
  let browser: Browser
  let lab: ServedLab
  let shown: WindowPage
  let page: Page

  beforeAll(async () => {
    const impair = { reorderRate: 0.03, reorderUs: 60_000, delayUs: 20_000, rateBitsPerSecond: 8_000_000 }
    writeFileSync(file, nanosecondPcap(simulatedCapture({ seed: 5, impair, seenBy: 'client', transfers: 1, bytes: 400_000 })))
    browser = await launchBrowser()
    lab = await serveLab({ kind: 'file', name: file }, folder)
  })
  afterAll(async () => {
    await browser?.close()
    await lab?.close()
  })
  afterEach(async () => {
    const { complaints } = shown
    await shown.close()
    expect(complaints).toEqual([])
  })

  const open = async (language: 'en' | 'ko', width = 1440, height = 900) => {
    shown = await openWindow(browser, lab.url, { width, height, language })
    page = shown.page
    await page.locator('[data-flow="0"] .c2s').waitFor()
    await page.getByRole('tab', { name: language === 'en' ? 'Flow' : '흐름 분석', exact: true }).click()
  }
  const verdicts = () => page.locator('.flow-insights .insights li').allInnerTexts()

  it('stands in a panel of the flow, with a way to each packet that shows it', async () => {
    await open('en')
    await page.locator('[data-flow="0"]').click()
    await expect.poll(async () => (await verdicts()).join('\n')).toMatch(/retransmissions for nothing \(D-SACK \d+/)
    expect((await verdicts()).join('\n')).toMatch(/The client began with .* bytes \(segments: 10\)/)
    expect(await page.locator('.flow-insights .times').first().innerText()).toMatch(/The client\s+.*network \d+ % \(/s)
    expect(await page.locator('.flow-insights [role=tab][aria-selected=true]').innerText()).toBe('Flow')
    if (process.env.TCPLAB_PICTURES) await page.screenshot({ path: path.join(process.env.TCPLAB_PICTURES, 'flow-en.png') })
  })

  it('stands with the packet, the proof a click away', async () => {
    await open('en')
    await page.getByRole('tab', { name: 'Packet', exact: true }).click()
    await page.locator('.display-filter input').fill('finding == "needless_by_dsack"')
    await page.locator('.display-filter input').press('Enter')
    await expect.poll(() => page.locator('.display-filter').innerText()).toMatch(/\d+ shown/)
    await page.locator('.packet-rows').click({ position: { x: 200, y: 9 } })
    const insight = page.locator('.packet-panel .insights li', { hasText: 'needless, says D-SACK' })
    await insight.waitFor()
    const number = await insight.getByRole('button').innerText()
    if (process.env.TCPLAB_PICTURES) await page.screenshot({ path: path.join(process.env.TCPLAB_PICTURES, 'packet-en.png') })
    await insight.getByRole('button').click()
    await expect.poll(() => page.locator('.packet-panel .summary .number').innerText()).toBe(number)
    await expect.poll(() => page.locator('.packet-panel .insights').innerText()).toContain('D-SACK: the retransmission came twice')
  })

  it.each([['ko', 1440, 900], ['ko', 1100, 760], ['en', 1100, 760]] as const)('fits in %s at %i × %i', async (language, width, height) => {
    await open(language, width, height)
    await page.locator('[data-flow="0"]').click()
    await expect.poll(async () => (await verdicts()).length).toBeGreaterThan(2)
    if (process.env.TCPLAB_PICTURES) await page.screenshot({ path: path.join(process.env.TCPLAB_PICTURES, `flow-${language}-${width}.png`) })
    expect([...await cutTexts(page), ...await strayElements(page)]).toEqual([])
  })
})
