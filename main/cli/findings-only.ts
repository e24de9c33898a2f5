import { FaultError } from '../../src/base/fault.ts'
import { FindingsPass } from '../../src/trace/findings-pass.ts'
import { readCaptureFile } from '../files/capture-input.ts'
import { ExitCode, tellFailure } from './failure.ts'
import { findingNamesText } from './finding-line.ts'
import { Output } from './output.ts'
import type { Invocation } from './program.ts'

/** `tcplab analyze --findings tsv`: a line a packet with findings. Keeps no packet, and is fast for that. */
export async function runFindingsOnly({ args, words }: Invocation): Promise<number> {
  const output = new Output(process.stdout)
  const pass = new FindingsPass()
  const damage = await readCaptureFile(args[0] as string, (batch, reader) => {
    const first = pass.packetCount + 1
    pass.append(batch, reader.frameLinkTypes)
    const { findings } = pass
    for (let i = 0; i < batch.count; i++) if (findings[i] !== 0) output.line(`${first + i}\t${findingNamesText(findings[i])}`)
    output.flush()
    return !output.isBroken
  })
  await output.end()
  return damage === null ? ExitCode.done : tellFailure(new FaultError(damage), words)
}
