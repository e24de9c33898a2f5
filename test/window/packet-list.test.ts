import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { useFixtureWindow } from '../support/fixture-window.ts'
import { cutTexts, strayElements, windowObstacle, type WindowOptions, type WindowPage } from '../support/window-page.ts'

const rowHeight = 18

describe('times and colours of the packet list', { skip: windowObstacle !== null }, () => {
  const lab = useFixtureWindow()
  let shown: WindowPage
  let page: Page

  async function open(options?: WindowOptions): Promise<void> {
    shown = await lab.open(options)
    page = shown.page
    await page.locator('[data-flow="0"]').click()
    await page.locator('.packet-rows [data-packet="18"]').waitFor({ state: 'attached' })
  }
  const openDialog = () => page.getByRole('button', { name: 'Time format and colours of the list' }).click()
  const textOf = (packet: number) => page.locator(`.packet-rows [data-packet="${packet}"]`).innerText()
  /** The colour of a row's ground, between its columns. */
  const groundOf = async (packet: number) => {
    const slot = await page.locator('.packet-rows [role=option]').evaluateAll((rows, wanted) => rows.findIndex((row) => row.getAttribute('data-packet') === wanted), String(packet))
    return page.locator('.packet-rows canvas').evaluate((element: HTMLCanvasElement, y) => [...element.getContext('2d')!.getImageData(1, y * devicePixelRatio, 1, 1).data.slice(0, 3)].join(','), slot * rowHeight + 1)
  }

  it('colour what was found in, and mark it with a letter that a screen reader reads', async () => {
    await open()
    await expect.poll(() => textOf(18)).toContain('colour rule A')
    expect(await textOf(4)).not.toContain('colour rule')
    await expect.poll(async () => await groundOf(18) === await groundOf(4)).toBe(false)
  })

  it('follow rules that are changed, ordered, added and kept', async () => {
    await open()
    await openDialog()
    await page.getByRole('textbox', { name: 'Display filter of rule 1' }).fill('tcp.seq_raw == 3961')
    await expect.poll(() => textOf(18)).toContain('colour rule R')
    await page.getByRole('button', { name: 'Move rule 1 down' }).click()
    await expect.poll(() => textOf(18)).toContain('colour rule A')
    await page.getByRole('checkbox', { name: 'Rule 1 is on' }).uncheck()
    await expect.poll(() => textOf(18)).toContain('colour rule R')
    await page.getByRole('button', { name: 'Add a rule' }).click()
    await page.getByRole('textbox', { name: 'Display filter of rule 8' }).fill('tcp.flags.syn ==')
    await page.getByText('This is no display filter').waitFor()
    await page.getByRole('textbox', { name: 'Display filter of rule 8' }).fill('tcp.flags.syn == 1')
    await page.getByRole('textbox', { name: 'Letter of rule 8' }).fill('y')
    await expect.poll(() => textOf(3)).toContain('colour rule y')
    await page.getByRole('button', { name: 'Close' }).click()
    await page.reload()
    await page.locator('[data-flow="0"]').click()
    await expect.poll(() => textOf(3)).toContain('colour rule y')
    await openDialog()
    await page.getByRole('button', { name: 'As at first' }).click()
    await expect.poll(() => textOf(3)).not.toContain('colour rule')
    expect(shown.complaints).toEqual([])
  })

  it('show times in five formats', async () => {
    await open()
    expect(await textOf(4)).toContain('4 0.020871 ')
    await openDialog()
    const format = page.getByRole('combobox', { name: 'Time' })
    for (const [name, expected] of [
      ['since the row above', /^4 0\.010459 /], ['time of day', /^4 \d\d:\d\d:\d\d\.020976 /], ['date and time of day', /^4 2026-11-\d\d \d\d:\d\d:\d\d\.020976 /],
      ['seconds since 1970', /^4 1795000000\.020976 /], ['since the first packet', /^4 0\.020871 /],
    ] as const) {
      await format.selectOption(name)
      await expect.poll(() => textOf(4)).toMatch(expected)
    }
  })

  for (const [language, theme, width, height] of [['en', 'light', 1440, 900], ['ko', 'dark', 1100, 760]] as const) {
    it(`cut no text and reach nowhere beyond the window: ${language}, ${theme}, ${width} × ${height}`, async () => {
      await open({ language, theme, width, height })
      await page.getByRole('button', { name: language === 'ko' ? '목록의 시각 형식과 색' : 'Time format and colours of the list' }).click()
      await expect.poll(() => cutTexts(page)).toEqual([])
      expect(await strayElements(page)).toEqual([])
      expect(shown.complaints).toEqual([])
    })
  }
})
