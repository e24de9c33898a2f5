const stateNames = ['CLOSED', 'LISTEN', 'SYN_SENT', 'SYN_RCVD', 'ESTABLISHED', 'FIN_WAIT_1', 'FIN_WAIT_2', 'CLOSE_WAIT', 'CLOSING', 'LAST_ACK', 'TIME_WAIT']

/**
 * A decision's operands as the sentences of `reasons` take them: grouped numbers; lengths of time with their unit, where the name
 * ends in `Us`; states by name, where the decision is a change of state. The same in both languages.
 */
export function reasonParams(verb: string, operands: Readonly<Record<string, number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(operands).map(([name, value]) => [name, paramText(verb, name, value)]))
}

function paramText(verb: string, name: string, value: number): string {
  if (verb === 'state' && (name === 'from' || name === 'to')) return stateNames[value] ?? String(value)
  return name.endsWith('Us') ? durationText(value) : grouped(value)
}

/** `84 µs`, `40 ms`, `1.5 s` */
function durationText(us: number): string {
  if (us < 1000) return `${us} µs`
  if (us < 1_000_000) return `${trimmed(us / 1000)} ms`
  return `${trimmed(us / 1_000_000)} s`
}

function trimmed(value: number): string {
  return String(Math.round(value * 1000) / 1000)
}

function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',')
}
