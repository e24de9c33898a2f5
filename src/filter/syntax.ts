/** The tree of a filter as it was written. `at` and `length` say where, in UTF-16 units. */
export interface Place { readonly at: number, readonly length: number }

export const comparisons = ['==', '!=', '===', '!==', '<', '<=', '>', '>=', 'contains', 'matches'] as const
export type Comparison = typeof comparisons[number]

export const arithmetics = ['&', '+', '-', '*', '/', '%'] as const
export type Arithmetic = typeof arithmetics[number]

/** `any` and `all` in front of a comparison. */
export type Quantifier = 'any' | 'all' | null

export type Expression = Place & (
  | { readonly kind: 'and' | 'or', readonly left: Expression, readonly right: Expression }
  | { readonly kind: 'not', readonly operand: Expression }
  | { readonly kind: 'compare', readonly comparison: Comparison, readonly quantifier: Quantifier, readonly left: Operand, readonly right: Operand }
  | { readonly kind: 'in', readonly quantifier: Quantifier, readonly negated: boolean, readonly left: Operand, readonly set: readonly SetItem[] }
  | { readonly kind: 'exists', readonly operand: Operand }
)

/** A value, or a range with both ends in it. */
export type SetItem = Operand | (Place & { readonly kind: 'range', readonly low: Operand, readonly high: Operand })

export type Operand = Place & (
  | { readonly kind: 'word', readonly text: string, readonly layers: readonly SliceRange[] | null }
  | { readonly kind: 'text', readonly text: string, readonly isRaw: boolean }
  | { readonly kind: 'character', readonly code: number }
  | { readonly kind: 'slice', readonly operand: Operand, readonly ranges: readonly SliceRange[] }
  | { readonly kind: 'call', readonly name: string, readonly args: readonly Operand[] }
  | { readonly kind: 'arithmetic', readonly operator: Arithmetic, readonly left: Operand, readonly right: Operand }
  | { readonly kind: 'negative', readonly operand: Operand }
)

/** `[i:j]`, `[i-j]`, `[i]`, `[:j]`, `[i:]`: from `start` (negative: from the end), `length` bytes (null: to the end) or up to `end` inclusive. */
export interface SliceRange { readonly start: number, readonly length: number | null, readonly end: number | null }

export const filterErrorCodes = [
  'unexpected', 'unexpectedEnd', 'unterminatedText', 'badEscape', 'badCharacter', 'badSlice', 'tooDeep', 'tooLong', 'strayCharacter', 'assignment', 'needsSpaces', 'wordCase', 'setNeedsCommas',
  'unknownField', 'unknownFieldNear', 'unknownFunction', 'notAField', 'leftIsConstant', 'functionAlone', 'argumentCount', 'argumentField', 'argumentText', 'argumentTypes', 'argumentNumber',
  'typesDiffer', 'cannotCompare', 'cannotContain', 'cannotMatch', 'matchNeedsText', 'badPattern', 'cannotSlice', 'cannotCompute', 'noText', 'badNumber', 'tooBig', 'unknownName', 'badIpv4', 'badIpv6',
  'badPrefix', 'badEther', 'badBytes', 'badTime', 'badDate', 'noQuotes',
] as const
export type FilterErrorCode = typeof filterErrorCodes[number]

/** Why a text is no filter; worded in the catalogue under `filter.errors.<code>`. */
export interface FilterError extends Place {
  readonly code: FilterErrorCode
  readonly params: Readonly<Record<string, string | number>>
}

/** Thrown inside the parser and the checker, and caught by what calls them. */
export class FilterProblem extends Error {
  constructor(readonly error: FilterError) {
    super(error.code)
  }
}

export function problem(code: FilterErrorCode, { at, length }: Place, params: FilterError['params'] = {}): FilterProblem {
  return new FilterProblem({ code, at, length, params })
}
