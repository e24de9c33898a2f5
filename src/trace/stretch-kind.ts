/** What a stretch of a reassembled stream is. */
export const StretchKind = { data: 0, hole: 1, overlap: 2, conflict: 3 } as const
export const stretchKindNames = ['data', 'hole', 'overlap', 'conflict'] as const
export type StretchKindName = typeof stretchKindNames[number]
