// npm run screenshots: the pictures of the README, taken from the real lab after its first conversation, in both languages.
import './node-version.mjs'
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { ensureBuilt } from './build.mjs'
import { chromiumFlags, findChromium } from './chromium.mjs'
import { root } from './root.mjs'

const pictures = [
  { name: 'capture', workspace: 'capture', theme: 'dark', packet: 12 },
  { name: 'endpoint', workspace: 'endpoint', theme: 'dark' },
  { name: 'craft', workspace: 'craft', theme: 'dark' },
  { name: 'capture-light', workspace: 'capture', theme: 'light', packet: 7 },
  { name: 'graphs', workspace: 'capture', theme: 'dark', captureTab: 'graphs', link: 'virtual', lossyTransfer: true },
]
/** Typed into the console of the virtual link: a transfer over a network that loses frames. */
const lossyTransfer = ['impair --loss 2 --delay 10 --kbps 20000', 'connect 10.77.0.1 19']
/** Of the packet list, in pixels. */
const rowHeight = 18
const folder = path.join(root, 'docs/pictures')

await ensureBuilt(console.log)
mkdirSync(folder, { recursive: true })
const { chromium } = await import('playwright-core')
const browser = await chromium.launch({ executablePath: findChromium() ?? undefined, args: chromiumFlags })
try {
  for (const link of ['', 'virtual']) await takeAll(link)
} finally {
  await browser.close()
}

async function takeAll(link) {
  const server = spawn(process.execPath, [path.join(root, 'out/main/tcplab.js'), 'serve', '--port', '0', ...link === '' ? [] : ['--link', link]], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const url = await firstUrl(server.stdout)
    for (const language of ['en', 'ko']) {
      for (const picture of pictures.filter((one) => (one.link ?? '') === link)) await take(url, language, picture)
    }
  } finally {
    server.kill('SIGINT')
  }
}

async function take(url, language, { name, workspace, theme, packet, captureTab = 'packets', lossyTransfer: isLossy = false }) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', locale: language === 'ko' ? 'ko-KR' : 'en-US' })
  await context.addInitScript((stored) => {
    for (const [key, value] of Object.entries(stored)) localStorage.setItem(`tcplab.${key}`, JSON.stringify(value))
  }, { language, theme, workspace, captureTab })
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForFunction(() => document.body.innerText.includes('TIME_WAIT') || document.body.innerText.includes('CLOSED'), null, { timeout: 15_000 })
  await page.waitForTimeout(1500)
  if (packet !== undefined) await page.locator('.packet-rows').click({ position: { x: 200, y: rowHeight * (packet - 0.5) } })
  if (isLossy) await transfer(page)
  await page.waitForTimeout(300)
  const file = path.join(folder, `${name}-${language}.png`)
  await page.screenshot({ path: file })
  console.log(path.relative(root, file))
  await context.close()
}

/** The flow that the transfer makes is the last one. */
async function transfer(page) {
  await page.locator('.console .xterm').click()
  for (const line of lossyTransfer) {
    await page.keyboard.type(line)
    await page.keyboard.press('Enter')
  }
  await page.waitForTimeout(3000)
  await page.locator('[data-flow]').last().click()
  await page.locator('.legend button').first().waitFor()
  await page.waitForTimeout(700)
}

function firstUrl(output) {
  return new Promise((resolve, reject) => {
    let text = ''
    output.on('data', (chunk) => {
      text += chunk
      const found = /http:\/\/\S+/.exec(text)
      if (found) resolve(found[0])
    })
    output.on('end', () => reject(new Error('the server ended before it printed its address')))
  })
}
