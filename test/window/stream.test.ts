import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pcapOf } from '../support/pcap.ts'
import { streamFrames } from '../support/spoken-stream.ts'
import { serveLab, temporaryFolder, type ServedLab } from '../support/lab-window.ts'
import { cutTexts, launchBrowser, openWindow, strayElements, windowObstacle, type WindowPage } from '../support/window-page.ts'

const lineCount = 20_000

describe.skipIf(windowObstacle !== null)(`the stream of a connection${windowObstacle === null ? '' : ` (${windowObstacle})`}`, () => {
  const folder = temporaryFolder()
  const file = path.join(folder, 'spoken.pcap')
  let browser: Browser
  let lab: ServedLab
  let shown: WindowPage
  let page: Page

  beforeAll(async () => {
    writeFileSync(file, pcapOf(streamFrames(lineCount)))
    browser = await launchBrowser()
    lab = await serveLab({ kind: 'file', name: file }, folder)
  })
  afterAll(async () => {
    await browser?.close()
    await lab?.close()
  })

  const open = async (width = 1440, height = 900, language: 'en' | 'ko' = 'en') => {
    shown = await openWindow(browser, lab.url, { width, height, language })
    page = shown.page
    await page.locator('[data-flow="0"] .c2s').waitFor()
  }
  beforeEach(async () => {
    await open()
    await page.getByRole('tab', { name: 'Stream' }).click()
    await page.locator('[data-flow="0"]').click()
    await expect.poll(lines).toContain('C GET /안녕 HTTP/1.1')
  })
  afterEach(async () => {
    const { complaints } = shown
    await shown.close()
    expect(complaints).toEqual([])
  })

  const lines = () => page.locator('.stream-panel .line').evaluateAll((all) => all.map((line) => {
    const text = (selector: string) => [...line.querySelectorAll(selector)].map((element) => element.textContent).join('')
    return `${text('.letter')} ${text('.bytes') || text('.hole-words')}`.trim()
  }))
  const firstLine = async () => (await lines())[0]
  const selectedPacket = () => page.locator('.status-line').innerText()
  const status = () => page.locator('.stream-panel .facts [role=status]').innerText()
  const bytesOf = (text: string) => page.locator('.stream-panel .bytes span', { hasText: text })

  it('shows what both ends have said, with letters, and names what is missing, repeated and contradicted', async () => {
    expect(await lines()).toEqual(['C GET /안녕 HTTP/1.1', 'Host: lab', '', 'S HTTP/1.1 200 OK', '', 'the answer and more', 'S 22 bytes missing: 38 to 59 were not captured', 'S behind a hole·'])
    expect(await bytesOf('HTTP/1.1 200 OK').getAttribute('class')).toContain('overlap')
    expect(await bytesOf('answer').getAttribute('class')).toContain('conflict')
    expect(await page.locator('.stream-panel .facts').innerText()).toMatch(/22 B missing[^]*1 contradicted[^]*sent again/)
    const spoken = await page.locator('.stream-panel [role=listitem] .visually-hidden').allTextContents()
    expect(spoken).toEqual(expect.arrayContaining(['Client, from byte 0:', 'Server, from byte 0:', 'contains bytes that were sent again with other content']))
  })

  it('goes to the packet of what is clicked, and to the bytes of a packet that is selected', async () => {
    await bytesOf('behind a hole').click()
    await expect.poll(selectedPacket).toContain('No. 9')
    await page.locator('.packet-rows').click({ position: { x: 200, y: 3 * 18 + 9 } })
    await expect.poll(() => page.locator('.stream-panel .picked').allTextContents()).toEqual(['GET /안녕 HTTP/1.1', 'Host: lab', ''])
    await page.locator('.stream-panel .lines').focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(selectedPacket).toContain('No. 5')
    await page.keyboard.press('ArrowLeft')
    await expect.poll(selectedPacket).toContain('No. 4')
  })

  it('shows one direction, as text or in hex', async () => {
    await page.locator('.packet-rows').click({ position: { x: 200, y: 4 * 18 + 9 } })
    await page.getByRole('button', { name: 'This direction only' }).click()
    await expect.poll(firstLine).toBe('S HTTP/1.1 200 OK')
    expect(await page.locator('select[name=direction]').inputValue()).toBe('1')
    await page.locator('select[name=view]').selectOption('hex')
    await expect.poll(firstLine).toBe('S 48 54 54 50 2f 31 2e 31')
    await page.getByRole('button', { name: 'Both directions' }).click()
    await expect.poll(firstLine).toBe('C 47 45 54 20 2f ec 95 88')
    await page.locator('select[name=view]').selectOption('latin1')
    await expect.poll(firstLine).toMatch(/^C GET \/ì/)
  })

  it('reaches the end of a long stream, and finds text and bytes in it, there and back', async () => {
    await page.locator('[data-flow="1"]').click()
    await expect.poll(firstLine).toBe('C GET /long')
    await page.locator('.stream-panel .lines').focus()
    await page.keyboard.press('End')
    await expect.poll(async () => (await lines()).at(-1)).toBe(`line ${String(lineCount - 1).padStart(8, '0')} of it...`)
    await page.keyboard.press('PageUp')
    await page.keyboard.press('Home')
    await expect.poll(firstLine).toBe('C GET /long')
    const search = page.locator('.stream-panel input[name=search]')
    await search.fill('LINE 00012345')
    await search.press('Enter')
    await expect.poll(() => page.locator('.stream-panel .match').allTextContents()).toEqual(['line 00012345'])
    await search.press('Enter')
    await expect.poll(status).toBe('found; the search went round the end')
    await page.getByRole('button', { name: 'Tell capital letters' }).click()
    await search.press('Enter')
    await expect.poll(status).toBe('not found')
    await page.locator('select[name=pattern]').selectOption({ label: 'hex' })
    await search.fill('0d 0')
    await search.press('Enter')
    await expect.poll(status).toContain('pairs of hexadecimal digits')
    await search.fill('0d 0a')
    await search.press('Shift+Enter')
    await expect.poll(status).toBe('')
    await page.locator('.packet-rows').focus()
    await page.keyboard.press('End')
    await expect.poll(async () => (await lines()).at(-1)).toBe(`line ${String(lineCount - 1).padStart(8, '0')} of it...`)
  })

  it('saves a direction to a file, and says what was left out', async () => {
    const target = path.join(folder, 'answer.bin')
    await page.getByRole('button', { name: 'Save the stream to a file' }).click()
    await page.locator('dialog[open] input[value="1"]').check()
    await page.locator('dialog[open] input[name=path]').fill(target)
    await page.locator('dialog[open] button[type=submit]').click()
    await expect.poll(() => page.locator('dialog[open] [role=status]').innerText()).toBe('53 B written, 22 B that were not captured left out')
    expect(readFileSync(target, 'utf8')).toBe('HTTP/1.1 200 OK\r\n\r\nthe answer and morebehind a hole\u0007\n')
    await page.locator('dialog[open] button[type=submit]').click()
    await expect.poll(() => page.locator('dialog[open] [role=alert]').innerText()).toContain('exists already')
    await page.keyboard.press('Escape')
    await expect.poll(() => page.locator('.transcript').innerText()).toContain(`stream save 0 --end server ${target}`)
  })

  it('copies what is shown, with who said it', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'Copy the stream' }).click()
    await expect.poll(status).toBe('88 B copied')
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe([
      'C> GET /안녕 HTTP/1.1', 'C> Host: lab', 'C> ', 'S> HTTP/1.1 200 OK', 'S> ', 'S> the answer and more', 'S! 22 bytes missing: 38 to 59 were not captured', 'S> behind a hole·', '',
    ].join('\n'))
  })

  it('says that only TCP makes a stream', async () => {
    await page.locator('[data-flow="2"]').click()
    await expect.poll(() => page.locator('.stream-panel .empty').innerText()).toBe('Flow 2 is UDP: only TCP makes a stream of bytes.')
  })

  it('shows a stream in the console, and finds in it', async () => {
    const run = async (line: string) => {
      await page.locator('.terminal-place').click()
      await page.keyboard.type(line)
      await page.keyboard.press('Enter')
    }
    await run('stream show 0')
    await expect.poll(() => page.locator('.transcript').innerText()).toMatch(/C> GET[^]*S! 22 bytes missing: 38 to 59 were not captured[^]*S! 6 bytes sent again with other content in No\. 8/)
    await run('stream find 0 answer')
    await expect.poll(() => page.locator('.transcript').innerText()).toContain('found at position 58')
    await run('stream show 2')
    await expect.poll(() => page.locator('.transcript').innerText()).toContain('There is no TCP flow 2')
  })

  it('fits into the smallest window in both languages', async () => {
    for (const language of ['en', 'ko'] as const) {
      await shown.close()
      await open(1100, 760, language)
      await page.getByRole('tab', { name: language === 'en' ? 'Stream' : '스트림' }).click()
      await page.locator('[data-flow="0"]').click()
      await expect.poll(lines).toContain('C GET /안녕 HTTP/1.1')
      expect([...await cutTexts(page), ...await strayElements(page)]).toEqual([])
    }
  })
})
