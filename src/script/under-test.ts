import type { TcpState } from '../tcp/state.ts'
import type { CodeValue } from './code.ts'
import type { System } from './constants.ts'
import type { Flow } from './flow.ts'
import type { Call, Command, Where } from './script.ts'
import type { CommandOutcome } from './shell.ts'
import type { Pending } from './sockets/arguments.ts'
import type { UdpTunnels } from './udp-tunnel.ts'

/** An IP packet that the stack under test sent: header first, no link header. */
export interface Captured { readonly timeUs: number, readonly bytes: Uint8Array }

/** The cable between a script and the stack under test, in virtual time or in real. */
export interface Wire {
  readonly nowUs: number
  /** What has left and was not matched yet, oldest first. */
  readonly captured: Captured[]
  /** Where TCP may go within UDP. */
  readonly tunnels?: UdpTunnels | null
  /** Called whenever something may have happened. */
  onStep: () => void
  /**
   * IP packets arrive at the stack, each behind room for an Ethernet header.
   * @param staysOpen it may not answer yet: more is to come at this moment
   */
  inject(frames: readonly Uint8Array[], version: 4 | 6, staysOpen?: boolean): void
  /** Lets what follows at once from a call happen. */
  settle(): void
  /** To a time before which nothing is due; what is due then waits until something has come in. */
  skipTo(timeUs: number): void
}

/** What a script's packets have to know of the connections that it speaks of. */
export interface ConnectionsUnderTest {
  /** Where the other side's ports begin, for connections that it opens. */
  readonly firstRemotePort: number
  /** Told when a socket opens actively; a local port of 0 is not known yet. */
  onConnect: (localPort: number, remotePort: number) => void
  /** Of the socket that was used last; 0: none. */
  readonly boundPort: number
  /** State and first sequence number of the other side; null where there is no such connection yet. */
  stateOf(flow: Flow): { readonly state: TcpState, readonly irs: number } | null
  /** An ICMP message goes to the stack: errors that follow from it mean this. */
  noteIcmp(version: 4 | 6, type: number, code: number): void
}

/** The stack that a script is about, with the program on top of it. */
export interface UnderTest extends ConnectionsUnderTest {
  /** Whose numbers the names in calls stand for. */
  readonly system: System
  /** How long a call may take that is to return at once. */
  readonly answerWithinUs: number
  /** @throws ScriptProblem for a call, or an argument of one, that is not had here */
  startCall(call: Call, where: Where): Pending
  /** Takes what happened to the sockets, before what follows from it leaves. */
  takeEvents(): void
  /** @throws ScriptProblem for a command that is not had here */
  runCommand(command: Command): CommandOutcome
  /** The variables `tcpi_…` of this moment. @throws ScriptProblem where they cannot be had */
  measure(where: Where): ReadonlyMap<string, CodeValue>
}
