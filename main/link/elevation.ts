import { spawnSync } from 'node:child_process'
import { findProgram } from './find-program.ts'

/** What planning looks at; {@link thisMachine} is the real one. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's number; -1 where users have none. */
  readonly uid: number
  /** The file of a program, or null. */
  find(program: string): string | null
  /** Whether this `sudo` starts programs without asking; looked at only where nothing else is there. */
  sudoAsksNothing(sudo: string): boolean
}

/** One way to start a program with an administrator's rights. */
export interface Elevation {
  readonly way: 'pkexec' | 'sudo' | 'osascript' | 'powershell'
  /** The program that asks, where it lies. */
  readonly file: string
}

/** Why there is no way: the words are the variants of the fault `interfaceNoPermission`. */
export type ElevationObstacle = 'isAdministrator' | 'appImage' | 'noWay'

/** How this user can start one program with more rights, or why not. */
export function planElevation(machine: Machine): Elevation | ElevationObstacle {
  const { platform, env, uid } = machine
  // Whom even root's rights do not suffice, nobody can ask for more.
  if (uid === 0) return 'isAdministrator'
  if (platform === 'win32') return { way: 'powershell', file: `${env.SystemRoot ?? 'C:\\Windows'}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe` }
  if (platform === 'darwin') return { way: 'osascript', file: '/usr/bin/osascript' }
  if (platform !== 'linux') return 'noWay'
  // An AppImage is mounted for its user alone: not even root may read the program in it.
  if (env.APPIMAGE) return 'appImage'
  const pkexec = env.DISPLAY || env.WAYLAND_DISPLAY ? machine.find('pkexec') : null
  if (pkexec !== null) return { way: 'pkexec', file: pkexec }
  const sudo = machine.find('sudo')
  return sudo !== null && machine.sudoAsksNothing(sudo) ? { way: 'sudo', file: sudo } : 'noWay'
}

/**
 * The command line that starts a command with more rights. Ways that start with an empty environment get `env` on the way.
 * @throws RangeError for an argument that cannot be handed over: with a NUL, on Windows also with `"`
 */
export function elevate({ way, file }: Elevation, command: readonly string[], env: Readonly<Record<string, string>> = {}): string[] {
  const unfit = command.find((argument) => argument.includes('\0') || (way === 'powershell' && argument.includes('"')))
  if (unfit !== undefined) throw new RangeError(`${JSON.stringify(unfit)} cannot be handed to a program with more rights`)
  if (way === 'powershell') return runAs(file, command, env)
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const whole = settings.length > 0 ? ['/usr/bin/env', ...settings, ...command] : command
  switch (way) {
    // Its own agent would ask in the terminal, where a window's user does not look.
    case 'pkexec': return [file, '--disable-internal-agent', ...whole]
    case 'sudo': return [file, '-n', '--', ...whole]
    case 'osascript': return [file, '-e', `do shell script ${appleScriptText(whole.map(shellWord).join(' '))} with administrator privileges`]
  }
}

/** Exit codes of pkexec, which the script for Windows uses too: the dialog was closed; the right was not given. */
const dismissedStatus = 126

/** Whether the user closed the dialog, told by how the asking program ended. */
export function wasDismissed({ way }: Elevation, status: number | null, complaints: string): boolean {
  return way === 'osascript' ? /\(-128\)\s*$/m.test(complaints) : way !== 'sudo' && status === dismissedStatus
}

export function thisMachine(): Machine {
  return { platform: process.platform, env: process.env, uid: process.getuid?.() ?? -1, find: findProgram, sudoAsksNothing }
}

let sudoAnswer: boolean | null = null

/** Asked once: the answer goes into the system's log each time. */
function sudoAsksNothing(sudo: string): boolean {
  sudoAnswer ??= spawnSync(sudo, ['-n', 'true'], { stdio: 'ignore', timeout: 3000 }).status === 0
  return sudoAnswer
}

/** For a POSIX shell. */
function shellWord(text: string): string {
  return `'${text.replaceAll('\'', '\'\\\'\'')}'`
}

function appleScriptText(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/**
 * Two PowerShells: one asks, the one with the rights sets the environment, which does not pass the dialog, and starts the command.
 * Each gets its script in Base64, so that no shell on the way finds anything to interpret.
 */
function runAs(file: string, command: readonly string[], env: Readonly<Record<string, string>>): string[] {
  const settings = Object.entries(env).map(([name, value]) => `$env:${name} = ${powerShellText(value)}`)
  const inner = [...settings, `& ${command.map(powerShellText).join(' ')}`, 'exit $LASTEXITCODE'].join('\n')
  const outer = [
    '$ErrorActionPreference = \'Stop\'',
    'try {',
    `  $started = Start-Process -FilePath ${powerShellText(file)} -ArgumentList '${encoded(inner).join(' ')}' -Verb RunAs -WindowStyle Hidden -Wait -PassThru`,
    '} catch {',
    '  [Console]::Error.WriteLine($_.Exception.Message)',
    '  for ($reason = $_.Exception; $reason; $reason = $reason.InnerException) { if ($reason.NativeErrorCode -eq 1223) { exit 126 } }',
    '  exit 127',
    '}',
    'exit $started.ExitCode',
  ].join('\n')
  return [file, ...encoded(outer)]
}

function encoded(script: string): string[] {
  return ['-NoProfile', '-NonInteractive', '-EncodedCommand', Buffer.from(script, 'utf16le').toString('base64')]
}

/** PowerShell takes typographic quotes for plain ones. */
function powerShellText(text: string): string {
  return `'${text.replace(/['‘’‚‛]/g, '$&$&')}'`
}
