import { readU16, readU32 } from '../base/bytes.ts'

/** Words of an instruction in a program: code, jump if true, jump if false, constant. */
export const bpfWords = 4

const Class = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, ret: 6, misc: 7 } as const
const Size = { word: 0x00, half: 0x08, byte: 0x10 } as const
const Mode = { immediate: 0x00, absolute: 0x20, indirect: 0x40, memory: 0x60, length: 0x80, ipHeader: 0xa0 } as const
const Alu = { add: 0x00, sub: 0x10, mul: 0x20, div: 0x30, or: 0x40, and: 0x50, shiftLeft: 0x60, shiftRight: 0x70, negate: 0x80, mod: 0x90, xor: 0xa0 } as const
const Jump = { always: 0x00, equal: 0x10, greater: 0x20, greaterOrEqual: 0x30, anyBit: 0x40 } as const
const fromIndex = 0x08
const returnA = 0x10
const toA = 0x80

const memoryWords = 16
const memory = new Uint32Array(memoryWords)

/**
 * Runs a program of the BSD packet filter (McCanne and Jacobson, 1993) over a frame.
 * @param program {@link bpfWords} words an instruction, as libpcap compiles it
 * @param wireLength bytes of the frame on the wire
 * @returns bytes to keep; 0 means that the frame does not match. A read beyond the frame, and an instruction that does not exist, do not match
 */
export function runBpf(program: Uint32Array, bytes: Uint8Array, at: number, length: number, wireLength: number): number {
  let a = 0
  let x = 0
  // Jumps only go forward, so a program ends after at most as many steps as it has instructions.
  for (let pc = 0; pc < program.length; pc += bpfWords) {
    const code = program[pc]
    const k = program[pc + 3]
    switch (code & 7) {
      case Class.ld: {
        const mode = code & 0xe0
        if (mode === Mode.immediate) a = k
        else if (mode === Mode.memory) a = memory[k & (memoryWords - 1)]
        else if (mode === Mode.length) a = wireLength
        else {
          const from = mode === Mode.indirect ? x + k : k
          const size = code & 0x18
          const bytesNeeded = size === Size.word ? 4 : size === Size.half ? 2 : 1
          if (from + bytesNeeded > length) return 0
          a = size === Size.word ? readU32(bytes, at + from) : size === Size.half ? readU16(bytes, at + from) : bytes[at + from]
        }
        break
      }
      case Class.ldx: {
        const mode = code & 0xe0
        if (mode === Mode.immediate) x = k
        else if (mode === Mode.memory) x = memory[k & (memoryWords - 1)]
        else if (mode === Mode.length) x = wireLength
        else if (k >= length) return 0
        else x = (bytes[at + k] & 15) * 4
        break
      }
      case Class.st: memory[k & (memoryWords - 1)] = a; break
      case Class.stx: memory[k & (memoryWords - 1)] = x; break
      case Class.alu: {
        const operand = code & fromIndex ? x : k
        const operation = code & 0xf0
        if ((operation === Alu.div || operation === Alu.mod) && operand === 0) return 0
        a = compute(operation, a, operand)
        break
      }
      case Class.jmp: {
        const operation = code & 0xf0
        if (operation === Jump.always) pc += k * bpfWords
        else pc += (holds(operation, a, code & fromIndex ? x : k) ? program[pc + 1] : program[pc + 2]) * bpfWords
        break
      }
      case Class.ret: return (code & 0x18) === returnA ? a : k
      default:
        if ((code & 0xf8) === toA) a = x
        else x = a
    }
  }
  return 0
}

function compute(operation: number, a: number, operand: number): number {
  switch (operation) {
    case Alu.add: return (a + operand) >>> 0
    case Alu.sub: return (a - operand) >>> 0
    case Alu.mul: return Math.imul(a, operand) >>> 0
    case Alu.div: return Math.floor(a / operand)
    case Alu.mod: return a % operand
    case Alu.or: return (a | operand) >>> 0
    case Alu.and: return (a & operand) >>> 0
    case Alu.xor: return (a ^ operand) >>> 0
    case Alu.shiftLeft: return operand > 31 ? 0 : (a << operand) >>> 0
    case Alu.shiftRight: return operand > 31 ? 0 : a >>> operand
    case Alu.negate: return -a >>> 0
    default: return 0
  }
}

function holds(operation: number, a: number, operand: number): boolean {
  switch (operation) {
    case Jump.equal: return a === operand
    case Jump.greater: return a > operand
    case Jump.greaterOrEqual: return a >= operand
    case Jump.anyBit: return (a & operand) !== 0
    default: return false
  }
}
