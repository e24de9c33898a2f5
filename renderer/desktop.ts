import { watch } from 'vue'
import type { Language } from '../src/words/catalogue.ts'
import type { Actions } from './run-command.ts'

/** What the desktop shell offers besides the line to the lab; absent in a browser. */
interface DesktopBridge {
  onOpenFile(listener: (path: string) => void): void
  setLanguage(language: Language): void
}

/** Opens the files that the shell hands over, as the console's `open` would, and keeps the shell's menu in the window's language. */
export function followDesktop(actions: Actions, language: () => Language): void {
  const bridge = window.tcplab as DesktopBridge | undefined
  if (bridge === undefined) return
  bridge.onOpenFile((path) => { void actions.runAction('openLink', { kind: 'file', name: path }) })
  watch(language, (now) => bridge.setLanguage(now), { immediate: true })
}
