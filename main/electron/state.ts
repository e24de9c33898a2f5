import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { app, screen } from 'electron'
import type { BrowserWindow, Rectangle } from 'electron'

/** Where the window was when it was last closed. */
export interface WindowState { bounds: Rectangle | null, isMaximized: boolean }

const smallest = { width: 720, height: 480 }
const usual: WindowState = { bounds: null, isMaximized: false }

/** The state of the last run; the usual one where there is none, where it is damaged, or where its screen is gone. */
export function readWindowState(): WindowState {
  let stored: unknown
  try { stored = JSON.parse(readFileSync(stateFile(), 'utf8')) } catch { return usual }
  const { bounds, isMaximized } = (stored ?? {}) as Partial<Record<keyof WindowState, unknown>>
  return { bounds: isRectangle(bounds) && isVisible(bounds) ? bounds : null, isMaximized: isMaximized === true }
}

/** Written beside and moved into place, so that a crash leaves the old one. */
export function writeWindowState(window: BrowserWindow): void {
  const state: WindowState = { bounds: window.getNormalBounds(), isMaximized: window.isMaximized() }
  const file = stateFile()
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(`${file}.new`, JSON.stringify(state))
    renameSync(`${file}.new`, file)
  } catch {
    // A place that cannot be written costs the window its memory and nothing else.
  }
}

export const smallestWindow = smallest

function stateFile(): string {
  return path.join(app.getPath('userData'), 'window.json')
}

function isRectangle(value: unknown): value is Rectangle {
  const { x, y, width, height } = (value ?? {}) as Partial<Record<keyof Rectangle, unknown>>
  return [x, y, width, height].every(Number.isInteger) && (width as number) >= smallest.width && (height as number) >= smallest.height
}

/** Enough of the title bar lies on some screen to be dragged. */
function isVisible({ x, y, width }: Rectangle): boolean {
  return screen.getAllDisplays().some(({ workArea }) =>
    x + width > workArea.x + 100 && x < workArea.x + workArea.width - 100 && y >= workArea.y && y < workArea.y + workArea.height - 50)
}
