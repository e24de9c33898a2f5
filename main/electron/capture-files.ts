import { existsSync } from 'node:fs'
import path from 'node:path'

/** Endings of the files that the lab opens; also in electron-builder.yml. */
export const captureFileEndings = ['pcapng', 'pcap', 'cap'] as const

/** The capture files among a command line's words; options and what does not exist are left out. */
export function captureFilesIn(words: readonly string[], workingDirectory: string): string[] {
  return words
    .filter((word) => !word.startsWith('-') && captureFileEndings.some((ending) => word.toLowerCase().endsWith(`.${ending}`)))
    .map((word) => path.resolve(workingDirectory, word))
    .filter((file) => existsSync(file))
}
