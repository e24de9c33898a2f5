import { unsupported } from '../../src/script/problem.ts'
import { remoteCall } from '../../src/script/remote-call.ts'
import type { RemoteDefaults } from '../../src/script/remote-call.ts'
import { CallArguments } from '../../src/script/sockets/arguments.ts'
import type { Pending, Returned } from '../../src/script/sockets/arguments.ts'
import { valueReturned } from '../../src/script/sockets/control.ts'
import type { System } from '../../src/script/constants.ts'
import type { Flow } from '../../src/script/flow.ts'
import type { Call, Command, Where } from '../../src/script/script.ts'
import type { CommandOutcome } from '../../src/script/shell.ts'
import type { UnderTest } from '../../src/script/under-test.ts'
import { TcpState } from '../../src/tcp/state.ts'
import type { Peer, PeerAnswer } from './peer-program.ts'

export interface RemoteOptions {
  readonly peer: Peer
  readonly system: System
  readonly defaults: RemoteDefaults
  readonly answerWithinUs: number
  readonly firstRemotePort: number
  /** Lines of the script, for whoever performs its calls by hand. */
  readonly lines: readonly string[]
}

/** A peer's stack under test: its calls are performed over there, and of its connections only the packets are seen. */
export class RemoteUnderTest implements UnderTest {
  readonly system: System
  readonly answerWithinUs: number
  readonly firstRemotePort: number
  onConnect: (localPort: number, remotePort: number) => void = () => {}
  boundPort = 0
  private readonly options: RemoteOptions

  constructor(options: RemoteOptions) {
    this.options = options
    this.system = options.system
    this.answerWithinUs = options.answerWithinUs
    this.firstRemotePort = options.firstRemotePort
  }

  startCall(call: Call, where: Where): Pending {
    const { peer, defaults, lines } = this.options
    const request = remoteCall(call, where, defaults, this.system)
    const args = new CallArguments(call, where, this.system)
    let outcome: Returned | null = null
    if (call.name === 'bind') this.boundPort = Number(request.port)
    if (call.name === 'connect') this.onConnect(this.boundPort, Number(request.port))
    const expected = { result: args.maybeNumber(call.result) ?? 0, errno: call.errno, value: null }
    peer.ask({ call: request, line: lines[where.line - 1]?.trim() ?? call.name, expected }, (answer) => { outcome = returnedOf(call, args, answer) })
    return {
      deadlineUs: Infinity,
      attempt: () => {
        if (peer.failure !== null) throw peer.failure
        return outcome
      },
    }
  }

  takeEvents(): void {}

  noteIcmp(): void {}

  /** Only the first SYN of a flow opens it: what the peer makes of later ones is what a script wants to know. */
  stateOf(flow: Flow): { state: TcpState, irs: number } | null {
    return flow.knowsRemoteIsn ? { state: TcpState.established, irs: flow.remoteIsn } : null
  }

  runCommand({ where, text }: Command): CommandOutcome {
    throw unsupported(where, 'notLive', text.trim())
  }

  measure(where: Where): never {
    throw unsupported(where, 'notLive', '%{ }%')
  }
}

function returnedOf(call: Call, args: CallArguments, { result, errno, value }: PeerAnswer): Returned {
  if (value !== null && call.name === 'getsockopt' && result === 0) return valueReturned(args, 3, args.word(2) ?? '', value)
  return { result, errno }
}
