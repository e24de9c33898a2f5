/** Colours of the console by what they mean; the terminal's palette maps them to the design tokens. */
const codes = { dim: '90', text: '97', accent: '32', error: '31', warn: '33', note: '36', c2s: '34', s2c: '38;5;16', reverse: '7', bold: '1', underline: '4' } as const

export type Tone = keyof typeof codes

export const toned = (tone: Tone, text: string): string => text === '' ? '' : `\x1b[${codes[tone]}m${text}\x1b[0m`

export const withoutColours = (text: string): string => text.replace(/\x1b\[[0-9;]*m/g, '')

/** Text from elsewhere must not steer the terminal: control characters become visible signs. */
export function harmless(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (char) => char === '\n' ? '\n' : char.charCodeAt(0) < 0x20 ? String.fromCharCode(0x2400 + char.charCodeAt(0)) : '␡')
}
