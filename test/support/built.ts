import { ensureBuilt } from '../../main/setup/build.mjs'

/** Tests that start built programs run what the sources say now. */
export default async function setUp(): Promise<void> {
  // A file that runs again in a namespace or as another user was preceded by the run that started it.
  if (process.env.TCPLAB_OWN_NETWORK !== undefined) return
  await ensureBuilt((line: string) => console.log(line))
}
