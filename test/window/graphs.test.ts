import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { useFixtureWindow } from '../support/fixture-window.ts'
import { cutTexts, strayElements, windowObstacle, type WindowOptions, type WindowPage } from '../support/window-page.ts'

describe('graphs of a flow', { skip: windowObstacle !== null }, () => {
  const lab = useFixtureWindow()
  let shown: WindowPage
  let page: Page

  async function open(options?: WindowOptions): Promise<void> {
    shown = await lab.open(options)
    page = shown.page
    await page.locator('[data-flow="0"]').click()
    await page.getByRole('tab', { name: options?.language === 'ko' ? '그래프' : 'Graphs' }).click()
    await page.locator('.legend button').first().waitFor()
  }
  const plot = () => page.locator('.plot')
  const readout = () => page.locator('.readout').innerText()
  const selected = () => page.locator('.status-line').innerText()
  /** Colours of the plot that are not its ground. */
  const painted = () => plot().locator('canvas').evaluate((element: HTMLCanvasElement) => {
    const { data } = element.getContext('2d')!.getImageData(0, 0, element.width, element.height)
    const seen = new Map<string, number>()
    for (let i = 0; i < data.length; i += 4) {
      const color = `${data[i]},${data[i + 1]},${data[i + 2]}`
      seen.set(color, (seen.get(color) ?? 0) + 1)
    }
    return Object.fromEntries(seen)
  })
  const lastRequest = () => lab.server.core.log.filter(({ name }) => name === 'flowSeries').at(-1)!.args[0] as { from?: number, to?: number, kind: string, sender?: string, columns: number }
  const sight = async () => (await page.locator('.graphs .visually-hidden p').first().innerText()).match(/from ([\d.]+ \S+) to|: ([\d.]+ \S+) to/)?.slice(1).find(Boolean)

  it('are drawn, with a legend of what is in them and a table for who does not see them', async () => {
    await open()
    const labels = await page.locator('.legend button').allInnerTexts()
    for (const label of ['segments', 'retransmissions', 'acknowledged', 'edge of the receive window']) expect(labels.map((text) => text.trim())).toContain(label)
    await expect.poll(async () => Object.keys(await painted()).length).toBeGreaterThan(10)
    const rows = page.locator('.graphs .visually-hidden table:not(.held) tbody tr')
    expect(await rows.count()).toBe(await page.locator('.legend [data-series]').count())
    expect(await rows.filter({ hasText: 'retransmissions' }).innerText()).toMatch(/1\s+1961 B\s+3\.421 kB/)
    expect(shown.complaints).toEqual([])
  })

  it('show what kept the sender back, by pattern, in words and at a moment', async () => {
    await open()
    const held = page.locator('.graphs .held tbody tr')
    expect(await held.filter({ hasText: 'closed window' }).innerText()).toMatch(/server\s+held back: closed window\s+1\s+[\d.]+ ms/)
    expect(await page.locator('.legend [data-limit]').count()).toBe(await held.count())
    await plot().focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('End')
    let found = await readout()
    for (let i = 0; i < 40 && !found.includes('server held back: closed window'); i++) {
      await page.keyboard.press('ArrowRight')
      found = await readout()
    }
    expect(found).toContain('server held back: closed window')
    await page.locator('.legend [data-limit=zeroWindow]').click()
    await expect.poll(() => page.locator('.legend [data-limit=zeroWindow]').getAttribute('aria-pressed')).toBe('false')
  })

  it('zoom with the wheel and by keys, move by dragging, and come back', async () => {
    await open()
    const box = (await plot().boundingBox())!
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -300)
    await expect.poll(() => lastRequest().from ?? 0).toBeGreaterThan(0)
    const before = await sight()
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2 + 200, box.y + box.height / 2, { steps: 4 })
    await page.mouse.up()
    await expect.poll(sight).not.toBe(before)
    await plot().focus()
    await page.keyboard.press('0')
    await expect.poll(sight).toBe('0 µs')
    await page.keyboard.press('+')
    await expect.poll(sight).not.toBe('0 µs')
    await page.getByRole('button', { name: 'Show the whole flow' }).click()
    await expect.poll(sight).toBe('0 µs')
  })

  it('pick the packet of a mark, by click and by keys, everywhere', async () => {
    await open()
    const box = (await plot().boundingBox())!
    let found = ''
    for (let x = 70; x < box.width - 30 && !found.includes('retransmissions'); x += 4) {
      for (let y = 40; y < box.height - 60 && !found.includes('retransmissions'); y += 12) {
        await page.mouse.move(box.x + x, box.y + y)
        found = await readout()
      }
    }
    expect(found).toMatch(/retransmissions: .* No\. 18/)
    await page.mouse.down()
    await page.mouse.up()
    await expect.poll(selected).toContain('No. 18')
    await expect.poll(() => page.locator('.plot line.selected').count()).toBe(1)
    await plot().focus()
    await page.mouse.move(0, 0)
    await page.keyboard.press('ArrowRight')
    await expect.poll(readout).toMatch(/No\. \d+/)
    await page.keyboard.press('ArrowRight')
    const packet = /No\. \d+/.exec(await readout())![0]
    await page.keyboard.press('Enter')
    await expect.poll(selected).toContain(packet)
  })

  it('hide a series, and remember which', async () => {
    await open()
    const button = page.locator('.legend [data-series=windowEdge]')
    await button.click()
    expect(await button.getAttribute('aria-pressed')).toBe('false')
    await page.reload()
    await page.locator('[data-flow="0"]').click()
    await expect.poll(() => page.locator('.legend [data-series=windowEdge]').getAttribute('aria-pressed')).toBe('false')
  })

  it('are of four kinds, and of either end', async () => {
    await open()
    for (const [name, series] of [['Throughput', 'client: sent'], ['RTT', 'data of the server'], ['Window', 'client: bytes in flight']]) {
      await page.getByRole('combobox', { name: 'What is drawn' }).selectOption(name)
      await expect.poll(() => page.locator('.legend').innerText()).toContain(series)
    }
    await page.getByRole('combobox', { name: 'What is drawn' }).selectOption('Sequence')
    await page.getByRole('combobox', { name: 'Whose data' }).selectOption('client')
    await expect.poll(() => lastRequest().sender).toBe('client')
    await expect.poll(() => page.locator('.graphs .visually-hidden tbody tr').filter({ hasText: 'acknowledged' }).innerText()).toMatch(/102 B/)
  })

  it('are saved as SVG and as PNG', async () => {
    await open()
    for (const [name, file, begins] of [['SVG', 'stream-0-sequence.svg', '<svg xmlns'], ['PNG', 'stream-0-sequence.png', '\x89PNG']] as const) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: `Save this graph as ${name}` }).click()])
      expect(download.suggestedFilename()).toBe(file)
      const bytes = readFileSync(await download.path())
      expect(bytes.toString('latin1')).toMatch(new RegExp(`^${begins}`))
      if (name === 'SVG') expect(bytes.toString()).toContain('10.77.0.80:80 → 10.77.0.2:40100')
      else expect([bytes.readUInt32BE(16) > 1900, bytes.length > 10_000]).toEqual([true, true])
    }
    expect(shown.complaints).toEqual([])
  })

  for (const [language, theme, width, height] of [['en', 'dark', 1440, 900], ['ko', 'light', 1100, 760], ['ko', 'dark', 1024, 700]] as const) {
    it(`cut no text and reach nowhere beyond the window: ${language}, ${theme}, ${width} × ${height}`, async () => {
      await open({ language, theme, width, height })
      await expect.poll(() => cutTexts(page)).toEqual([])
      expect(await strayElements(page)).toEqual([])
      expect(shown.complaints).toEqual([])
    })
  }
})
