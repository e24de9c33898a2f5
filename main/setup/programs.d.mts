export function buildPrograms(entries: Readonly<Record<string, string>>, folder: string): Promise<string>
