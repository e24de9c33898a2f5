import { FitAddon } from '@xterm/addon-fit'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { Terminal } from '@xterm/xterm'
import { nextTick, onMounted, onUnmounted, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { useLanguage } from '../i18n.ts'
import { useLab } from '../lab/store.ts'
import { useSelection } from '../selection.ts'
import { isStringList, storedRef } from '../stored.ts'
import { useTheme } from '../theme.ts'
import { toned, withoutColours } from './ansi.ts'
import { ConsoleRunner } from './console-runner.ts'
import { useConsole, type ConsoleEvent } from './console-session.ts'
import { LineEditor } from './line-editor.ts'
import { ResultPrinter } from './print-result.ts'
import { terminalTheme } from './terminal-theme.ts'

export const consolePrompt = 'lab> '
const transcriptAtMost = 200

export interface ConsoleTerminal {
  /** The latest lines without their colours, for screen readers; the terminal itself is a picture. */
  transcript: ShallowRef<readonly string[]>
  /** The line being edited. */
  line: ShallowRef<string>
  focus(): void
  hasFocus(): boolean
}

/**
 * The terminal of the console: what is typed goes through the line editor to the runner, and buttons print their console form above the line.
 * @param place element that the terminal fills
 * @param isShown whether it has a size
 * @param onLine called with every line that ran or was printed
 */
export function useTerminal(place: Ref<HTMLElement | null>, isShown: Ref<boolean>, onLine: (line: string) => void): ConsoleTerminal {
  const { t, te, tFault, language } = useLanguage()
  const theme = useTheme()
  const lab = useLab()
  const selection = useSelection()
  const session = useConsole()
  const history = storedRef<string[]>('consoleHistory', [], isStringList)

  const terminal = new Terminal({ fontSize: 12, lineHeight: 1.05, convertEol: true, cursorBlink: false, cursorInactiveStyle: 'outline', scrollback: 5000, screenReaderMode: false })
  const fit = new FitAddon()
  const printer = new ResultPrinter({ t: (key, params) => t(key, params ?? {}), te, tFault }, () => terminal.cols)
  const typed: string[] = []
  const transcript = shallowRef<readonly string[]>([])
  const currentLine = shallowRef('')
  let isBusy = false

  const editor = new LineEditor({
    prompt: consolePrompt,
    history: [...history.value],
    complete: (line, cursor) => runner.complete(line, cursor),
    explain: ({ kind, command }) => kind === 'command' && command ? t(`commands.summary.${command}`) : '',
    searchPrompt: (query, found) => t(found ? 'window.console.search' : 'window.console.searchFailed', { query }),
  })
  const runner: ConsoleRunner = new ConsoleRunner({
    lab,
    printer,
    prompt: consolePrompt,
    print: writeLines,
    clear: () => {
      terminal.clear()
      transcript.value = []
    },
    setLanguage: (now) => { language.value = now },
    setTheme: (now) => { theme.choice.value = now },
    onDone: (command) => {
      if (command.command === 'packet') selection.pickPacket(command.args.number)
      if (command.command === 'watch') selection.connection.value = command.args.connection ?? null
    },
  })

  function writeLines(lines: readonly string[]): void {
    if (lines.length === 0) return
    terminal.write(`${lines.join('\r\n')}\r\n`)
    transcript.value = [...transcript.value, ...lines.map(withoutColours)].slice(-transcriptAtMost)
  }

  /** Input that arrives while a command runs waits for it, so that answers stay under their questions. */
  async function take(data: string): Promise<void> {
    typed.push(data)
    if (isBusy) return
    isBusy = true
    for (let piece = typed.shift(); piece !== undefined; piece = typed.shift()) {
      const { output, events } = editor.handle(piece)
      terminal.write(output)
      for (const event of events) {
        if (event.kind === 'clearScreen') terminal.write(`${editor.hide()}\x1b[2J\x1b[H`)
        if (event.kind !== 'clearScreen') transcript.value = [...transcript.value, consolePrompt + event.line].slice(-transcriptAtMost)
        if (event.kind === 'line') {
          history.value = [...editor.history]
          onLine(event.line)
          await runner.run(event.line)
        }
        terminal.write(editor.start())
      }
      currentLine.value = editor.shown
    }
    isBusy = false
  }

  /** Prints above the line that is being edited. */
  function printAbove(lines: readonly string[]): void {
    if (!isBusy) terminal.write(editor.hide())
    writeLines(lines)
    if (!isBusy) terminal.write(editor.start())
  }

  function show(event: ConsoleEvent): void {
    if (event.kind === 'fault') return printAbove(printer.fault(event.fault))
    onLine(event.line)
    printAbove(event.line.split('\n').map((line) => toned('accent', consolePrompt) + toned('text', line)))
  }

  function refit(): void {
    if (!isShown.value || !place.value?.clientHeight) return
    fit.fit()
    editor.columns = terminal.cols
    editor.rows = terminal.rows
  }

  const observer = new ResizeObserver(refit)
  onMounted(async () => {
    const element = place.value!
    terminal.options.theme = terminalTheme(element)
    terminal.options.fontFamily = getComputedStyle(element).getPropertyValue('--font-mono').trim()
    await document.fonts.load('12px "TCP Lab Mono"')
    terminal.loadAddon(fit)
    terminal.loadAddon(new WebLinksAddon())
    terminal.attachCustomKeyEventHandler((event) => !isWindowKey(event, terminal))
    terminal.open(element)
    terminal.textarea?.setAttribute('aria-label', t('window.console.input'))
    observer.observe(element)
    refit()
    terminal.write(`\x1b[?2004h${toned('dim', t('window.console.welcome'))}\r\n${editor.start()}`)
    terminal.onData((data) => { void take(data) })
    session.attach(show)
  })
  onUnmounted(() => {
    observer.disconnect()
    terminal.dispose()
  })
  watch(theme.shown, async () => {
    await nextTick()
    if (place.value) terminal.options.theme = terminalTheme(place.value)
  })
  watch(language, () => terminal.textarea?.setAttribute('aria-label', t('window.console.input')))
  watch(isShown, async () => {
    await nextTick()
    refit()
  })
  return {
    transcript,
    line: currentLine,
    focus: () => terminal.focus(),
    hasFocus: () => document.activeElement === terminal.textarea,
  }
}

/** Keys that stay the window's while the console has the focus; copying what is selected is the browser's. */
function isWindowKey(event: KeyboardEvent, terminal: Terminal): boolean {
  if (event.key === 'F6' || (event.ctrlKey && ['`', 'e', '1', '2', '3'].includes(event.key.toLowerCase()))) return true
  return event.ctrlKey && event.key.toLowerCase() === 'c' && terminal.hasSelection()
}
