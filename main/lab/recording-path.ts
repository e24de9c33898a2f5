import { mkdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Where recordings go unless a shell says otherwise: the place for a program's data on each system. */
export function defaultRecordingFolder(platform: NodeJS.Platform = process.platform, env: NodeJS.ProcessEnv = process.env): string {
  const home = os.homedir()
  switch (platform) {
    case 'win32': return path.join(env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'), 'tcplab', 'recordings')
    case 'darwin': return path.join(home, 'Library', 'Application Support', 'tcplab', 'recordings')
    default: return path.join(env.XDG_DATA_HOME ?? path.join(home, '.local', 'share'), 'tcplab', 'recordings')
  }
}

/** `tcplab-20261121-041530-eth0.pcapng`, in local time. */
export function recordingPath(folder: string, linkName: string, nowUs: number): string {
  const at = new Date(nowUs / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`
  const time = `${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`
  const name = linkName.replace(/[^A-Za-z0-9_.-]+/g, '_').slice(0, 40)
  return path.join(folder, `tcplab-${day}-${time}-${name}.pcapng`)
}

/** A path for a new recording, in a folder that is there, as far as it can be made; where it cannot, opening the file says so. */
export function newRecordingPath(folder: string, linkName: string, nowUs: number): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch {
    // The recorder meets the same obstacle, and has the words for it.
  }
  return recordingPath(folder, linkName, nowUs)
}
