import { catalogues } from '../../src/words/catalogue.ts'
import type { Language, Sentences } from '../../src/words/catalogue.ts'

/** The system's language, and the one that the user chose in the window, which wins. */
export const languageOf: { app: string, window: Language | null } = { app: 'en', window: null }

export function currentLanguage(): Language {
  return languageOf.window ?? (languageOf.app.startsWith('ko') ? 'ko' : 'en')
}

/** The sentence at a dotted path of the catalogues, with its `{parameters}` filled in. */
export function sentence(path: string, params: Readonly<Record<string, string>> = {}): string {
  let found: string | Sentences = catalogues[currentLanguage()] as Sentences
  for (const key of path.split('.')) found = typeof found === 'string' ? found : found[key]
  return (found as string).replace(/\{(\w+)\}/g, (whole, name: string) => params[name] ?? whole)
}
