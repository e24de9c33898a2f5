import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { frames } from '../support/frames.ts'
import { manyFlowFrames } from '../support/many-flows.ts'
import { pcapOf } from '../support/pcap.ts'
import { serveLab, temporaryFolder, type ServedLab } from '../support/lab-window.ts'
import { cutTexts, launchBrowser, openWindow, strayElements, windowObstacle, type WindowOptions, type WindowPage } from '../support/window-page.ts'

const flowCount = 400

describe.skipIf(windowObstacle !== null)(`statistics in the window${windowObstacle === null ? '' : ` (${windowObstacle})`}`, () => {
  const folder = temporaryFolder()
  let browser: Browser
  let lab: ServedLab
  let shown: WindowPage
  let page: Page

  beforeAll(async () => {
    const file = path.join(folder, 'counted.pcap')
    writeFileSync(file, pcapOf([...manyFlowFrames(flowCount, (flow) => flow === 77 ? 3 : 0), ...Object.values(frames)]))
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

  async function open(kind: string, options: WindowOptions = {}): Promise<void> {
    shown = await openWindow(browser, lab.url, options)
    page = shown.page
    await page.getByRole('tab', { name: options.language === 'ko' ? '통계' : 'Statistics' }).click()
    await page.locator('.kinds').getByRole('button', { name: kind, exact: true }).click()
  }

  const panel = () => page.locator('.statistics-panel')
  const rows = () => panel().locator('tbody tr:not([aria-hidden])')
  const cells = async (row: number) => (await rows().nth(row).locator('td').allInnerTexts()).map((text) => text.trim())
  const filterText = () => page.locator('.display-filter input').inputValue()
  const packetCount = () => page.locator('.packet-list [role=option]').count()

  it('shows protocols within protocols with their shares, and filters for one', async () => {
    await open('Protocols')
    await expect.poll(() => cells(0)).toEqual(['eth', expect.stringMatching(/^1,\d+$/), '100.0 %', '', expect.stringMatching(/^\d+,\d+$/), '100.0 %'])
    await panel().locator('[data-protocol=icmpv6] button').click()
    await expect.poll(filterText).toBe('icmpv6')
    await expect.poll(packetCount).toBe(4)
  })

  it('sorts conversations and shows the packets of one; long lists are asked for as they scroll into view', async () => {
    await open('Conversations')
    await expect.poll(() => cells(0)).toEqual(['10.77.0.2:40100', '10.77.0.80:80', '10', expect.any(String), expect.any(String), expect.any(String), expect.any(String), expect.any(String)])
    await expect.poll(() => panel().locator('.note').last().innerText()).toMatch(/^40\d conversations$/)
    await panel().locator('th', { hasText: 'Client' }).getByRole('button').click()
    await expect.poll(() => cells(0).then(([client]) => client)).toBe('10.77.0.2:40000')
    await panel().locator('.scroller').hover()
    await page.mouse.wheel(0, 360 * 20)
    await expect.poll(() => panel().locator('tbody tr[data-row="380"]').count()).toBe(1)
    await panel().locator('tbody tr', { hasText: '10.77.0.2:40377' }).click()
    await expect.poll(packetCount).toBe(4)
    await panel().getByRole('button', { name: /^UDP/ }).click()
    await rows().filter({ hasText: ':12345' }).first().waitFor()
    await rows().first().focus()
    await page.keyboard.press('Enter')
    await expect.poll(filterText).toMatch(/^ip(v6)?\.addr == \S+ and udp\.port == \d+ and ip(v6)?\.addr == \S+ and udp\.port == 53$/)
    await expect.poll(packetCount).toBeGreaterThan(0)
  })

  it('counts what each end has sent and received', async () => {
    await open('Endpoints')
    await panel().getByRole('button', { name: /^Ethernet/ }).click()
    await expect.poll(async () => (await cells(0))[0]).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
    await rows().first().click()
    await expect.poll(filterText).toMatch(/^eth\.addr == /)
  })

  it('shows lengths and findings, and goes to the first packet of a finding', async () => {
    await open('Findings')
    const found = panel().locator('[data-finding=retransmission]')
    await expect.poll(() => found.innerText()).toMatch(/retransmission\s+tcp\.analysis\.retransmission\s+\d+\s+No\. \d+/)
    await found.locator('button').last().click()
    await expect.poll(() => page.locator('.status-line').innerText()).toContain('Selected: No. 313')
    await found.locator('button').first().click()
    await expect.poll(filterText).toBe('tcp.analysis.retransmission')
    await page.locator('.kinds').getByRole('button', { name: 'Lengths' }).click()
    await rows().nth(3).getByRole('button').click()
    await expect.poll(filterText).toBe('frame.len >= 80 and frame.len <= 159')
  })

  it('draws packets over time for several filters, by mouse and by keys', async () => {
    await open('Over time')
    await expect.poll(() => panel().locator('path.series').count()).toBe(2)
    const plot = panel().getByRole('application')
    expect(await plot.getAttribute('aria-label')).toMatch(/^packets\/s over \d+\.\d+ seconds\. A, all packets: [\d.,k ]+ at most\. B, tcp\.analysis\.flags/)
    await plot.focus()
    await page.keyboard.press('Home')
    await expect.poll(() => panel().locator('.readout').innerText()).toMatch(/^0\.000 – 0\.001 s: {2}A 1,000 {2}B 0$/)
    await page.keyboard.press('Enter')
    await expect.poll(filterText).toBe('frame.time_relative >= 0 and frame.time_relative < 0.001')
    await expect.poll(packetCount).toBe(1)
    await panel().locator('select[name=interval]').selectOption({ label: '1 s' })
    await expect.poll(() => panel().locator('path.series').first().getAttribute('d')).toMatch(/^M[^L]*L[^L]*$/)
    const field = panel().getByLabel('Display filter of series B')
    await field.fill('tcp.port ==')
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    await field.fill('udp')
    await field.press('Enter')
    await expect.poll(() => plot.getAttribute('aria-label')).toContain('B, udp: 2 at most')
  })

  it('prints its tables in the console', async () => {
    await open('Protocols')
    await page.locator('.terminal-place').click()
    await page.keyboard.type('conversations udp --sort bytes --descending\n')
    await expect.poll(() => page.locator('.transcript').innerText()).toMatch(/10\.77\.0\.2:12345\s+10\.77\.0\.80:53/)
    await page.keyboard.type('statistics\n')
    await expect.poll(() => page.locator('.transcript').innerText()).toMatch(/eth\s+1,\d+\s+100\.0 %/)
  })

  it('fits into the smallest window in both languages', async () => {
    for (const [language, kinds] of [['en', ['Conversations', 'Over time', 'Findings']], ['ko', ['대화', '시간별', '발견']]] as const) {
      await open(kinds[0], { width: 1100, height: 760, language })
      for (const kind of kinds) {
        await page.locator('.kinds').getByRole('button', { name: kind, exact: true }).click()
        await panel().locator('tbody tr, path.series').first().waitFor({ state: 'attached' })
        expect([kind, ...await cutTexts(page), ...await strayElements(page)]).toEqual([kind])
      }
      if (language === 'en') await shown.close()
    }
  })
})
