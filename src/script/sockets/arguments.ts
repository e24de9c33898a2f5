import { readU32 } from '../../base/bytes.ts'
import { parseAddress } from '../../stack/ip-address.ts'
import type { IpAddress } from '../../stack/ip-address.ts'
import { callConstant } from '../constants.ts'
import type { System } from '../constants.ts'
import { syntax, unsupported } from '../problem.ts'
import type { Call, Expression, StructField, Where } from '../script.ts'

/** Arguments of a system call, read as the call needs them. @throws ScriptProblem where one is of another kind */
export class CallArguments {
  readonly call: Call
  readonly where: Where
  private readonly system: System

  constructor(call: Call, where: Where, system: System) {
    this.call = call
    this.where = where
    this.system = system
  }

  get count(): number {
    return this.call.args.length
  }

  at(index: number): Expression {
    const found = this.call.args[index]
    if (found === undefined) throw syntax(this.where, 'expected', { expected: `${this.call.name}(… ${index + 1} …)`, got: String(this.call.args.length) })
    return found
  }

  isEllipsis(index: number): boolean {
    return this.at(index).kind === 'ellipsis'
  }

  number(index: number): number {
    return this.numberOf(this.at(index))
  }

  /** A number, a name that stands for one, several joined by `|`, or one in brackets. */
  numberOf(expression: Expression): number {
    const value = this.maybeNumber(expression)
    if (value === null) throw unsupported(expression.where, 'argument', this.describe(expression))
    return value
  }

  maybeNumber(expression: Expression): number | null {
    switch (expression.kind) {
      case 'number': return expression.value
      case 'word': return this.constant(expression.name, expression.where)
      case 'or': return expression.parts.reduce((sum, part) => Number(BigInt(sum) | BigInt(this.numberOf(part))), 0)
      case 'list': return expression.items.length === 1 ? this.maybeNumber(expression.items[0]) : null
      case 'apply':
        if (expression.name === 'htons' || expression.name === 'htonl' || expression.name === 'ntohs' || expression.name === 'ntohl') return this.numberOf(expression.args[0])
        return null
      default: return null
    }
  }

  /** A name as it stands, or null. */
  word(index: number): string | null {
    const found = this.call.args[index]
    return found?.kind === 'word' ? found.name : null
  }

  /** The fields of a struct in brackets or alone, by name. */
  struct(expression: Expression): ReadonlyMap<string, StructField> {
    const inner = expression.kind === 'list' && expression.items.length === 1 ? expression.items[0] : expression
    if (inner.kind !== 'struct') throw unsupported(expression.where, 'argument', this.describe(expression))
    return new Map(inner.fields.map((field, i) => [field.name ?? String(i), field]))
  }

  /** Port of a sockaddr, or null where the script leaves the address to the tool. */
  socketAddress(index: number): { readonly port: number, readonly address: IpAddress | null, readonly family: number | null } | null {
    const given = this.at(index)
    if (given.kind === 'ellipsis' || (given.kind === 'word' && given.name === 'NULL')) return null
    const fields = this.struct(given)
    const port = fields.get('sin_port') ?? fields.get('sin6_port') ?? fields.get('port')
    const address = fields.get('sin_addr') ?? fields.get('sin6_addr') ?? fields.get('addr')
    const family = fields.get('sa_family') ?? fields.get('sin_family') ?? fields.get('sin6_family')
    return {
      family: family === undefined ? null : this.numberOf(family.value), port: port === undefined ? 0 : this.portOf(port.value),
      address: address === undefined ? null : this.addressOf(address.value),
    }
  }

  private portOf(expression: Expression): number {
    const port = this.numberOf(expression)
    if (port < 0 || port > 65_535) throw syntax(expression.where, 'numberTooLarge', { what: 'port', value: port, min: 0, max: 65_535 })
    return port
  }

  private addressOf(expression: Expression): IpAddress | null {
    const text = expression.kind === 'apply' && expression.args.length > 0 ? expression.args[expression.args.length - 1] : expression
    if (text.kind === 'string') {
      const address = parseAddress(text.text)
      if (address !== null) return unmapped(address)
    }
    return null
  }

  private constant(name: string, where: Where): number {
    const value = name === 'NULL' ? 0 : callConstant(name, this.system)
    if (value === null) throw unsupported(where, 'constant', name)
    return value
  }

  private describe(expression: Expression): string {
    return `${this.call.name}(… ${expression.kind} …)`
  }
}

/** ::ffff:192.0.2.1 is the IPv4 address within (RFC 4291 §2.5.5.2). */
function unmapped(address: IpAddress): IpAddress {
  if (typeof address === 'number' || address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff || address.subarray(0, 10).some((byte) => byte !== 0)) return address
  return readU32(address, 12)
}

/** What a call gave. `note` is a value that came out beside the result and is not what the script says: expected and actual. */
export interface Returned {
  readonly result: number
  readonly errno: string | null
  /** Bytes of a datagram were left out. */
  readonly isCut?: boolean
  readonly wrong?: { readonly what: string, readonly expected: string, readonly actual: string }
}

/** A call under way: tried again after every step of the host until it returns, and at its deadline. */
export interface Pending {
  /** Null: it would block. */
  readonly attempt: () => Returned | null
  /** When it returns by itself; Infinity where it does not. */
  readonly deadlineUs: number
}

export function returned(result: number): Returned {
  return { result, errno: null }
}

export function failed(errno: string): Returned {
  return { result: -1, errno }
}

/** A call that is over at once. */
export function done(outcome: Returned): Pending {
  return { attempt: () => outcome, deadlineUs: Infinity }
}
