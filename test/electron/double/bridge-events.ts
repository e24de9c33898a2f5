/** The two worlds of a page share its document, and nothing else: what crosses is cloned by the browser as an event's detail. */
export const BridgeEvent = {
  /** isolated → main: `{ name, shape }`, a new property of window. */
  expose: 'electron-double:expose',
  /** isolated → main: is your script there? */
  hello: 'electron-double:hello',
  /** main → isolated: it is. Which of the two runs first is Chromium's choice. */
  ready: 'electron-double:ready',
  /** Either way: `{ id, call, args }`, run function `id` of yours. */
  callIsolated: 'electron-double:call-isolated',
  callMain: 'electron-double:call-main',
  /** The answer to a call, during the call: `{ call, value }`, `{ call, error }` or `{ call, isPending }`. */
  result: 'electron-double:result',
  /** How a pending answer came out. */
  settled: 'electron-double:settled',
} as const

/** Stands for a function of the other world. */
export interface FunctionToken { readonly electronDoubleFunction: number }

export interface CallDetail { id: number, call: string, args: unknown[] }
export interface ResultDetail { call: string, value?: unknown, error?: string, isPending?: boolean }

export function isToken(value: unknown): value is FunctionToken {
  return typeof value === 'object' && value !== null && 'electronDoubleFunction' in value
}

/** Copies plain objects and arrays and replaces what `change` replaces in them. */
export function mapShape(value: unknown, change: (value: unknown) => unknown): unknown {
  const changed = change(value)
  if (changed !== value) return changed
  if (Array.isArray(value)) return value.map((entry) => mapShape(entry, change))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, mapShape(entry, change)]))
}

export function fire(name: string, detail: unknown): void {
  document.dispatchEvent(new CustomEvent(name, { detail }))
}

export function listen<Detail>(name: string, take: (detail: Detail) => void): void {
  document.addEventListener(name, (event) => take((event as CustomEvent<Detail>).detail))
}

/** One world's side: functions it lends, and proxies of those it was lent. */
export class WorldBridge {
  private readonly lent: ((...args: unknown[]) => unknown)[] = []
  private readonly pending = new Map<string, { resolve: (value: unknown) => void, reject: (error: Error) => void }>()
  private calls = 0
  private answer: ResultDetail | null = null
  private readonly callOther: string

  constructor(callOwn: string, callOther: string) {
    this.callOther = callOther
    listen<CallDetail>(callOwn, (detail) => this.run(detail))
    listen<ResultDetail>(BridgeEvent.result, (detail) => { this.answer = detail })
    listen<ResultDetail>(BridgeEvent.settled, (detail) => this.settle(detail))
  }

  /** What the other world may have of a value: functions become tokens. */
  lend(value: unknown): unknown {
    return mapShape(value, (part) => typeof part === 'function' ? { electronDoubleFunction: this.lent.push(part as never) - 1 } satisfies FunctionToken : part)
  }

  /** A value of the other world: tokens become functions that run there. */
  borrow(value: unknown): unknown {
    return mapShape(value, (part) => isToken(part) ? (...args: unknown[]) => this.call(part.electronDoubleFunction, args) : part)
  }

  private call(id: number, args: unknown[]): unknown {
    // Both worlds hear every answer: the name tells whose call it was.
    const call = `${this.callOther} ${++this.calls}`
    this.answer = null
    fire(this.callOther, { id, call, args: args.map((arg) => this.lend(arg)) } satisfies CallDetail)
    const answer = this.answer as ResultDetail | null
    if (answer === null || answer.call !== call) throw new Error('the other world did not answer')
    if (answer.error !== undefined) throw new Error(answer.error)
    if (answer.isPending) return new Promise((resolve, reject) => { this.pending.set(call, { resolve, reject }) })
    return this.borrow(answer.value)
  }

  private run({ id, call, args }: CallDetail): void {
    try {
      const value = this.lent[id](...args.map((arg) => this.borrow(arg)))
      if (!(value instanceof Promise)) return fire(BridgeEvent.result, { call, value: this.lend(value) })
      fire(BridgeEvent.result, { call, isPending: true })
      value.then((settled) => fire(BridgeEvent.settled, { call, value: this.lend(settled) }), (error) => fire(BridgeEvent.settled, { call, error: messageOf(error) }))
    } catch (error) {
      fire(BridgeEvent.result, { call, error: messageOf(error) })
    }
  }

  private settle({ call, value, error }: ResultDetail): void {
    const waiting = this.pending.get(call)
    this.pending.delete(call)
    if (error === undefined) waiting?.resolve(this.borrow(value))
    else waiting?.reject(new Error(error))
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
