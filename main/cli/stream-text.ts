import { StringDecoder } from 'node:string_decoder'
import type { StreamPart } from '../../src/trace/stream-parts.ts'
import { StretchKind } from '../../src/trace/stretch-kind.ts'
import type { Output } from './output.ts'
import type { Words } from './words.ts'

/** Characters of a line at most; longer ones go on in the next. */
const lineAtMost = 4096

/** A conversation as lines: `a> ` and `b> ` before what was sent, `a! ` and `b! ` before what there is to say of it. */
export class StreamText {
  private end = ''
  private line = ''
  private readonly decoders = new Map<string, StringDecoder>()

  constructor(private readonly output: Output, private readonly words: Words) {}

  data(end: string, bytes: Uint8Array): void {
    if (end !== this.end) this.finishLine()
    this.end = end
    let decoder = this.decoders.get(end)
    if (decoder === undefined) this.decoders.set(end, decoder = new StringDecoder('utf8'))
    this.line += decoder.write(bytes)
    const lines = this.line.split('\n')
    this.line = lines.pop()!
    for (const each of lines) this.print(each.endsWith('\r') ? each.slice(0, -1) : each)
    while (this.line.length > lineAtMost) {
      this.print(this.line.slice(0, lineAtMost))
      this.line = this.line.slice(lineAtMost)
    }
  }

  note(end: string, { kind, offset, length, packet }: StreamPart): void {
    this.finishLine()
    const params = { from: offset, to: offset + length - 1, bytes: length, packet }
    this.output.line(`${end}! ${this.words(`cli.stream.${noteKey(kind, packet)}`, params)}`)
  }

  /** Also what is half a character. */
  finish(): void {
    for (const [end, decoder] of this.decoders) {
      const rest = decoder.end()
      if (rest !== '' && end !== this.end) this.finishLine()
      if (rest !== '') this.end = end
      this.line += rest
    }
    this.finishLine()
  }

  private finishLine(): void {
    if (this.line !== '') this.print(this.line)
    this.line = ''
  }

  /** Nothing that a terminal would obey or turn round. */
  private print(text: string): void {
    this.output.line(`${this.end}> ${text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => character === '\t' ? '\t' : '.')}`)
  }
}

function noteKey(kind: number, packet: number): string {
  if (kind === StretchKind.hole) return packet === 0 ? 'missing' : 'notCaptured'
  return kind === StretchKind.overlap ? 'repeated' : 'differs'
}
