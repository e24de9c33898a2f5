import type { Fault } from '../../src/base/fault.ts'
import { FindingsPass } from '../../src/trace/findings-pass.ts'
import { readCaptureFile } from '../files/capture-input.ts'
import { findingNamesText } from './finding-line.ts'
import { Output } from './output.ts'

const harmless: readonly string[] = ['--findings=tsv', '--lang=en', '--lang=ko']

/** The file of which findings as text are all that the command line asks for; null where it asks for more, or may be wrong. */
export function fileOfFindings([command, ...argv]: readonly string[]): string | null {
  let file: string | null = null
  const asked = new Set<string>()
  for (let i = 0; i < argv.length; i++) {
    const isFile = !argv[i].startsWith('-') || argv[i] === '-'
    if (isFile && (file !== null || argv[i] === '')) return null
    if (isFile) file = argv[i]
    else asked.add(argv[i].includes('=') ? argv[i] : `${argv[i]}=${argv[++i]}`)
  }
  return command === 'analyze' && asked.has(harmless[0]) && [...asked].every((option) => harmless.includes(option)) ? file : null
}

/**
 * `tcplab analyze FILE --findings tsv`: a line a packet with findings. Keeps no packet, and is fast for that.
 * @returns what is wrong with the file: it was read up to there
 * @throws FaultError fileNotFound, fileNotReadable, fileFormatUnknown
 */
export async function writeFindings(file: string): Promise<Fault | null> {
  const output = new Output(process.stdout)
  const pass = new FindingsPass()
  const damage = await readCaptureFile(file, (batch, reader) => {
    const first = pass.packetCount + 1
    pass.append(batch, reader.frameLinkTypes)
    const { findings, found, foundCount } = pass
    for (let k = 0; k < foundCount; k++) output.line(`${first + found[k]}\t${findingNamesText(findings[found[k]])}`)
    output.flush()
    return !output.isBroken
  })
  await output.end()
  return damage
}
