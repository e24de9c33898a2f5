/** Headers without options, by IP version. */
export const ipHeaderAndTcpHeaderBytes = { 4: 40, 6: 60 } as const

/** TS.Recent means nothing once it is this old (RFC 7323 §5.5: 24 days). */
export const timestampAgeLimitUs = 24 * 86_400 * 1_000_000

/** DupThresh (RFC 5681 §3.2, RFC 6675 §2). */
export const duplicateThreshold = 3

/** RFC 6298 §5.7. */
export const rtoAfterLostSynUs = 3_000_000

/** Fs of sender and receiver silly window avoidance (RFC 9293 §3.8.6.2). */
export const sillyWindowFraction = 0.5
