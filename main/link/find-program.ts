import { existsSync } from 'node:fs'
import path from 'node:path'

/** Where the system's tools are; an ordinary user's path often leaves these out. */
const systemFolders = ['/usr/sbin', '/sbin', '/usr/bin', '/bin']

/** The file that a program's name means on this machine, or null. */
export function findProgram(program: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), ...systemFolders]
  return folders.filter((folder) => path.isAbsolute(folder)).map((folder) => path.join(folder, program)).find((file) => existsSync(file)) ?? null
}
