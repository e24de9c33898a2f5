/** What keeps a sender from sending more. */
export const Limit = { opening: 0, application: 1, window: 2, network: 3, recovery: 4, zeroWindow: 5 } as const
export type Limit = typeof Limit[keyof typeof Limit]
export const limitNames = ['opening', 'application', 'window', 'network', 'recovery', 'zeroWindow'] as const
export type LimitName = typeof limitNames[number]
