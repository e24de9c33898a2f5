import { ensureBuilt } from '../../main/setup/build.mjs'

/** Tests that start built programs run what the sources say now. */
export default async function setUp(): Promise<void> {
  await ensureBuilt((line: string) => console.log(line))
}
