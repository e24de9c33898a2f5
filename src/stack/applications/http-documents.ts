import { asciiBytes, utf8Bytes } from '../../base/bytes.ts'

/** Something the server can send: its length is known, its bytes are made as they are needed. */
export interface HttpDocument {
  readonly type: string
  readonly length: number
  /** Fills `into` from byte `from` of the document. */
  read(from: number, into: Uint8Array, length: number): void
}

const largest = 0xffff_ffff

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>TCP Lab</title></head>
<body>
<h1>It works</h1>
<p>This page came over a TCP connection that TCP Lab speaks itself.</p>
<ul>
<li><a href="/note.txt">/note.txt</a>: a short text</li>
<li><a href="/10k">/10k</a>: ten thousand bytes</li>
<li><a href="/bytes/1000000">/bytes/N</a>: as many bytes as you ask for</li>
</ul>
</body>
</html>
`

const note = `A segment is sent, an acknowledgment comes back, and the window moves on.
`

const fixed: Readonly<Record<string, HttpDocument>> = {
  '/': stored('text/html; charset=utf-8', utf8Bytes(page)),
  '/note.txt': stored('text/plain; charset=utf-8', utf8Bytes(note)),
  '/10k': lines(10_000),
}

/** The document at a path; null where there is none. `/bytes/N` has N bytes, up to 4,294,967,295. */
export function findDocument(path: string): HttpDocument | null {
  if (Object.hasOwn(fixed, path)) return fixed[path]
  const match = /^\/bytes\/(\d{1,10})$/.exec(path)
  const length = match === null ? -1 : Number(match[1])
  return length >= 0 && length <= largest ? pattern(length) : null
}

/** Byte `i` of `/bytes/N`: it repeats after 251 bytes, a prime, so that a piece in the wrong place is seen. */
export function patternByte(i: number): number {
  return i % 251
}

function pattern(length: number): HttpDocument {
  return {
    type: 'application/octet-stream',
    length,
    read(from, into, count) {
      let value = from % 251
      for (let i = 0; i < count; i++) {
        into[i] = value
        value = value === 250 ? 0 : value + 1
      }
    },
  }
}

function stored(type: string, bytes: Uint8Array): HttpDocument {
  return { type, length: bytes.length, read: (from, into, count) => into.set(bytes.subarray(from, from + count)) }
}

/** Numbered lines of 50 bytes each. */
function lines(length: number): HttpDocument {
  let text = ''
  for (let at = 0; at < length; at += 50) text += `${String(at).padStart(6, '0')} ${'.'.repeat(42)}\n`
  return stored('text/plain; charset=utf-8', asciiBytes(text.slice(0, length)))
}
