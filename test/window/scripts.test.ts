import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveLab, temporaryFolder, type ServedLab } from '../support/lab-window.ts'
import { cutTexts, launchBrowser, openWindow, strayElements, windowObstacle } from '../support/window-page.ts'

const good = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+.1 < S 0:0(0) win 65535 <mss 1000>
+0 > S. 0:0(0) ack 1 <...>
`

/** Ten thousand seconds of keep-alive probes. */
const long = `${good}+.1 < . 1:1(0) ack 1 win 65535
+0 accept(3, ..., ...) = 4
+0 setsockopt(4, SOL_SOCKET, SO_KEEPALIVE, [1], 4) = 0
+0 setsockopt(4, SOL_TCP, TCP_KEEPIDLE, [1], 4) = 0
+0 setsockopt(4, SOL_TCP, TCP_KEEPINTVL, [1], 4) = 0
${'+1 > . 0:0(0) ack 1\n+0 < . 1:1(0) ack 1 win 65535\n'.repeat(10_000)}`

describe.skipIf(windowObstacle !== null)(`scripts in the window${windowObstacle === null ? '' : ` (${windowObstacle})`}`, () => {
  const folder = temporaryFolder()
  let browser: Browser
  let lab: ServedLab

  beforeAll(async () => {
    browser = await launchBrowser()
    lab = await serveLab({ kind: 'virtual' }, folder)
  })
  afterAll(async () => {
    await browser?.close()
    await lab?.close()
  })

  it('runs a script by keyboard, marks its lines, and shows where one fails', { timeout: 60_000 }, async () => {
    const { page, complaints, close } = await openWindow(browser, lab.url)
    await page.keyboard.press('Control+4')
    const editor = page.getByRole('textbox', { name: /Packetdrill script/ })
    await editor.waitFor()
    await editor.fill(good)
    await page.keyboard.press('Control+Enter')
    const outcome = page.locator('.outcome [role="status"]')
    await expect.poll(() => outcome.innerText()).toContain('5 events came true')
    expect(await page.locator('.script-marks .script-good').count()).toBe(5)
    expect(await page.locator('.outcome .log .e').count()).toBeGreaterThan(1)

    await editor.fill(good.replace('ack 1', 'ack 2'))
    await expect.poll(() => outcome.innerText()).toContain('was changed since')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await expect.poll(() => outcome.innerText()).toContain('the packet differs in: ack')
    expect(await outcome.locator('mark').allInnerTexts()).toEqual(['ack 2', 'ack 1'])
    expect(await page.locator('.script-marks .script-bad').getAttribute('aria-label')).toBe('FAIL')
    await expect.poll(() => page.locator('.script-editor .cm-lintRange-error').innerText()).toContain('ack 2')
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/fail.png` })

    await editor.fill(good.replace('= 3', '= '))
    await expect.poll(() => page.locator('.script-editor .cm-lintRange-error').count()).toBe(1)
    expect(await cutTexts(page)).toEqual([])
    expect(await strayElements(page)).toEqual([])
    expect(complaints).toEqual([])
    await close()
  })

  it('completes calls, and shows an example in Korean and light colours', { timeout: 60_000 }, async () => {
    const { page, complaints, close } = await openWindow(browser, lab.url, { language: 'ko', theme: 'light' })
    await page.keyboard.press('Control+4')
    const editor = page.getByRole('textbox', { name: /packetdrill 스크립트/ })
    await editor.fill('')
    await editor.pressSequentially('0 sock')
    await page.locator('.cm-tooltip-autocomplete li').first().waitFor()
    expect(await page.locator('.cm-tooltip-autocomplete li').first().innerText()).toContain('socket')
    await page.keyboard.press('Escape')
    await page.getByLabel('예제 …').selectOption('2')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: '실행', exact: true }).click()
    await expect.poll(() => page.locator('.outcome .verdict').innerText()).toContain('통과')
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/ko.png` })
    expect(await cutTexts(page)).toEqual([])
    expect(complaints).toEqual([])
    await close()
  })

  it.each([['en', 'dark', 'Run', 'Stop', 'Running: ', 'stopped'], ['ko', 'light', '실행', '멈추기', '실행 중: ', '멈춤']] as const)(
    'says how far a long script is, and stops it (%s)', { timeout: 60_000 }, async (language, theme, runs, stops, running, stopped) => {
      const { page, complaints, close } = await openWindow(browser, lab.url, { language, theme })
      await page.keyboard.press('Control+4')
      await page.locator('.scripts input[type="file"]').setInputFiles({ name: 'long.pkt', mimeType: 'text/plain', buffer: Buffer.from(long) })
      await page.getByRole('button', { name: runs, exact: true }).click()
      const outcome = page.locator('.outcome [role="status"]')
      await expect.poll(() => outcome.innerText()).toContain(running)
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/running-${language}.png` })
      await page.getByRole('button', { name: stops, exact: true }).click()
      await expect.poll(() => outcome.locator('.verdict').innerText()).toContain(stopped)
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/stopped-${language}.png` })
      expect(await page.getByRole('button', { name: runs, exact: true }).isVisible()).toBe(true)
      expect(await cutTexts(page)).toEqual([])
      expect(await strayElements(page)).toEqual([])
      expect(complaints).toEqual([])
      await close()
    })

  it('opens a flow of the capture as a script', { timeout: 60_000 }, async () => {
    const { page, complaints, close } = await openWindow(browser, lab.url)
    await page.locator('[data-flow]').filter({ hasText: ':80' }).first().click()
    await page.getByRole('button', { name: 'Make a packetdrill script of the chosen flow' }).click()
    const editor = page.getByRole('textbox', { name: /Packetdrill script/ })
    await expect.poll(() => editor.innerText()).toContain('connect(3, ..., ...)')
    await expect.poll(() => page.locator('.outcome').innerText()).toContain('The stack under test is that of the client.')
    expect(complaints).toEqual([])
    await close()
  })
})
