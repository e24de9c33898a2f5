import { runCode } from './code.ts'
import type { CodeValue } from './code.ts'
import { expectedParts } from './packet-text.ts'
import { PacketPlayer } from './packet-player.ts'
import type { Failure, FailureCode, PlayedEvent } from './report.ts'
import type { Call, Code, Command, PacketAction, Script, ScriptEvent, Where } from './script.ts'
import type { Settings } from './settings.ts'
import type { Pending, Returned } from './sockets/arguments.ts'
import type { UnderTest, Wire } from './under-test.ts'
import { callConstant } from './constants.ts'

interface Blocked { readonly event: ScriptEvent, readonly call: Call, readonly pending: Pending, readonly startUs: number, readonly dueUs: number }

/** How long a packet that was expected, and a call before another, are waited for. */
const packetPatienceUs = 2_000_000
const callPatienceUs = 1_000_000
/** What `*` waits at most. */
const endlessUs = 86_400_000_000

/**
 * Who plays a script waits for as long as it says: up to a time, or until the condition holds. The answer is whether it did.
 * In virtual time nobody has to wait.
 */
export interface Wait { readonly toUs: number, readonly until: () => boolean }
type Steps<T> = Generator<Wait, T, boolean>

/** Plays the events of a script one after another. Times inside are those of the wire. */
export class Runner {
  readonly printed: string[] = []
  readonly played: PlayedEvent[] = []
  readonly warnings: Failure[] = []
  private readonly script: Script
  private readonly settings: Settings
  private readonly wire: Wire
  private readonly underTest: UnderTest
  private readonly packets: PacketPlayer
  private readonly variables = new Map<string, CodeValue>()
  private readonly startUs: number
  /** When the event before was over, and for injected packets when it was to be. */
  private lastUs: number
  private lastScheduledUs: number | null = null
  private blocked: Blocked | null = null
  /** The event before has left it to this one to let the host answer. */
  private isTurnOpen = false
  private failure: Failure | null = null

  constructor(script: Script, settings: Settings, underTest: UnderTest, wire: Wire) {
    this.script = script
    this.settings = settings
    this.wire = wire
    this.underTest = underTest
    this.startUs = wire.nowUs
    this.lastUs = wire.nowUs
    this.packets = new PacketPlayer(settings, wire, underTest)
    wire.onStep = () => this.step()
  }

  /** @returns what was not as the script says, or null. @throws ScriptProblem for what is not had here */
  * run(): Steps<Failure | null> {
    const { init, events, cleanup } = this.script
    if (init !== null) this.command(init)
    for (const [i, event] of events.entries()) {
      if (this.failure !== null) break
      yield* this.play(event, this.isOneTurn(event, events.at(i + 1)))
      if (this.failure === null) this.played.push({ line: event.where.line, timeUs: this.wire.nowUs - this.startUs })
    }
    yield* this.waitForCall(endlessUs)
    if (cleanup !== null) this.command(cleanup)
    return this.failure
  }

  /** Whether nothing may leave between an event and the next, see `Profile.turns`. */
  private isOneTurn({ action, endUs }: ScriptEvent, next: ScriptEvent | undefined): boolean {
    if (!this.settings.profile.turns || next === undefined || next.time.kind !== 'relative' || next.time.toUs > 0) return false
    if (action.kind === 'packet') return action.direction === 'in' && next.action.kind === 'packet' && next.action.direction === 'in'
    return action.kind === 'call' && next.action.kind === 'call' && endUs === null
  }

  /** @param staysOpen the next event belongs to the same turn */
  private* play(event: ScriptEvent, staysOpen: boolean): Steps<void> {
    const { action } = event
    if (action.kind === 'packet' && action.direction === 'out') return yield* this.expectPacket(event, action)
    const dueUs = this.timeOf(event, event.time.fromUs, action.kind === 'packet')
    if (action.kind === 'packet' && this.settings.profile.turns) yield* this.advanceBefore(dueUs)
    else if (!this.isTurnOpen) yield* this.advance(dueUs)
    this.isTurnOpen = staysOpen
    if (this.failure !== null) return
    const lateUs = this.wire.nowUs - dueUs
    if (lateUs > this.toleranceUs(dueUs)) return this.fail(event.where, 'startedLate', { late: lateUs, due: dueUs - this.startUs })
    switch (action.kind) {
      case 'packet': this.inject(event, action); break
      case 'call': yield* this.call(event, action); break
      case 'command': this.command(action); break
      case 'code': this.code(action); break
    }
    this.over(action.kind === 'packet' ? dueUs : null)
  }

  /** `+T` counts from when the event before was over; between two injected packets from when the first was to leave. */
  private timeOf(event: ScriptEvent, offsetUs: number, isInjected: boolean): number {
    if (event.time.kind === 'absolute') return this.startUs + offsetUs
    return (isInjected ? this.lastScheduledUs ?? this.lastUs : this.lastUs) + offsetUs
  }

  private over(scheduledUs: number | null): void {
    this.lastUs = this.wire.nowUs
    this.lastScheduledUs = scheduledUs
  }

  private toleranceUs(dueUs: number): number {
    return Math.max(this.settings.toleranceUs, (this.settings.tolerancePercent / 100) * Math.max(0, dueUs - this.lastUs))
  }

  private inject(event: ScriptEvent, action: PacketAction): void {
    const unknownEcho = this.packets.inject(action, event.where, this.isTurnOpen)
    if (unknownEcho !== null) this.fail(event.where, 'unknownEcho', { ecr: unknownEcho })
  }

  private* expectPacket(event: ScriptEvent, action: PacketAction): Steps<void> {
    const isAny = event.time.kind === 'any'
    const fromUs = this.timeOf(event, event.time.fromUs, false)
    const toUs = this.timeOf(event, event.time.toUs, false)
    const limitUs = isAny ? this.wire.nowUs + endlessUs : toUs + packetPatienceUs
    const flow = this.packets.flowFor(action)
    if (flow === null) return this.fail(event.where, 'noFlow', {}, action)
    if (!this.packets.hasWhole(flow, action)) yield* this.advance(limitUs, () => this.packets.hasWhole(flow, action))
    if (this.failure !== null) return
    const match = this.packets.match(flow, action)
    if (match === null) return this.fail(event.where, 'packetMissing', { waited: Math.max(0, this.wire.nowUs - fromUs) }, action)
    if (match.differing.length > 0) {
      this.tell({ where: event.where, code: 'packetDiffers', params: { fields: match.differing.join(', ') }, expected: expectedParts(action), actual: match.actual, differing: match.differing })
      return this.over(null)
    }
    const toleranceUs = this.toleranceUs(fromUs)
    const isEarly = !isAny && match.timeUs < fromUs - toleranceUs
    const isLate = !isAny && match.timeUs > toUs + toleranceUs
    if (isEarly || isLate) {
      const params = { actual: match.timeUs - this.startUs, expected: (isEarly ? fromUs : toUs) - this.startUs, difference: isEarly ? fromUs - match.timeUs : match.timeUs - toUs }
      this.tell({ where: event.where, code: isEarly ? 'packetEarly' : 'packetLate', params, expected: expectedParts(action), actual: match.actual, differing: ['time'] })
    }
    this.over(null)
  }

  private* call(event: ScriptEvent, call: Call): Steps<void> {
    yield* this.waitForCall(callPatienceUs)
    if (this.failure !== null) return
    const pending = this.underTest.startCall(call, event.where)
    const startUs = this.wire.nowUs
    const outcome = pending.attempt()
    this.packets.noteCall(call, outcome)
    if (!this.isTurnOpen) this.wire.settle()
    if (event.endUs === null) {
      let late = outcome ?? pending.attempt()
      if (late === null) yield* this.advance(this.wire.nowUs + this.underTest.answerWithinUs, () => (late ??= pending.attempt()) !== null)
      if (late === null) return this.fail(event.where, 'wouldBlock', { call: call.name })
      return this.checkReturned(event, call, late)
    }
    const dueUs = event.time.kind === 'absolute' ? this.startUs + event.endUs : startUs + event.endUs - event.time.fromUs
    if (outcome === null) this.blocked = { event, call, pending, startUs, dueUs }
    else this.checkEnd(event, call, outcome, startUs, dueUs)
  }

  /** After every step of the host: what happened, and whether a call that blocks can return. */
  private step(): void {
    this.underTest.takeEvents()
    const { blocked } = this
    if (blocked === null) return
    const outcome = blocked.pending.attempt()
    if (outcome === null) return
    this.blocked = null
    this.checkEnd(blocked.event, blocked.call, outcome, blocked.startUs, blocked.dueUs)
  }

  private checkEnd(event: ScriptEvent, call: Call, outcome: Returned, startUs: number, dueUs: number): void {
    const toleranceUs = Math.max(this.settings.toleranceUs, (this.settings.tolerancePercent / 100) * (dueUs - startUs))
    const { nowUs } = this.wire
    if (nowUs < dueUs - toleranceUs) return this.fail(event.where, 'returnedEarly', { call: call.name, actual: nowUs - this.startUs, expected: dueUs - this.startUs })
    if (nowUs > dueUs + toleranceUs) return this.fail(event.where, 'returnedLate', { call: call.name, actual: nowUs - this.startUs, expected: dueUs - this.startUs })
    this.checkReturned(event, call, outcome)
  }

  private* waitForCall(patienceUs: number): Steps<void> {
    if (this.blocked === null || this.failure !== null) return
    const { event, call, dueUs } = this.blocked
    yield* this.advance(Math.max(this.wire.nowUs, dueUs) + patienceUs, () => this.blocked === null)
    if (this.blocked === null || this.failure !== null) return
    this.blocked = null
    this.fail(event.where, 'neverReturned', { call: call.name, expected: dueUs - this.startUs })
  }

  private checkReturned(event: ScriptEvent, call: Call, { result, errno, wrong }: Returned): void {
    const { where } = event
    if (wrong !== undefined) return this.fail(where, 'valueDiffers', { call: call.name, ...wrong })
    const expected = call.result.kind === 'number' ? call.result.value : call.result.kind === 'word' ? callConstant(call.result.name, this.underTest.system) : null
    const shown = errno === null ? String(result) : `${result} ${errno}`
    if (expected !== null && expected !== result) return this.fail(where, 'resultDiffers', { call: call.name, expected: call.errno === null ? String(expected) : `${expected} ${call.errno}`, actual: shown })
    if (call.errno !== null && !isSameErrno(call.errno, errno)) this.fail(where, 'errnoDiffers', { call: call.name, expected: call.errno, actual: errno ?? '0' })
  }

  private command(command: Command): void {
    const { status, output } = this.underTest.runCommand(command)
    this.wire.settle()
    if (status !== 0) this.fail(command.where, 'commandFailed', { command: command.text.trim(), status, output: output.join(' ') })
  }

  private code(code: Code): void {
    const { printed, failed } = runCode(code, this.variables, this.underTest.measure(code.where))
    this.printed.push(...printed)
    if (failed !== null) this.fail(code.where, 'assertionFailed', { assertion: failed.assertion, values: failed.values, message: failed.message })
  }

  /** Lets time pass up to `toUs`, until the condition holds or something fails; deadlines of a call that blocks are kept. */
  private* advance(toUs: number, until: () => boolean = () => false): Steps<void> {
    const stop = () => this.failure !== null || until()
    for (;;) {
      const deadlineUs = this.blocked?.pending.deadlineUs ?? Infinity
      const nextUs = Math.min(toUs, Math.max(deadlineUs, this.wire.nowUs))
      if (yield { toUs: nextUs, until: stop }) return
      this.step()
      if (stop() || nextUs === toUs) return
    }
  }

  /** Where packets that come at a moment go before the timers of that moment. */
  private* advanceBefore(dueUs: number): Steps<void> {
    if (this.wire.nowUs >= dueUs) return
    yield* this.advance(dueUs - 1)
    if (this.failure === null) this.wire.skipTo(dueUs)
  }

  private fail(where: Where, code: FailureCode, params: Readonly<Record<string, string | number>>, action: PacketAction | null = null): void {
    this.tell({ where, code, params, expected: action === null ? null : expectedParts(action), actual: null, differing: [] })
  }

  /** What the script declares as not fatal (`--non_fatal`) is told, and the script goes on. */
  private tell(failure: Failure): void {
    const { packet, syscall } = this.settings.nonFatal
    if ((packet && packetChecks.has(failure.code)) || (syscall && callChecks.has(failure.code))) this.warnings.push(failure)
    else this.failure ??= failure
  }
}

const packetChecks: ReadonlySet<string> = new Set<FailureCode>(['packetDiffers', 'packetEarly', 'packetLate'])
const callChecks: ReadonlySet<string> = new Set<FailureCode>(['resultDiffers', 'errnoDiffers', 'valueDiffers', 'returnedEarly', 'returnedLate'])

function isSameErrno(expected: string, actual: string | null): boolean {
  const plain = (name: string) => name === 'EWOULDBLOCK' ? 'EAGAIN' : name
  return actual !== null && plain(expected) === plain(actual)
}
