import { watch } from 'vue'
import { createI18n, useI18n } from 'vue-i18n'
import type { Fault } from '../src/base/fault.ts'
import { catalogues, languages, type Language } from '../src/words/catalogue.ts'
import { labLost } from './lab/client.ts'
import { faultKey } from '../src/words/fault-key.ts'
import { isOneOf, storedRef } from './stored.ts'

export const languageNames: Record<Language, string> = { en: 'English', ko: '한국어' }

const language = storedRef<Language>('language', navigator.language.startsWith('ko') ? 'ko' : 'en', isOneOf(languages))

/** The formatter over the catalogues, switched by {@link useLanguage}. */
export function createLanguage() {
  // Words are shown as text, never as HTML: `<mss 1460>` in one of them is no tag.
  const i18n = createI18n<false>({ legacy: false, warnHtmlMessage: false, locale: language.value, fallbackLocale: 'en', messages: catalogues as never })
  watch(language, (now) => {
    (i18n.global.locale as unknown as { value: Language }).value = now
    document.documentElement.lang = now
  }, { immediate: true, flush: 'sync' })
  return i18n
}

/** The chosen language and the words: `t(key, params)`, and `tFault` for a fault as a sentence. */
export function useLanguage() {
  const { t, te } = useI18n({ useScope: 'global' })
  const tFault = (fault: Fault): string => {
    if (fault.code === labLost.code && fault.params.message === labLost.params.message) return t('window.lab.lost')
    const key = faultKey(fault)
    if (te(key)) return t(key, { ...fault.params })
    const params = Object.entries(fault.params).map(([name, value]) => `${name}=${value}`)
    return [fault.code, ...params].join(' ')
  }
  return { language, t, te, tFault }
}
