import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { FaultError, fault } from '../../src/base/fault.ts'
import { findProgram } from '../link/find-program.ts'

/** Where installers put it that are not on the path. */
const usualPlaces = ['/Applications/Wireshark.app/Contents/MacOS/Wireshark', 'C:\\Program Files\\Wireshark\\Wireshark.exe']
const howToGet: Partial<Record<NodeJS.Platform, string>> = { linux: 'sudo apt install wireshark', darwin: 'brew install --cask wireshark', win32: 'winget install WiresharkFoundation.Wireshark' }

/**
 * Opens a capture file in Wireshark, which goes on when the lab ends.
 * @throws FaultError wiresharkNotFound
 */
export function openInWireshark(file: string): { program: string } {
  const program = findProgram('wireshark') ?? usualPlaces.find((place) => existsSync(place)) ?? null
  if (program === null) throw new FaultError(fault('wiresharkNotFound', { how: howToGet[process.platform] ?? 'https://www.wireshark.org/download.html', path: file }))
  const child = spawn(program, ['-r', file], { detached: true, stdio: 'ignore' })
  child.on('error', () => { /* it was there a moment ago: whoever asked sees that no window comes */ })
  child.unref()
  return { program }
}
