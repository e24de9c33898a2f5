import { createApp } from 'vue'
import App from './App.vue'
import { createConsole, consoleKey } from './console/console-session.ts'
import { alsoInConsole, printRecordingFaults } from './console/lab-faults.ts'
import { followDesktop } from './desktop.ts'
import { createFaultList, faultListKey } from './fault-list.ts'
import { createLanguage } from './i18n.ts'
import { connectLab } from './lab/client.ts'
import { createLab, labKey } from './lab/store.ts'
import { openTransport } from './lab/transport.ts'
import { createActions, actionsKey } from './run-command.ts'
import { createSelection, selectionKey } from './selection.ts'
import { createTheme, themeKey } from './theme.ts'
import type { Language } from '../src/words/catalogue.ts'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/panels.css'
import './styles/tables.css'

const i18n = createLanguage()
const theme = createTheme()
const faults = createFaultList()
const connection = connectLab(openTransport())
const consoleSession = createConsole()
const lab = createLab(connection, alsoInConsole(faults, consoleSession))
const selection = createSelection(lab)
printRecordingFaults(lab, consoleSession)
const actions = createActions(lab.client, consoleSession, faults)
followDesktop(actions, () => i18n.global.locale.value as Language)

createApp(App)
  .use(i18n)
  .provide(themeKey, theme)
  .provide(faultListKey, faults)
  .provide(labKey, lab)
  .provide(selectionKey, selection)
  .provide(consoleKey, consoleSession)
  .provide(actionsKey, actions)
  .mount('#app')
