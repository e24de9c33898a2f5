import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveLab, temporaryFolder, type ServedLab } from '../support/lab-window.ts'
import { launchBrowser, openWindow, windowObstacle } from '../support/window-page.ts'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const conformance = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']
/** Cells of a header are read out with the whole names of fields where there is room for short ones only. */
const meant = ['label-content-name-mismatch']
const workspaces = ['capture', 'endpoint', 'craft', 'scripts']

describe.skipIf(windowObstacle !== null)(`what assistive technology finds in the window${windowObstacle === null ? '' : ` (${windowObstacle})`}`, () => {
  let browser: Browser
  let lab: ServedLab

  beforeAll(async () => {
    browser = await launchBrowser()
    lab = await serveLab({ kind: 'virtual' }, temporaryFolder())
  })
  afterAll(async () => {
    await browser?.close()
    await lab?.close()
  })

  it.each([['en', 'dark'], ['ko', 'light']] as const)('breaks no rule of WCAG 2.1 AA in %s, %s', async (language, theme) => {
    const shown = await openWindow(browser, lab.url, { language, theme })
    const { page } = shown
    await page.locator('[data-flow="0"]').click()
    await page.locator('.packet-rows').click({ position: { x: 200, y: 9 } })
    await page.locator('.packet-panel .summary .number').waitFor()
    await page.evaluate(axeSource)
    const broken: string[] = []
    for (const [at, workspace] of workspaces.entries()) {
      await page.locator('.rail button').nth(at).click()
      await page.locator(`.workspace-main.${workspace} .panel-head`).first().waitFor()
      const { violations } = await page.evaluate((tags) => (globalThis as unknown as { axe: typeof axe }).axe.run(document, { runOnly: tags }), conformance)
      for (const { id, nodes } of violations) if (!meant.includes(id)) broken.push(...nodes.map((node) => `${workspace}: ${id} ${String(node.target)}`))
    }
    expect(broken).toEqual([])
    expect(shown.complaints).toEqual([])
    await shown.close()
  })
})
