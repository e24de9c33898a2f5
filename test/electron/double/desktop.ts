import { EventEmitter } from 'node:events'

const area = { x: 0, y: 0, width: 1920, height: 1080 }
const display = { id: 1, bounds: area, workArea: area, scaleFactor: 1 }

/** One screen. */
export const screen = Object.assign(new EventEmitter(), {
  getAllDisplays: () => [display],
  getPrimaryDisplay: () => display,
})

export const nativeTheme = Object.assign(new EventEmitter(), { shouldUseDarkColors: true, themeSource: 'system' })

/** What the application opened outside of itself. */
export const shell = {
  async openExternal(): Promise<void> { throw new Error('a test must not open anything outside') },
  showItemInFolder(): void { throw new Error('a test must not open anything outside') },
}
