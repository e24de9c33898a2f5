import { describe, expect, it } from 'vitest'
import { askerOf, checkPipeName } from '../../../main/helper/asker.ts'

describe('who asked for a helper with more rights', () => {
  it('is whom the dialog or sudo names, else whom the lab names', () => {
    expect(askerOf({ PKEXEC_UID: '1000' }, undefined)).toBe(1000)
    expect(askerOf({ SUDO_UID: '1000' }, '1000')).toBe(1000)
    expect(askerOf({}, '501')).toBe(501)
  })

  it.each([
    [{}, undefined], [{ PKEXEC_UID: '1000' }, '1001'], [{ SUDO_UID: '0' }, '1000'], [{ PKEXEC_UID: '' }, undefined], [{}, '-1'], [{}, '1e3'], [{}, ' 7'],
  ])('is not guessed from %o and %s', (env, said) => {
    expect(() => askerOf(env, said)).toThrow(/asked/)
  })
})

describe('the pipe of a lab', () => {
  const name = '0123456789abcdef'.repeat(2)

  it('is one on this machine with a name that nobody guesses', () => {
    expect(() => checkPipeName(`\\\\.\\pipe\\tcplab-${name}`)).not.toThrow()
    for (const address of [`\\\\other\\pipe\\tcplab-${name}`, '\\\\.\\pipe\\tcplab-1', `\\\\.\\pipe\\x\\..\\tcplab-${name}`, `C:\\tcplab-${name}`, `\\\\.\\pipe\\tcplab-${name}\n`]) {
      expect(() => checkPipeName(address), address).toThrow(/no pipe of a lab/)
    }
  })
})
