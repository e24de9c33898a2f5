import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { HighlightStyle, StreamLanguage } from '@codemirror/language'
import { tags } from '@lezer/highlight'
import { scriptVocabulary } from '../../src/script/vocabulary.ts'

const kinds = new Map(scriptVocabulary.map(({ text, kind }) => [text, kind]))

/** Colours only: what is right and wrong says the parser. */
export const scriptLanguage = StreamLanguage.define<{ isComment: boolean }>({
  name: 'packetdrill',
  startState: () => ({ isComment: false }),
  token(stream, state) {
    if (state.isComment || stream.match('/*')) {
      state.isComment = !stream.match(/^.*?\*\//)
      if (state.isComment) stream.skipToEnd()
      return 'comment'
    }
    if (stream.eatSpace()) return null
    if (stream.match('//')) {
      stream.skipToEnd()
      return 'comment'
    }
    if (stream.match(/^"[^"]*"?/) || stream.match(/^`[^`]*`?/)) return 'string'
    if (stream.sol() || stream.string.slice(0, stream.pos).trim() === '') {
      if (stream.match(/^(?:\*|\+?[\d.]+(?:~\+?[\d.]+)?(?:\.\.\.\+?[\d.]+)?)(?=\s|$)/)) return 'number'
    }
    if (stream.match(/^[<>](?=\s)/)) return 'keyword'
    if (stream.match(/^--\w+/)) return 'meta'
    if (stream.match(/^[A-Za-z_]\w*/)) {
      const kind = kinds.get(stream.current())
      return kind === 'call' ? 'function' : kind === 'constant' ? 'atom' : kind === 'word' ? 'property' : null
    }
    stream.next()
    return null
  },
  tokenTable: { function: tags.function(tags.variableName), atom: tags.atom, property: tags.propertyName, meta: tags.meta },
  languageData: { commentTokens: { line: '//' } },
})

export const scriptColours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--text-3)' },
  { tag: tags.number, color: 'var(--accent)' },
  { tag: tags.keyword, color: 'var(--c2s)', fontWeight: 'bold' },
  { tag: tags.function(tags.variableName), color: 'var(--text)', fontWeight: 'bold' },
  { tag: tags.atom, color: 'var(--s2c)' },
  { tag: tags.propertyName, color: 'var(--text-2)' },
  { tag: tags.meta, color: 'var(--sev-note)' },
  { tag: tags.string, color: 'var(--sev-warn)' },
])

const icons = { call: 'function', constant: 'constant', option: 'keyword', word: 'property' } as const
const completions = scriptVocabulary.map(({ text, kind }) => ({ label: text, type: icons[kind], ...kind === 'call' ? { apply: `${text}(` } : {} }))

/** What the language has a name for; nothing in comments, commands and code. */
export function completeScript(context: CompletionContext): CompletionResult | null {
  const word = context.matchBefore(/--\w*|[A-Za-z_]\w*/)
  if (word === null && !context.explicit) return null
  const before = context.state.doc.lineAt(context.pos).text.slice(0, context.pos - context.state.doc.lineAt(context.pos).from)
  if (/\/\/|`/.test(before)) return null
  return { from: word?.from ?? context.pos, options: completions, validFor: /^(?:--)?\w*$/ }
}
