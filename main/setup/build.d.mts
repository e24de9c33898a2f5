export function ensureBuilt(say: (line: string) => void): Promise<void>
