import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fault } from '../../src/base/fault.ts'
import { startFixtureServer, type FixtureServer } from '../support/fixture-server.ts'
import { serveLab, temporaryFolder, type ServedLab } from '../support/lab-window.ts'
import { cutTexts, launchBrowser, openWindow, strayElements, windowObstacle, type WindowOptions, type WindowPage } from '../support/window-page.ts'

let browser: Browser
let shown: WindowPage
let page: Page

async function open(url: string, options?: WindowOptions): Promise<void> {
  shown = await openWindow(browser, url, options)
  page = shown.page
}

const options = () => page.locator('.packet-rows [role=option]')
const optionTexts = () => options().allTextContents().then((texts) => texts.map((text) => text.trim()))
const selectedRow = () => page.locator('.packet-rows [role=option][aria-selected=true]').allTextContents().then((texts) => texts.map((text) => text.trim()))
const consoleText = () => page.locator('.transcript').innerText()
const status = () => page.locator('.status-line').innerText()
const litBytes = () => page.locator('.hexes .lit').allTextContents()
const shownPacket = () => page.locator('.packet-panel .summary .number').innerText()

async function runInConsole(line: string): Promise<void> {
  await page.locator('.terminal-place').click()
  await page.keyboard.type(line)
  await page.keyboard.press('Enter')
}

describe.skipIf(windowObstacle !== null)(`the Capture workspace${windowObstacle === null ? '' : ` (${windowObstacle})`}`, () => {
  beforeAll(async () => { browser = await launchBrowser() })
  afterAll(() => browser?.close())

  describe('on the lab itself, two hosts on a simulated network', () => {
    const folder = temporaryFolder()
    let lab: ServedLab

    beforeAll(async () => {
      lab = await serveLab({ kind: 'virtual' }, folder)
      await open(lab.url)
      await options().first().waitFor({ state: 'attached', timeout: 20_000 })
    })
    afterAll(async () => {
      await shown?.close()
      await lab?.close()
    })

    it('shows the first conversation from ARP to TIME-WAIT, and hides the token', async () => {
      const conversation = [/ TCP .* SYN Seq 0 .*C SYN_SENT/, /GET \//, /C TIME_WAIT/].map((pattern) => expect.stringMatching(pattern) as string)
      await expect.poll(optionTexts, { timeout: 20_000 }).toEqual(expect.arrayContaining(conversation))
      expect((await optionTexts())[0]).toContain('ARP')
      expect(page.url()).not.toContain('token')
    })

    it('draws one arrow for each of its segments, on the line of its row', async () => {
      await page.locator('[data-flow="0"]').click()
      await expect.poll(() => page.locator('.arrow').count()).toBeGreaterThanOrEqual(8)
      const packets = await options().evaluateAll((rows) => rows.map((row) => row.getAttribute('data-packet')))
      const arrows = await page.locator('.arrow').evaluateAll((elements) => elements.map((element) => element.getAttribute('data-packet')))
      expect(arrows).toEqual(packets)
      const list = await page.locator('.packet-rows').boundingBox()
      const plates = await page.locator('.arrow .plate').evaluateAll((elements) => elements.map((element) => element.getBoundingClientRect().top))
      plates.forEach((top, slot) => { expect(Math.abs(top - (list!.y + slot * 18 + 2))).toBeLessThan(1.5) })
    })

    it('decodes the bytes that were captured: header grid, flags and checksum agree', async () => {
      await page.locator('.packet-rows').click({ position: { x: 200, y: 9 } })
      await expect.poll(() => page.locator('.cell[data-field="tcp.flags.syn"]').getAttribute('class')).toContain('on')
      expect(await page.locator('.flag-bits [data-flag=syn]').innerText()).toContain('1.')
      expect(await page.locator('.cell[data-field="tcp.checksum"]').innerText()).toContain('correct')
      expect(await page.locator('.field-list').innerText()).toContain('mss 1460')
    })

    it('runs what is typed in the console, and prints what a button did', async () => {
      await runInConsole('flows')
      await expect.poll(consoleText).toMatch(/TIME_WAIT/)
      await page.locator('.toggle').click()
      await expect.poll(consoleText).toContain('capture stop')
      await expect.poll(status).toContain('Stopped')
      await page.keyboard.press('Control+e')
      await expect.poll(status).toContain('Capturing')
    })

    it('completes a display filter by keys, says what is wrong at its character, and shows what passes', async () => {
      await page.keyboard.press('Escape')
      const input = page.locator('.display-filter input')
      const all = await options().count()
      await input.click()
      await page.keyboard.type('tcp.flags.s')
      await expect.poll(() => page.locator('.display-filter [role=option]').allInnerTexts()).toEqual([expect.stringContaining('tcp.flags.syn') as string, expect.stringContaining('tcp.flags.str') as string])
      await page.keyboard.press('Tab')
      expect(await input.inputValue()).toBe('tcp.flags.syn ')
      await page.keyboard.type('=')
      await page.keyboard.press('Enter')
      await expect.poll(() => page.locator('.display-filter [role=alert]').innerText()).toBe('character 15: A single = compares nothing: write ==')
      expect(await input.getAttribute('aria-invalid')).toBe('true')
      expect(await page.locator('.display-filter .marks u').innerText()).toBe('=')
      await page.keyboard.type('= 1')
      await page.keyboard.press('Enter')
      await expect.poll(() => options().count()).toBe(2)
      for (const text of await optionTexts()) expect(text).toContain('SYN')
      expect(await page.locator('.display-filter [role=status]').innerText()).toBe('2 shown')
      await expect.poll(consoleText).toMatch(/packets --display 'tcp.flags.syn == 1'/)
      await page.locator('.packet-rows').focus()
      await page.keyboard.press('End')
      await expect.poll(async () => (await selectedRow())[0]).toContain('SYN+ACK')
      await page.getByRole('button', { name: 'Show all packets again' }).click()
      await expect.poll(() => options().count()).toBe(all)
      await expect.poll(async () => (await selectedRow())[0]).toContain('SYN+ACK')
    })

    it('prints what passes a display filter in the console too, and refuses what is none', async () => {
      await runInConsole('packets --display "tcp.flags.fin == 1"')
      await expect.poll(consoleText).toMatch(/FIN/)
      await runInConsole('packets --display "tcp.prot"')
      await expect.poll(consoleText).toContain('it goes wrong at its character 1')
    })

    it('complained about nothing', () => { expect(shown.complaints).toEqual([]) })
  })

  describe('on a core that plays given states', () => {
    let server: FixtureServer

    beforeAll(async () => { server = await startFixtureServer() })
    afterAll(() => server?.close())
    beforeEach(async () => {
      await open(server.url)
      await options().first().waitFor({ state: 'attached' })
    })
    afterEach(async () => {
      const { complaints } = shown
      await shown.close()
      expect(complaints.filter((text) => !text.includes('WebSocket connection'))).toEqual([])
    })

    it('selects everywhere at once: row, arrow, packet and status line', async () => {
      await page.locator('[data-flow="0"]').click()
      await page.locator('.arrow[data-packet="18"] text').click()
      await expect.poll(selectedRow).toEqual([expect.stringMatching(/^18 0\.053202 /)])
      await expect.poll(shownPacket).toBe('No. 18')
      await expect.poll(() => page.locator('.plate.selected').count()).toBe(1)
      expect(await status()).toContain('Selected: No. 18')
      await runInConsole('packet 4')
      await expect.poll(selectedRow).toEqual([expect.stringMatching(/^4 .* SYN\+ACK /)])
    })

    it('lights cell, bytes and flag bits from each other', async () => {
      await page.locator('[data-flow="0"]').click()
      await page.locator('.arrow[data-packet="18"] text').click()
      await page.locator('.cell[data-field="tcp.seq"]').hover()
      expect(await litBytes()).toEqual(['00', '00', '0f', '79'])
      expect(await status()).toContain('bytes 38 to 41')
      await page.locator('.hexes [data-byte="47"]').hover()
      await expect.poll(() => page.locator('.cell.picked').evaluateAll((cells) => cells.map((cell) => cell.getAttribute('data-field')))).toHaveLength(8)
      await page.locator('.flag-bits [data-flag=ack]').hover()
      await expect.poll(() => page.locator('.cell.picked').evaluateAll((cells) => cells.map((cell) => cell.getAttribute('data-field')))).toEqual(['tcp.flags.ack'])
      expect(await litBytes()).toEqual(['10'])
    })

    it('can be used by keyboard alone', async () => {
      await page.locator('[data-flow="0"]').focus()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowUp')
      await page.keyboard.press('Enter')
      await expect.poll(() => options().count()).toBe(25)
      await page.locator('.packet-rows').focus()
      await page.keyboard.press('Home')
      await expect.poll(shownPacket).toBe('No. 3')
      for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown')
      await expect.poll(shownPacket).toBe('No. 6')
      await page.locator('.cell[data-field="tcp.sourcePort"]').focus()
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('ArrowDown')
      expect(await page.evaluate(() => document.activeElement?.getAttribute('data-field'))).toBe('tcp.seq')
      expect(await litBytes()).toEqual(['00', '00', '00', '65'])
      await page.keyboard.press('F6')
      await page.keyboard.type('sockets')
      await page.keyboard.press('Enter')
      await expect.poll(consoleText).toContain('10.77.0.2:40101')
      await page.keyboard.press('F6')
      expect(await page.evaluate(() => document.activeElement?.getAttribute('data-field'))).toBe('tcp.seq')
    })

    it('keeps the picked field from packet to packet', async () => {
      await page.locator('[data-flow="0"]').click()
      await page.locator('.arrow[data-packet="6"] text').click()
      await page.locator('.cell[data-field="tcp.ack"]').click()
      await page.locator('.packet-rows').focus()
      await page.keyboard.press('ArrowDown')
      await expect.poll(shownPacket).toBe('No. 7')
      await page.mouse.move(5, 5)
      expect(await litBytes()).toEqual(['00', '00', '00', 'c9'])
    })

    it('reaches the first and the last packet of a long list, and asks the core for no more than pages', async () => {
      server.core.log.length = 0
      await page.locator('.packet-rows').focus()
      await page.keyboard.press('Home')
      await expect.poll(async () => (await optionTexts())[0]).toMatch(/^1 .*ARP/)
      await page.keyboard.press('End')
      await expect.poll(async () => (await optionTexts()).at(-1)).toMatch(/^1373 /)
      const asked = server.core.log.filter((entry) => entry.name === 'getPacketRows').map((entry) => (entry.args[0] as { count: number }).count)
      expect(asked.length).toBeLessThan(6)
      expect(Math.max(...asked)).toBeLessThanOrEqual(500)
    })

    it('shows a filter\'s mistake beneath it until the text changes', async () => {
      const field = page.locator('.capture-filter input')
      await field.fill('tcp bad')
      await field.press('Enter')
      await expect.poll(() => page.locator('.capture-filter [role=alert]').innerText()).toContain('syntax error')
      expect(await field.getAttribute('aria-invalid')).toBe('true')
      await field.press('End')
      await field.press('Backspace')
      expect(await page.locator('.capture-filter [role=alert]').count()).toBe(0)
      await field.press('Escape')
      expect(await field.inputValue()).toBe('tcp or arp')
    })

    it('turns counters amber with a sign the moment something is lost, and says so in the status line', async () => {
      expect(await page.locator('.counter.lost').count()).toBe(0)
      server.core.link = { ...server.core.link, statistics: { ...server.core.link.statistics, droppedByKernel: 12 } }
      await expect.poll(() => page.locator('.counter.lost').innerText()).toMatch(/▲.*\n?12/)
      await expect.poll(status).toMatch(/▲ 12 frames lost/)
      server.core.link = { ...server.core.link, statistics: { ...server.core.link.statistics, droppedByKernel: 0 } }
      await expect.poll(() => page.locator('.counter.lost').count()).toBe(0)
    })

    it('says in words why a link cannot be opened, and reports faults until they are dismissed', async () => {
      await page.locator('.link-selector').click()
      await expect.poll(() => page.locator('.link-menu').innerText()).toContain('192.0.2.17/24')
      expect(await page.locator('.link-menu .obstacle').first().innerText()).toMatch(/▲ .{10,}/)
      await page.keyboard.press('Escape')
      server.core.faults.push(fault('interfaceGone', { name: 'eth0' }))
      const alert = page.locator('.fault-line')
      await expect.poll(() => alert.count()).toBe(1)
      expect(await alert.innerText()).toContain('eth0')
      await alert.locator('button').click()
      await expect.poll(() => alert.count()).toBe(0)
    })

    it('says of a link that it opens after the system has asked, and lets it be chosen', async () => {
      await page.locator('.link-selector').click()
      const choice = page.locator('.link-menu .choice', { hasText: 'eth1' })
      expect(await choice.innerText()).toMatch(/after the system has asked/)
      expect(await choice.locator('.obstacle').count()).toBe(0)
      await choice.click()
      await expect.poll(() => server.core.log.filter(({ name }) => name === 'openLink').at(-1)?.args).toEqual([{ kind: 'nic', name: 'eth1', elevate: true }])
      await page.locator('.link-selector').click()
      await page.locator('.link-menu .choice', { hasText: 'eth0' }).click()
      await expect.poll(() => page.locator('.fault-line').innerText()).toContain('eth0')
      await page.locator('.fault-line button').click()
      expect(server.core.log.filter(({ name }) => name === 'openLink').at(-1)?.args).toEqual([{ kind: 'nic', name: 'eth1', elevate: true }])
    })

    it('says when the lab is lost, and goes on when it is back', async () => {
      server.dropShells()
      await expect.poll(() => page.locator('.fault-line[role=alert]').allInnerTexts()).toEqual([expect.stringContaining('does not answer')])
      await expect.poll(() => page.locator('.fault-line').count(), { timeout: 10_000 }).toBe(0)
      await expect.poll(() => options().count()).toBeGreaterThan(10)
    })

    it('completes commands, searches what was typed, and shows mistakes at their place', async () => {
      await page.locator('.terminal-place').click()
      await page.keyboard.type('interf')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await expect.poll(consoleText).toContain('192.0.2.17/24')
      await page.keyboard.type('packet abc')
      await page.keyboard.press('Enter')
      await expect.poll(consoleText).toMatch(/packet abc\n\s{12}\^/)
      await page.keyboard.press('Control+r')
      await page.keyboard.type('inter')
      await expect.poll(consoleText).toMatch(/inter.*interfaces/)
      await page.keyboard.press('Control+c')
      await page.keyboard.type('안녕하세요')
      await expect.poll(consoleText).toContain('안녕하세요')
    })

    it('switches language and colours at once and remembers both', async () => {
      await page.locator('.status-line select').nth(1).selectOption('ko')
      await expect.poll(() => page.locator('.rail').innerText()).toContain('캡처')
      expect(await page.locator('html').getAttribute('lang')).toBe('ko')
      await page.locator('.status-line select').nth(0).selectOption('light')
      expect(await page.locator('html').getAttribute('data-theme')).toBe('light')
      await page.reload()
      await expect.poll(() => page.locator('.rail').innerText()).toContain('캡처')
      expect(await page.locator('html').getAttribute('data-theme')).toBe('light')
      await runInConsole('language en')
      await expect.poll(() => page.locator('.rail').innerText()).toContain('Capture')
    })

    it('folds the console and remembers it', async () => {
      await page.getByRole('button', { name: 'Fold the console' }).click()
      expect((await page.locator('.console').boundingBox())!.height).toBeLessThan(30)
      await page.reload()
      await page.getByRole('button', { name: 'Open the console' }).waitFor()
    })

    it('opens Craft with the packet that is to be answered', async () => {
      await page.locator('[data-flow="0"]').click()
      await page.locator('.arrow[data-packet="18"] text').click()
      await page.getByRole('button', { name: 'Craft an answer' }).click()
      expect(await page.evaluate(() => localStorage.getItem('tcplab.workspace'))).toBe('"craft"')
    })

    it('shows what was found in a packet, proves it in words, and leads to the packets that prove it', async () => {
      await expect.poll(async () => (await optionTexts()).filter((text) => text.includes('retransmission')).length).toBeGreaterThan(0)
      const behind = await options().evaluateAll((rows) => rows.length - 1 - rows.findIndex((row) => row.textContent!.includes('retransmission')))
      await page.locator('.packet-rows').focus()
      await page.keyboard.press('End')
      for (let step = 0; step < behind; step++) await page.keyboard.press('ArrowUp')
      await expect.poll(() => page.locator('.packet-panel .findings').innerText()).toContain('This was sent before')
      expect(await page.locator('.packet-panel .summary .chip').innerText()).toBe('retransmission')
      await page.locator('.packet-panel .findings').getByRole('button', { name: 'No. 8' }).click()
      await expect.poll(shownPacket).toBe('No. 8')
    })

    it('gives every control a name', async () => {
      await page.locator('[data-flow="0"]').click()
      await page.locator('.arrow[data-packet="18"] text').click()
      const nameless = await page.evaluate(() => [...document.querySelectorAll<HTMLElement>('button, input, select, [role=listbox], [role=separator], [tabindex="0"]')]
        .filter((element) => !element.closest('.xterm') && !element.getAttribute('aria-label') && !element.closest('label') && !element.textContent?.trim() && !element.title)
        .map((element) => element.outerHTML.slice(0, 120)))
      expect(nameless).toEqual([])
    })
  })

  describe('in every size, language and colour', () => {
    let server: FixtureServer
    beforeAll(async () => { server = await startFixtureServer() })
    afterAll(() => server?.close())

    for (const language of ['en', 'ko'] as const) {
      for (const [width, height] of [[1440, 900], [1280, 800], [1024, 700], [1920, 1080]] as const) {
        it(`cuts no text and reaches nowhere beyond the window: ${language} at ${width} × ${height}`, async () => {
          await open(server.url, { width, height, language, theme: width === 1280 ? 'light' : 'dark' })
          await page.locator('[data-flow="0"]').click()
          await page.locator('.packet-rows').click({ position: { x: 200, y: 60 } })
          await page.locator('.header-grid').waitFor()
          await expect.poll(() => cutTexts(page)).toEqual([])
          expect(await strayElements(page)).toEqual([])
          expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight)).toBe(true)
          expect(shown.complaints).toEqual([])
          await shown.close()
        })
      }
    }

    it('makes the ladder a tab beside the packets where there is no room for both', async () => {
      await open(server.url, { width: 1100, height: 760 })
      await page.getByRole('tab', { name: 'Ladder' }).click()
      await page.locator('.ladder').waitFor()
      await page.keyboard.press('ArrowLeft')
      await page.locator('.packet-rows').waitFor()
      await shown.close()
    })
  })
})
