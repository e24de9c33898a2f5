import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { elevate, planElevation, wasDismissed } from '../../../main/link/elevation.ts'
import type { Elevation, Machine } from '../../../main/link/elevation.ts'

const machine = (given: Partial<Machine>, programs: readonly string[] = []): Machine => ({
  platform: 'linux', env: {}, uid: 1000, find: (name) => programs.includes(name) ? `/usr/bin/${name}` : null, sudoAsksNothing: () => false, ...given,
})

describe('planning who asks for the rights', () => {
  it('Linux: pkexec where a desktop session can show its dialog', () => {
    for (const env of [{ DISPLAY: ':0' }, { WAYLAND_DISPLAY: 'wayland-0' }]) {
      expect(planElevation(machine({ env }, ['pkexec', 'sudo']))).toEqual({ way: 'pkexec', file: '/usr/bin/pkexec' })
    }
  })

  it('Linux: sudo only where it asks nothing, and it is tried only where there is no dialog', () => {
    const asked: string[] = []
    const sudoAsksNothing = (file: string): boolean => { asked.push(file); return true }
    expect(planElevation(machine({ sudoAsksNothing }, ['pkexec', 'sudo']))).toEqual({ way: 'sudo', file: '/usr/bin/sudo' })
    expect(planElevation(machine({ sudoAsksNothing, env: { DISPLAY: ':0' } }, ['sudo']))).toEqual({ way: 'sudo', file: '/usr/bin/sudo' })
    expect(asked).toEqual(['/usr/bin/sudo', '/usr/bin/sudo'])
    planElevation(machine({ sudoAsksNothing, env: { DISPLAY: ':0' } }, ['pkexec', 'sudo']))
    expect(asked).toHaveLength(2)
    expect(planElevation(machine({}, ['pkexec', 'sudo']))).toBe('noWay')
    expect(planElevation(machine({ sudoAsksNothing }))).toBe('noWay')
  })

  it('macOS and Windows: the system\'s own program, not one from the path', () => {
    expect(planElevation(machine({ platform: 'darwin', uid: 501 }))).toEqual({ way: 'osascript', file: '/usr/bin/osascript' })
    expect(planElevation(machine({ platform: 'win32', uid: -1, env: { SystemRoot: 'D:\\Win' } }))).toEqual({ way: 'powershell', file: 'D:\\Win\\System32\\WindowsPowerShell\\v1.0\\powershell.exe' })
  })

  it('says why there is no way', () => {
    expect(planElevation(machine({ uid: 0, env: { DISPLAY: ':0' } }, ['pkexec']))).toBe('isAdministrator')
    expect(planElevation(machine({ env: { DISPLAY: ':0', APPIMAGE: '/home/u/lab.AppImage' } }, ['pkexec']))).toBe('appImage')
    expect(planElevation(machine({ platform: 'freebsd' }))).toBe('noWay')
  })
})

const hostile = ['plain', 'two words', '', 'it\'s', '"quoted"', '\\', 'a\\"b\\', '$(id)', '`id`', '$HOME', '; id #', '&& id', '| id', '*', '~', '-e', '--', 'line\nbreak', '한글', '’‘', '%PATH%', '!!']

/** What the shell hands to a program when AppleScript has read the text of `do shell script`. */
function throughAppleScriptAndShell(script: string): string[] {
  const text = /^do shell script "((?:[^"\\]|\\.)*)" with administrator privileges$/s.exec(script)![1].replace(/\\(.)/gs, '$1')
  const print = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))'
  const { stdout } = spawnSync('/bin/sh', ['-c', `"$0" -e "$1" -- ${text}`, process.execPath, print], { encoding: 'utf8' })
  return JSON.parse(stdout) as string[]
}

/** Reads a script for PowerShell back as the words of its single-quoted texts, and what stands around them. */
function powerShellWords(script: string): { words: string[], around: string } {
  const words: string[] = []
  const around = script.replace(/'((?:''|‘‘|’’|‚‚|‛‛|[^'‘’‚‛])*)'/g, (_, text: string) => {
    words.push(text.replace(/(['‘’‚‛])\1/g, '$1'))
    return '_'
  })
  return { words, around }
}

const decoded = (text: string): string => Buffer.from(text, 'base64').toString('utf16le')

describe('handing the command over', () => {
  it('Linux: as it is, with the environment that would be lost in front', () => {
    const pkexec: Elevation = { way: 'pkexec', file: '/usr/bin/pkexec' }
    expect(elevate(pkexec, hostile)).toEqual(['/usr/bin/pkexec', '--disable-internal-agent', ...hostile])
    expect(elevate(pkexec, ['lab'], { ELECTRON_RUN_AS_NODE: '1' })).toEqual(['/usr/bin/pkexec', '--disable-internal-agent', '/usr/bin/env', 'ELECTRON_RUN_AS_NODE=1', 'lab'])
    expect(elevate({ way: 'sudo', file: '/usr/bin/sudo' }, hostile)).toEqual(['/usr/bin/sudo', '-n', '--', ...hostile])
  })

  it.skipIf(process.platform === 'win32')('macOS: no word becomes anything but itself', () => {
    const [file, option, script, ...rest] = elevate({ way: 'osascript', file: '/usr/bin/osascript' }, hostile)
    expect([file, option, rest]).toEqual(['/usr/bin/osascript', '-e', []])
    expect(throughAppleScriptAndShell(script)).toEqual(hostile)
    expect(elevate({ way: 'osascript', file: 'o' }, ['lab'], { A: '1' })[2]).toContain('"\'/usr/bin/env\' \'A=1\' \'lab\'"')
  })

  it('Windows: no word becomes anything but itself, and nothing stands between the two scripts but Base64', () => {
    const words = hostile.filter((word) => !word.includes('"'))
    const file = 'C:\\Windows\\powershell.exe'
    const [program, ...options] = elevate({ way: 'powershell', file }, words, { ELECTRON_RUN_AS_NODE: '1' })
    expect([program, ...options.slice(0, 3)]).toEqual([file, '-NoProfile', '-NonInteractive', '-EncodedCommand'])
    const outer = powerShellWords(decoded(options[3]))
    expect(outer.around).toMatch(/Start-Process -FilePath _ -ArgumentList _ -Verb RunAs -WindowStyle Hidden -Wait -PassThru/)
    expect(outer.words.slice(0, 2)).toEqual(['Stop', file])
    expect(outer.words[2]).toMatch(/^-NoProfile -NonInteractive -EncodedCommand [A-Za-z0-9+/=]+$/)
    const inner = powerShellWords(decoded(outer.words[2].split(' ').at(-1)!))
    expect(inner.words).toEqual(['1', ...words])
    expect(inner.around).toBe(`$env:ELECTRON_RUN_AS_NODE = _\n& ${words.map(() => '_').join(' ')}\nexit $LASTEXITCODE`)
  })

  it('refuses what cannot be handed over', () => {
    expect(() => elevate({ way: 'sudo', file: 's' }, ['a\0b'])).toThrow(RangeError)
    expect(() => elevate({ way: 'powershell', file: 'p' }, ['a"b'])).toThrow(RangeError)
  })
})

describe('how the asking ended', () => {
  it.each([
    ['pkexec', 126, 'Error executing command as another user: Request dismissed', true],
    ['pkexec', 127, 'Error executing command as another user: Not authorized', false],
    ['osascript', 1, '0:38: execution error: User canceled. (-128)\n', true],
    ['osascript', 1, '0:38: execution error: The administrator user name or password was incorrect. (-60005)', false],
    ['powershell', 126, 'The operation was canceled by the user.', true],
    ['powershell', 127, 'The system cannot find the file specified.', false],
    ['sudo', 1, 'sudo: a password is required', false],
  ] as const)('%s with exit code %i: %s', (way, status, complaints, dismissed) => {
    expect(wasDismissed({ way, file: way }, status, complaints)).toBe(dismissed)
  })
})
