/** What the application's life needs to know of windows. */
export interface ListedWindow {
  close(): void
  isDestroyed(): boolean
  /** Settles when a close that was asked for is done, or was prevented. */
  whenClosed(): Promise<void>
}

const windows = new Set<ListedWindow>()

export function allWindows(): ListedWindow[] {
  return [...windows]
}

export function addWindow(window: ListedWindow): void {
  windows.add(window)
}

/** @returns whether it was the last one */
export function removeWindow(window: ListedWindow): boolean {
  windows.delete(window)
  return windows.size === 0
}
