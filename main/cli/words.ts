import { compile, createCoreContext, fallbackWithLocaleChain, registerLocaleFallbacker, registerMessageCompiler, registerMessageResolver, resolveValue, translate } from '@intlify/core-base'
import type { Fault } from '../../src/base/fault.ts'
import { catalogues, languages } from '../../src/words/catalogue.ts'
import type { Language } from '../../src/words/catalogue.ts'
import { faultKey } from '../../src/words/fault-key.ts'

export type Params = Readonly<Record<string, string | number>>

/** Words in one language: sentences of the catalogues by their path, with parameters. */
export interface Words {
  readonly language: Language
  (key: string, params?: Params): string
  has(key: string): boolean
  /** A fault as one line: what: why: what to do. */
  fault(reason: Fault): string
}

registerMessageCompiler(compile)
registerMessageResolver(resolveValue)
registerLocaleFallbacker(fallbackWithLocaleChain)

export function wordsIn(language: Language): Words {
  // The catalogues' own type would be unrolled key by key.
  const create = createCoreContext as (options: object) => unknown
  const render = translate as unknown as (context: unknown, key: string, params: Params) => unknown
  const context = create({ locale: language, fallbackLocale: 'en', messages: catalogues, missingWarn: false, fallbackWarn: false, warnHtmlMessage: false })
  const say = (key: string, params: Params = {}): string => String(render(context, key, params))
  const has = (key: string): boolean => {
    let tree: unknown = catalogues.en
    for (const part of key.split('.')) tree = (tree as Record<string, unknown> | undefined)?.[part]
    return tree !== undefined
  }
  return Object.assign(say, { language, has, fault: (reason: Fault) => oneLine(say(faultKey(reason), reason.params)) })
}

/** What `--lang` says, else what the environment says, else English. */
export function chooseLanguage(asked: string | undefined, env: NodeJS.ProcessEnv = process.env): Language {
  if (asked !== undefined && (languages as readonly string[]).includes(asked)) return asked as Language
  const place = env.LC_ALL || env.LC_MESSAGES || env.LANG || ''
  return /^ko([_.@-]|$)/i.test(place) ? 'ko' : 'en'
}

/** Words of other programs come with line breaks. */
function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ')
}
