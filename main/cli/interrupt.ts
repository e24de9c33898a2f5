/** Calls `first` on the first SIGINT, SIGTERM or SIGHUP, and `again` on each one after it. @returns how to stop listening */
export function onInterrupt(first: () => void, again: () => void = () => process.exit(130)): () => void {
  let count = 0
  const heard = (): void => {
    count++
    if (count === 1) first()
    else again()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, heard)
  return () => { for (const signal of signals) process.off(signal, heard) }
}
