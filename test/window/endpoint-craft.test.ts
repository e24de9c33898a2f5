import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveLab, temporaryFolder, type ServedLab } from '../support/lab-window.ts'
import { launchBrowser, openWindow, windowObstacle, type WindowPage } from '../support/window-page.ts'

describe.skipIf(windowObstacle !== null)(`the Endpoint and Craft workspaces${windowObstacle === null ? '' : ` (${windowObstacle})`}`, () => {
  const folder = temporaryFolder()
  let browser: Browser
  let lab: ServedLab
  let shown: WindowPage
  let page: Page

  const panel = (name: string) => page.locator(`section.panel[aria-label="${name}"]`)
  const sockets = () => panel('Sockets').locator('tbody tr').allInnerTexts().then((rows) => rows.map((row) => row.replaceAll(/\s+/g, ' ')))
  const variable = (name: string) => page.locator('tr', { has: page.locator(`td:text-is("${name}")`) }).locator('td').nth(1).innerText()
  const decisions = () => panel('Decisions').locator('.w').allInnerTexts()
  const workspace = (name: string) => page.getByRole('navigation').getByText(name, { exact: true }).click()

  beforeAll(async () => {
    browser = await launchBrowser()
    lab = await serveLab({ kind: 'virtual' }, folder)
    shown = await openWindow(browser, lab.url)
    page = shown.page
    await workspace('Endpoint')
  })
  afterAll(async () => {
    await shown?.close()
    await lab?.close()
    await browser?.close()
  })

  it('chooses the first conversation by itself and shows how it was walked', async () => {
    await expect.poll(sockets, { timeout: 20_000 }).toEqual(expect.arrayContaining([expect.stringMatching(/10\.77\.0\.1:80 TIME_WAIT/) as string]))
    await expect.poll(() => panel('States').locator('svg.diagram').getAttribute('aria-label')).toMatch(/Lab host: TIME_WAIT/)
    await expect.poll(() => panel('States').locator('.edge.walked').count()).toBe(5)
    await expect.poll(() => panel('States').locator('.number').allTextContents()).toEqual(['1', '2', '3', '4', '5'])
    await expect.poll(() => variable('RTO')).toMatch(/^\d[\d.,]*$/)
  })

  it('says in words why each segment was sent, with its RFC section', async () => {
    await expect.poll(async () => (await decisions()).some((text) => /SYN announces the initial sequence number/.test(text) && /RFC 9293 §3\.10\.1/.test(text))).toBe(true)
    await expect.poll(async () => (await decisions()).some((text) => /FIN/.test(text))).toBe(true)
    const texts = await decisions()
    expect(texts.filter((text) => /\{\w+\}/.test(text))).toEqual([])
  })

  it('connects, sends, shows what came back, and closes by half', async () => {
    await panel('Sockets').getByRole('button', { name: 'Connect' }).click()
    await page.locator('form.connect input[name=address]').fill('not an address')
    await expect.poll(() => page.locator('form.connect [role=alert]').innerText()).toContain('An address')
    await page.locator('form.connect input[name=address]').fill('10.77.0.1')
    await page.locator('form.connect input[name=port]').fill('7')
    await page.locator('form.connect button[type=submit]').click()
    await expect.poll(() => page.locator('header.strip h2').innerText()).toMatch(/10\.77\.0\.1:7/)
    await expect.poll(() => panel('States').locator('svg.diagram').getAttribute('aria-label')).toMatch(/Lab host: ESTABLISHED/)

    await page.locator('header.strip .send input').fill('hello')
    await page.keyboard.press('Enter')
    await expect.poll(() => panel('Buffers and windows').locator('pre').innerText()).toBe('hello\n')
    await expect.poll(async () => await variable('SND.UNA') === await variable('SND.NXT')).toBe(true)

    await page.locator('header.strip').getByRole('button', { name: 'Half-close' }).click()
    await expect.poll(() => panel('States').locator('svg.diagram').getAttribute('aria-label')).toMatch(/Lab host: TIME_WAIT/)
    await expect.poll(() => page.locator('.transcript').innerText()).toMatch(/connect 10\.77\.0\.1 7/)
  })

  it('sends a datagram by hand and shows the echo, and what the network reports where nobody listens', async () => {
    await page.getByRole('tab', { name: 'UDP' }).click()
    const form = page.locator('.datagrams form')
    await form.locator('input[name=datagram-port]').fill('70000')
    await expect.poll(() => form.locator('[role=alert]').innerText()).toContain('A port is a number')
    await form.locator('input[name=datagram-port]').fill('7')
    await form.locator('input[name=datagram-content]').fill('hello')
    await form.locator('button[type=submit]').click()
    const rows = () => page.locator('.datagrams .e').allInnerTexts()
    await expect.poll(rows).toEqual([expect.stringMatching(/← 10\.77\.0\.1:7[^]*"hello"/) as string, expect.stringMatching(/→ 10\.77\.0\.1:7[^]*5 bytes/) as string])
    await form.locator('input[name=datagram-port]').fill('999')
    await form.locator('input[name=datagram-content]').fill('zz')
    await form.getByRole('button', { name: 'hex' }).click()
    await expect.poll(() => form.locator('[role=alert]').innerText()).toContain('hexadecimal')
    await form.locator('input[name=datagram-content]').fill('00 ff')
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await rows())[0]).toMatch(/10\.77\.0\.1:999[^]*nobody listens on the port/)
    await expect.poll(() => page.locator('.transcript').innerText()).toMatch(/datagram 10\.77\.0\.1 999 --hex 00ff/)
    await page.getByRole('tab', { name: 'Sockets' }).click()
  })

  it('disturbs the cable of the virtual link, says so everywhere, and takes it back', async () => {
    await page.getByRole('tab', { name: 'Network' }).click()
    const cable = page.locator('.cable')
    await cable.getByRole('button', { name: 'SYN', exact: true }).click()
    await expect.poll(() => cable.locator('p').innerText()).toContain('waits for SYN to lose (1)')
    await cable.locator('input[name=duplicatePercent]').fill('100')
    await page.keyboard.press('Enter')
    await expect.poll(() => cable.locator('p').innerText()).toContain('100 % repeated')
    await expect.poll(() => page.locator('.status-line').innerText()).toContain('Network disturbed')
    await cable.getByRole('button', { name: 'Reset' }).click()
    await expect.poll(() => cable.locator('p').innerText()).toContain('undisturbed')
    await expect.poll(() => page.locator('.transcript').innerText()).toMatch(/lose syn 1[^]*impair --loss 0 --duplicate 100/)
    expect(await page.locator('.status-line').innerText()).not.toContain('Network disturbed')
    await page.getByRole('tab', { name: 'Sockets' }).click()
  })

  it('shows the whole connection strip and the whole names of settings in a small window', async () => {
    const before = page.viewportSize()!
    await page.setViewportSize({ width: 1100, height: 760 })
    const cut = () => page.evaluate(() => [...document.querySelectorAll('.strip, .settings label > span, .sockets td.mono')].filter((each) => each.scrollWidth > each.clientWidth).length)
    await expect.poll(cut).toBe(0)
    await page.setViewportSize(before)
  })

  it('turns a setting of a living connection and shows what is in force', async () => {
    await panel('Sockets').getByRole('button', { name: 'Connect' }).click()
    await page.locator('form.connect button[type=submit]').click()
    await expect.poll(() => panel('States').locator('svg.diagram').getAttribute('aria-label')).toMatch(/Lab host: ESTABLISHED/)
    const nagle = panel('Settings').getByLabel('Nagle')
    await expect.poll(() => nagle.isChecked()).toBe(true)
    await nagle.click()
    await expect.poll(() => nagle.isChecked()).toBe(false)
    await expect.poll(() => page.locator('.transcript').innerText()).toMatch(/set \d+ nagle (off|false)/)
    await page.locator('header.strip').getByRole('button', { name: 'Abort' }).click()
    await expect.poll(() => panel('States').locator('svg.diagram').getAttribute('aria-label')).toMatch(/Lab host: CLOSED/)
  })

  it('keeps form, bytes and line the same packet', async () => {
    await workspace('Craft')
    const line = page.getByLabel('One line').locator('input')
    await expect.poll(() => line.inputValue()).toMatch(/10\.77\.0\.2:40000 > 10\.77\.0\.1:80 S 0:0\(0\)/)
    await page.getByRole('button', { name: 'FIN', exact: true }).click()
    await expect.poll(() => line.inputValue()).toMatch(/ (SF|FS) 0:0\(0\)/)
    await line.fill('10.77.0.2:40000 > 10.77.0.1:7 S 5:5(0) win 1000 <mss 500>')
    await expect.poll(() => page.getByLabel('Sequence number').inputValue()).toBe('5')
    await expect.poll(() => page.getByLabel('Window', { exact: true }).inputValue()).toBe('1000')
    await expect.poll(async () => (await page.getByLabel('Bytes').locator('textarea').inputValue()).replaceAll(/\s/g, '')).toContain('020401f4')
    await line.fill('10.77.0.2:40000 > 10.77.0.1:7 Z')
    await expect.poll(() => page.getByLabel('One line').locator('[role=alert]').innerText()).toMatch(/Column 31/)
    await line.fill('10.77.0.2:40000 > 10.77.0.1:7 S 5:5(0) win 1000 <mss 500>')
  })

  it('sends the packet, and answers the one that comes back', async () => {
    await page.getByLabel('Send', { exact: true }).locator('button[type=submit]').click()
    await expect.poll(() => page.getByLabel('Send', { exact: true }).locator('[role=status]').first().innerText()).toBe('Sent 1.')
    await page.getByRole('button', { name: 'See it in the capture' }).click()
    const rows = () => page.locator('.packet-rows [role=option]').allTextContents()
    await expect.poll(async () => (await rows()).some((row) => /SYN Seq 5/.test(row) || /40000/.test(row) || /Seq 0.*mss/i.test(row))).toBe(true)
    await page.locator('.packet-rows').focus()
    await page.keyboard.press('End')
    // The host announces its address now and then; what is to be answered is the last TCP segment.
    const selected = () => page.locator('.packet-rows [role=option][aria-selected=true]').textContent()
    for (let i = 0; i < 10 && !(await selected())?.includes('TCP'); i++) await page.keyboard.press('ArrowUp')
    await expect.poll(selected).toContain('TCP')
    await page.getByRole('button', { name: 'Craft an answer' }).click()
    const explanation = page.locator('.explanation dd')
    await expect.poll(() => explanation.count()).toBeGreaterThan(5)
    await expect.poll(async () => (await explanation.allInnerTexts()).join(' ')).toMatch(/RFC 9293 §3\.4/)
  })

  it('speaks Korean', async () => {
    await page.getByLabel('Language').selectOption('ko')
    await expect.poll(() => page.locator('section.panel[aria-label="보내기"]').count()).toBe(1)
    await page.getByRole('navigation').getByText('호스트').click()
    await expect.poll(() => page.locator('section.panel[aria-label="결정 기록"] .w').first().innerText()).toMatch(/[가-힣]/)
  })

  it('logs nothing to the console of the browser', () => {
    expect(shown.complaints).toEqual([])
  })
})
