// npm run test:electron: the desktop specs of `npm test`, on a real Electron in place of its double.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { findElectron } from '../../main/setup/electron-binary.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const { binary, reason } = await findElectron((line) => console.log(line))
if (binary === null) {
  console.error(`The specs need Electron itself: ${reason}. npm test runs them on its double.`)
  process.exit(1)
}
const vitest = path.join(root, 'node_modules/vitest/vitest.mjs')
const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'window', 'electron'], { cwd: root, stdio: 'inherit', env: { ...process.env, TCPLAB_REAL_ELECTRON: '1' } })
process.exit(status ?? 1)
