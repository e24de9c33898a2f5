import type { ITheme } from '@xterm/xterm'

/** The palette of the console from the design tokens; `ansi.ts` says what each colour means. */
export function terminalTheme(element: Element): ITheme {
  const style = getComputedStyle(element)
  const token = (name: string) => style.getPropertyValue(name).trim()
  return {
    background: token('--panel'),
    foreground: token('--text-2'),
    cursor: token('--text'),
    cursorAccent: token('--panel'),
    selectionBackground: token('--sel-strong'),
    black: token('--panel'),
    brightBlack: token('--text-3'),
    red: token('--sev-error'),
    green: token('--accent'),
    yellow: token('--sev-warn'),
    blue: token('--c2s'),
    magenta: token('--flag-p'),
    cyan: token('--sev-note'),
    white: token('--text-2'),
    brightWhite: token('--text'),
    extendedAnsi: [token('--s2c')],
  }
}
