export interface Requirement { readonly id: string, readonly level: string, readonly topic: string, readonly text: string, readonly stage: string }
export interface NamedTest { readonly file: string, readonly line: number, readonly name: string }
export function catalogue(): Requirement[]
export function testsByRequirement(folder?: string): Map<string, NamedTest[]>
export function namedTests(text: string, file: string): (NamedTest & { readonly ids: ReadonlySet<string> })[]
