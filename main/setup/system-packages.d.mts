export function ensureSystemPackages(purpose: 'build' | 'test', say: (line: string) => void): Promise<string[]>
export function isOnPath(name: string): boolean
