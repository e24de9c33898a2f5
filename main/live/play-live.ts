import { randomInt } from 'node:crypto'
import { parseScript } from '../../src/script/parse.ts'
import type { Defines } from '../../src/script/preprocess.ts'
import { ScriptProblem } from '../../src/script/problem.ts'
import type { Profile } from '../../src/script/profile.ts'
import type { Failure, ScriptReport } from '../../src/script/report.ts'
import { reportOf } from '../../src/script/run-script.ts'
import { Runner } from '../../src/script/runner.ts'
import { settingsOf } from '../../src/script/settings.ts'
import type { ToolOptions } from '../../src/script/settings.ts'
import { buildReset } from '../../src/script/build-packet.ts'
import { formatAddress } from '../../src/stack/ip-address.ts'
import type { IpAddress } from '../../src/stack/ip-address.ts'
import type { LiveWire } from './live-wire.ts'
import type { Peer } from './peer-program.ts'
import { RemoteUnderTest } from './remote-under-test.ts'

export interface LivePlay {
  readonly wire: LiveWire
  /** Not ready yet; the caller closes it. */
  readonly peer: Peer
  /** Somebody performs the calls by hand, and takes his time. */
  readonly isByHand: boolean
  readonly local: IpAddress
  readonly remote: IpAddress
  readonly profile: Profile
  readonly defines: Defines
  readonly tool: ToolOptions
}

const aDayUs = 86_400_000_000
const programAnswersWithinUs = 2_000_000
/** Ports that no system gives out by itself in the same minute. */
const remotePorts = [20_000, 32_000] as const

/**
 * Plays a script against a peer in real time: its `local` end is the peer, its `remote` end we are.
 * @throws FaultError where nothing can be sent to the peer, or who performs the calls has failed
 */
export async function playLive(text: string, { wire, peer, isByHand, local, remote, profile, defines, tool }: LivePlay): Promise<ScriptReport> {
  const script = parseScript(text, defines)
  if (script instanceof ScriptProblem) return reportOf(script, profile.name)
  await peer.ready()
  const startUs = wire.nowUs
  try {
    const settings = { ...settingsOf(script, profile, tool), local, remote }
    if ((settings.ipVersion === 'ipv6') !== (typeof local !== 'number')) throw new ScriptProblem('syntax', script.events[0].where, 'otherIpVersion', { peer: formatAddress(local) })
    const underTest = new RemoteUnderTest({
      peer, system: profile.sockets.system, lines: script.lines, answerWithinUs: isByHand ? aDayUs : programAnswersWithinUs, firstRemotePort: randomInt(...remotePorts),
      defaults: { family: typeof local === 'number' ? 4 : 6, bindPort: settings.bindPort, connectPort: settings.connectPort, address: formatAddress(remote) },
    })
    const runner = new Runner(script, settings, underTest, wire)
    const failure = await play(runner, wire)
    return { result: failure === null ? 'pass' : 'fail', failure, warnings: runner.warnings, played: runner.played, decisions: [], printed: runner.printed, virtualUs: wire.nowUs - startUs, profile: profile.name }
  } catch (error) {
    if (error instanceof ScriptProblem) return reportOf(error, profile.name)
    throw error
  } finally {
    reset(wire, local, remote)
  }
}

async function play(runner: Runner, wire: LiveWire): Promise<Failure | null> {
  const steps = runner.run()
  let step = steps.next()
  while (!step.done) step = steps.next(await wire.wait(step.value.toUs, step.value.until))
  return step.value
}

/** No connection is left behind. */
function reset(wire: LiveWire, local: IpAddress, remote: IpAddress): void {
  const last = wire.lastSegment
  if (last === null) return
  wire.inject([buildReset({ local, remote, localPort: last.sourcePort, remotePort: last.destinationPort, seq: last.ack })], typeof local === 'number' ? 4 : 6)
  wire.lastSegment = null
  wire.captured.length = 0
}
