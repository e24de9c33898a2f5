import type { Decision } from '../../src/rpc/host-contract.ts'

/** How a decision's verb looks: a glyph and a colour, so that neither stands alone. */
export const verbLook: Record<Decision['verb'], { path: string, filled: boolean, colour: string }> = {
  sent: { path: 'M1 5h6M5 2l3 3-3 3', filled: false, colour: 'var(--text)' },
  again: { path: 'M4.5 .5L9 8.5H0z', filled: true, colour: 'var(--sev-warn)' },
  ack: { path: 'M8 5H2M4 2L1 5l3 3', filled: false, colour: 'var(--text)' },
  reset: { path: 'M4.5 0L9 4.5L4.5 9L0 4.5z', filled: true, colour: 'var(--sev-error)' },
  held: { path: 'M1.5 1h2v7h-2zM5.5 1h2v7h-2z', filled: true, colour: 'var(--sev-note)' },
  dropped: { path: 'M1 1l7 7M8 1L1 8', filled: false, colour: 'var(--sev-error)' },
  setting: { path: 'M0 4.5h9M4.5 0v9', filled: false, colour: 'var(--text-3)' },
  state: { path: 'M4.5 .8a3.7 3.7 0 100 7.4 3.7 3.7 0 000-7.4z', filled: false, colour: 'var(--text-2)' },
}

/** Newest first, of one connection or of all. */
export function latestDecisions(decisions: readonly Decision[], connection: number | null, most: number): Decision[] {
  const found: Decision[] = []
  for (let i = decisions.length - 1; i >= 0 && found.length < most; i--) {
    const decision = decisions[i]
    if (connection === null || decision.connection === connection) found.push(decision)
  }
  return found
}

/** Seconds since `startUs` with tenths of a millisecond, in groups that can be read: `2.872 8`. */
export function decisionTime(timeUs: number, startUs: number): string {
  const tenths = Math.max(0, Math.floor((timeUs - startUs) / 100))
  const text = (tenths / 10_000).toFixed(4)
  return `${text.slice(0, -1)} ${text.slice(-1)}`
}
