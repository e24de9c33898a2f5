import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../../main/setup/chromium.mjs'
import { isReal, launch, launchSecond } from '../electron/driver.ts'
import type { ElectronRun } from '../electron/driver.ts'

const obstacle = isReal || findChromium() !== null ? null : 'needs Chromium, Chrome or Edge; CHROMIUM may name one'

/** The real main entry, preload and window, on the test double or (npm run test:electron) on Electron itself. */
describe(`desktop shell on ${isReal ? 'Electron' : 'the double of Electron'}`, () => {
  if (obstacle !== null) {
    it('starts', ({ skip }) => skip(obstacle))
    return
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tcplab-desktop-'))
  const userData = path.join(folder, 'user data')
  let run!: ElectronRun
  const bodyText = () => run.page.evaluate(() => document.body.innerText)

  beforeAll(async () => { run = await launch({ userData }) })
  afterAll(async () => {
    if (run?.process.exitCode === null) await run.quit()
    rmSync(folder, { recursive: true, force: true })
  })

  it('shows the window, connected to the lab, with the first conversation in it', async () => {
    expect(await run.page.title()).toBe('TCP Lab')
    await expect.poll(bodyText, { timeout: 20_000 }).toContain('10.77.0.1')
  })

  it('gives the page a frozen bridge and nothing of Node', async () => {
    const seen = await run.page.evaluate(() => {
      const page = globalThis as unknown as Record<string, object | undefined>
      return { keys: Object.keys(page.tcplab!).sort(), isFrozen: Object.isFrozen(page.tcplab), node: ['require', 'process', 'module', 'Buffer'].filter((name) => page[name] !== undefined) }
    })
    expect(seen).toEqual({ keys: ['onMessage', 'onOpenFile', 'platform', 'post', 'setLanguage'], isFrozen: true, node: [] })
  })

  it('runs no script that did not come with the window, and reaches no other host', async () => {
    const outcome = await run.page.evaluate(async () => {
      const script = document.createElement('script')
      script.textContent = 'window.wasInjected = true'
      document.body.append(script)
      const evaluated = await new Promise((resolve) => {
        const timer = document.createElement('div')
        timer.setAttribute('onclick', 'window.wasInjected = true')
        timer.click()
        setTimeout(resolve, 50)
      })
      const reached = await fetch('https://example.com/').then(() => true, () => false)
      return { evaluated, reached, wasInjected: 'wasInjected' in window }
    })
    expect(outcome).toEqual({ evaluated: undefined, reached: false, wasInjected: false })
  })

  it('serves the window\'s own files and nothing beside them', async () => {
    const status = await run.page.evaluate(async () => {
      const of = (url: string, method = 'GET') => fetch(url, { method }).then((answer) => answer.status)
      return [await of('/'), await of('/index.html'), await of('/missing.js'), await of('/..%2f..%2fpackage.json'), await of('/%2e%2e/main/electron.js'), await of('/', 'POST')]
    })
    expect(status).toEqual([200, 200, 404, 404, 404, 405])
  })

  it('refuses navigation and new windows', async () => {
    const before = run.page.url()
    await run.page.evaluate(() => {
      window.open('https://example.com/', '_blank')
      location.href = 'https://example.com/'
    })
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(run.page.url()).toBe(before)
    expect(await run.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1)
    await expect.poll(() => run.page.context().pages().length).toBe(1)
  })

  it('refuses permissions', async () => {
    const states = await run.page.evaluate(() => Promise.all((['geolocation', 'notifications', 'camera'] as PermissionName[]).map(async (name) => (await navigator.permissions.query({ name })).state)))
    expect(states).toEqual(['denied', 'denied', 'denied'])
  })

  it('listens to nobody but its own window', async () => {
    const labelsAfter = (url: string, parent: object | null) => run.evaluate((electron, sender) => {
      electron.ipcMain.emit('shell:language', { senderFrame: sender } as never, 'ko')
      return electron.Menu.getApplicationMenu()!.items.map(({ label }) => label)
    }, { url, parent })
    const english = ['File', 'Edit', 'View', 'Window', 'Help']
    const expected = process.platform === 'darwin' ? ['TCP Lab', ...english.slice(0, -1)] : english
    expect(await labelsAfter('https://example.com/', null)).toEqual(expected)
    expect(await labelsAfter('app://lab.example.com/', null)).toEqual(expected)
    expect(await labelsAfter('app://lab/', {})).toEqual(expected)
    expect(await run.evaluate((electron) => {
      electron.ipcMain.emit('shell:language', { senderFrame: null } as never, 'ko')
      return electron.Menu.getApplicationMenu()!.items.length
    })).toBe(expected.length)
  })

  it('shows its menu in the window\'s language', async () => {
    const setLanguage = (language: string) => run.page.evaluate((name) => (window as unknown as { tcplab: { setLanguage(name: string): void } }).tcplab.setLanguage(name), language)
    const firstLabel = () => run.evaluate(({ Menu }) => Menu.getApplicationMenu()!.getMenuItemById('openCapture')!.label)
    await setLanguage('ko')
    await expect.poll(firstLabel).toBe('캡처 파일 열기 …')
    await setLanguage('xx')
    await setLanguage('en')
    await expect.poll(firstLabel).toBe('Open Capture File …')
  })

  it('opens a capture file from the menu', async () => {
    const file = writeCapture(path.join(folder, 'from-menu.pcap'), '192.0.2.7')
    await run.evaluate((electron, chosen) => {
      electron.dialog.showOpenDialog = (async () => ({ canceled: false, filePaths: [chosen] })) as never
      electron.Menu.getApplicationMenu()!.getMenuItemById('openCapture')!.click()
    }, file)
    await expect.poll(bodyText, { timeout: 10_000 }).toContain('192.0.2.7')
  })

  it('is one instance: a second start hands its file over and ends', async () => {
    const file = writeCapture(path.join(folder, 'from-second.pcap'), '192.0.2.8')
    expect(await launchSecond({ userData, args: [file] })).toBe(0)
    await expect.poll(bodyText, { timeout: 10_000 }).toContain('192.0.2.8')
  })

  it('connects again when the window is loaded anew', async () => {
    await run.page.reload()
    await expect.poll(bodyText, { timeout: 10_000 }).toContain('192.0.2.8')
  })

  it('keeps the window\'s size, ends cleanly, and opens a file that it is started with', async () => {
    await run.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].setBounds({ x: 40, y: 40, width: 1111, height: 777 }))
    expect(await run.quit()).toBe(0)
    expect(JSON.parse(readFileSync(path.join(userData, 'window.json'), 'utf8'))).toMatchObject({ bounds: { width: 1111, height: 777 }, isMaximized: false })
    run = await launch({ userData, locale: 'ko', args: [writeCapture(path.join(folder, 'from-start.pcap'), '192.0.2.9')] })
    expect(await run.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].getBounds())).toMatchObject({ width: 1111, height: 777 })
    await expect.poll(bodyText, { timeout: 20_000 }).toContain('192.0.2.9')
  })

  it('survives a damaged state file', async () => {
    expect(await run.quit()).toBe(0)
    writeFileSync(path.join(userData, 'window.json'), '{"bounds": {"x": 9e9, "width": "wide"}')
    run = await launch({ userData })
    expect(await run.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].getBounds())).toMatchObject({ width: 1440, height: 900 })
  })
})

/** A capture of one SYN from an address that can be looked for (classic pcap, microseconds, Ethernet). */
function writeCapture(file: string, address: string): string {
  const frame = Buffer.alloc(54)
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6], 0)
  frame.set(address.split('.').map(Number), 26)
  frame.set([192, 0, 2, 1], 30)
  frame.set([0xc0, 0, 0, 80, 0, 0, 0, 100, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff], 34)
  const header = Buffer.alloc(24 + 16)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(65535, 16)
  header.writeUInt32LE(1, 20)
  header.writeUInt32LE(1_700_000_000, 24)
  header.writeUInt32LE(frame.length, 32)
  header.writeUInt32LE(frame.length, 36)
  writeFileSync(file, Buffer.concat([header, frame]))
  return file
}
