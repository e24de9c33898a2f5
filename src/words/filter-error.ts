/** What {@link filterErrorText} reads of a filter's error. */
export interface WordedFilterError {
  readonly code: string
  readonly params: Readonly<Record<string, string | number>>
}

/** Parameters that are themselves words: types of fields, and what is wrong with a pattern. */
const sections: Readonly<Record<string, string>> = { type: 'filter.types', first: 'filter.types', other: 'filter.types', reason: 'filter.patterns' }

/** What is wrong with a display filter, as a sentence. @param say looks a sentence up by its path */
export function filterErrorText({ code, params }: WordedFilterError, say: (key: string, params: Readonly<Record<string, string | number>>) => string): string {
  const worded = Object.entries(params).map(([name, value]) => [name, Object.hasOwn(sections, name) ? say(`${sections[name]}.${value}`, {}) : value] as const)
  return say(`filter.errors.${code}`, Object.fromEntries(worded))
}
