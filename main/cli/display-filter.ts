import { fieldNamed, nearestField } from '../../src/filter/field-table.ts'
import type { Field } from '../../src/filter/field.ts'
import { compileFilter, Filter } from '../../src/filter/filter.ts'
import { filterErrorText } from '../../src/words/filter-error.ts'
import { localTime } from '../lab/local-time.ts'
import { UsageError } from './failure.ts'
import type { Words } from './words.ts'

/** @throws UsageError where the text is no display filter */
export function displayFilterOf(text: string, words: Words): Filter {
  const filter = compileFilter(text, { local: localTime })
  if (filter instanceof Filter) return filter
  throw new UsageError('badDisplayFilter', { column: filter.at + 1, message: filterErrorText(filter, words) })
}

/** Fields by their names, separated by commas. @throws UsageError */
export function fieldsOf(text: string, words: Words): readonly Field[] {
  return text.split(',').map((name) => {
    const field = fieldNamed(name.trim())
    if (field !== null) return field
    const near = nearestField(name.trim())
    throw new UsageError('badField', { message: filterErrorText({ code: near === '' ? 'unknownField' : 'unknownFieldNear', params: { got: name.trim(), near } }, words) })
  })
}
