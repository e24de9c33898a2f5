import { utf8Text } from '../../base/bytes.ts'

/** Start line and header fields of an HTTP/1.x message (RFC 9112). Field names are in lower case; of repeated fields the last counts. */
export interface HttpHead {
  readonly startLine: string
  readonly fields: ReadonlyMap<string, string>
}

export const maxHeadBytes = 8192

/**
 * Looks for the end of a head in what has come so far.
 * @returns bytes of the head, its empty line included; -1 when it is not complete
 */
export function headLength(bytes: Uint8Array, length: number): number {
  for (let i = 0; i < length; i++) {
    if (bytes[i] !== 0x0a) continue
    if (bytes[i + 1] === 0x0a && i + 1 < length) return i + 2
    if (bytes[i + 1] === 0x0d && bytes[i + 2] === 0x0a && i + 2 < length) return i + 3
  }
  return -1
}

/** @returns null where a line is no header field (RFC 9112 §5) */
export function parseHead(bytes: Uint8Array, length: number): HttpHead | null {
  const lines = utf8Text(bytes.subarray(0, length)).split(/\r?\n/)
  const fields = new Map<string, string>()
  for (const line of lines.slice(1)) {
    if (line === '') break
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line)
    if (match === null) return null
    fields.set(match[1].toLowerCase(), match[2])
  }
  return { startLine: lines[0], fields }
}

/** Whether a comma-separated field such as `Connection` holds a token. */
export function hasToken(value: string | undefined, token: string): boolean {
  return value !== undefined && value.split(',').some((part) => part.trim().toLowerCase() === token)
}
