import { writeFileSync } from 'node:fs'
import { concatBytes } from '../../src/base/bytes.ts'
import { blockBytesBound, enhancedPacketBytes, writeEnhancedPacket, writeInterfaceDescription, writeSectionHeader } from '../../src/capture-file/pcapng-writer.ts'
import { runScenario, sideNames } from '../../src/sim/soak/run.ts'
import { scenarioOf } from '../../src/sim/soak/scenario.ts'
import { printPacket } from '../../src/wire/one-line.ts'
import { decodePacket, Packet } from '../../src/wire/packet.ts'

const linkTypeEthernet = 1
const lastLines = 40

/** Runs one seed, tells its story and writes what both hosts saw. @returns the exit code */
export function replay(seed: number, file: string | null, isWhole: boolean): number {
  const scenario = scenarioOf(seed)
  const lines: string[] = []
  const blocks = [sectionHeader(), ...sideNames.map(interfaceBlock)]
  const result = runScenario(scenario, {
    frame(side, direction, bytes, at, length, nowUs) {
      lines.push(`${stamp(nowUs)} ${sideNames[side]} ${direction === 'sent' ? '>' : '<'} ${wordsOf(bytes, at, length)}`)
      blocks.push(packetBlock(side, direction, bytes, at, length, nowUs))
    },
    decision(side, _connection, verb, reason, nowUs, _seq, _length, operands) {
      lines.push(`${stamp(nowUs)} ${sideNames[side]}   ${verb} ${reason} ${operands.join(' ')}`)
    },
  })
  console.log(JSON.stringify(scenario, null, 2))
  console.log((isWhole ? lines : lines.slice(-lastLines)).join('\n'))
  if (file !== null) {
    writeFileSync(file, concatBytes(blocks))
    console.log(`wrote ${file}`)
  }
  console.log(result.problem === null ? `nothing went wrong: ${result.endings.join(' ')}` : `at ${stamp(result.atUs)}: ${result.problem}`)
  return result.problem === null ? 0 : 1
}

const packet = new Packet()

function wordsOf(bytes: Uint8Array, at: number, length: number): string {
  decodePacket(bytes, at, length, linkTypeEthernet, packet)
  return printPacket(packet, bytes)
}

function stamp(us: number): string {
  return `${(us / 1e6).toFixed(6).padStart(12)} s`
}

function sectionHeader(): Uint8Array {
  const block = new Uint8Array(blockBytesBound(32))
  return block.slice(0, writeSectionHeader(block, 0, { application: 'TCP Lab simulation' }))
}

function interfaceBlock(name: string): Uint8Array {
  const block = new Uint8Array(blockBytesBound(32))
  return block.slice(0, writeInterfaceDescription(block, 0, { linkType: linkTypeEthernet, snapLength: 0, name }))
}

function packetBlock(side: 0 | 1, direction: 'sent' | 'received', bytes: Uint8Array, at: number, length: number, nowUs: number): Uint8Array {
  const block = new Uint8Array(enhancedPacketBytes(length))
  const seconds = Math.floor(nowUs / 1e6)
  writeEnhancedPacket(block, 0, side, seconds, Math.round((nowUs - seconds * 1e6) * 1000), direction === 'sent' ? 2 : 1, bytes, at, length, length)
  return block
}
