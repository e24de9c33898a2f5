import { lstatSync } from 'node:fs'
import path from 'node:path'

/** Who asked for a helper with more rights than their own. */
export interface Asker { readonly uid: number, readonly gid: number }

/** A group that owns nothing, where the folder's would be root's own. */
const nobodysGroup = 65534

/**
 * The user who asked, as the system's dialog (`PKEXEC_UID`) or `sudo` says, else as the lab says.
 * @param said what follows `--user`
 * @throws Error when nobody says it, or when they contradict each other
 */
export function askerOf(env: Readonly<Record<string, string | undefined>>, said: string | undefined): number {
  const sayings = [env.PKEXEC_UID, env.SUDO_UID, said].filter((text) => text !== undefined)
  if (sayings.length === 0) throw new Error('nobody says which user asked for it')
  if (!sayings.every((text) => /^\d{1,10}$/.test(text) && text === sayings[0])) throw new Error(`it is not clear which user asked for it: ${sayings.join(', ')}`)
  return Number(sayings[0])
}

/**
 * Goes into the folder of the lab's socket and looks at it from within, where nobody can exchange it any more.
 * @param uid the user who asked
 * @returns the socket's name in there, and the user
 * @throws Error when the folder is open to others, or folder or socket are another user's
 */
export function enterSocketFolder(address: string, uid: number): { name: string, asker: Asker } {
  if (!path.isAbsolute(address)) throw new Error(`${address} is no absolute path`)
  process.chdir(path.dirname(address))
  const folder = lstatSync('.')
  if (folder.uid !== uid) throw new Error(`the folder of ${address} belongs to user ${folder.uid}, and user ${uid} asked`)
  if ((folder.mode & 0o077) !== 0) throw new Error(`the folder of ${address} is open to other users`)
  const name = path.basename(address)
  const socket = lstatSync(name)
  if (!socket.isSocket()) throw new Error(`${address} is no socket`)
  if (socket.uid !== uid) throw new Error(`${address} belongs to user ${socket.uid}, and user ${uid} asked`)
  return { name, asker: { uid, gid: folder.gid === 0 && uid !== 0 ? nobodysGroup : folder.gid } }
}

/** Windows: a pipe of a lab on this machine. Its name, which nobody guesses, is all that can be known of it. @throws Error */
export function checkPipeName(address: string): void {
  if (!/^\\\\\.\\pipe\\tcplab-[0-9a-f]{32}$/.test(address)) throw new Error(`${address} is no pipe of a lab`)
}

/** An open interface needs no rights any more: the process goes on as the user who asked, and there is no way back. @throws Error */
export function becomeAsker({ uid, gid }: Asker): void {
  if (uid === 0) return
  process.setgroups!([gid])
  process.setgid!(gid)
  process.setuid!(uid)
}
