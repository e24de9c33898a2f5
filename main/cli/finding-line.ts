import { Finding, findingsOf, wiresharkNames } from '../../src/trace/finding.ts'
import type { FindingProofs } from '../../src/trace/finding-proofs.ts'

const nameLists = new Map<number, string>()

/** Names of findings as Wireshark has them, with commas between. Few combinations occur, and they occur often. */
export function findingNamesText(bits: number): string {
  const known = nameLists.get(bits)
  if (known !== undefined) return known
  const names = findingsOf(bits).map((name) => wiresharkNames[name]).join(',')
  nameLists.set(bits, names)
  return names
}

/** A packet with findings as `number<TAB>names`, or as an object with the proof of each. */
export function findingLine(proofs: FindingProofs, packet: number, bits: number, json: boolean): string {
  return json ? findingsJson(proofs, packet, bits) : `${packet}\t${findingNamesText(bits)}`
}

function findingsJson(proofs: FindingProofs, packet: number, bits: number): string {
  const found = proofs.of(packet)
  const findings = findingsOf(bits).map((name) => {
    const proof = found.find(({ finding }) => finding === Finding[name])
    return { name: wiresharkNames[name], ...proof && { operands: [proof.first, proof.second], packets: [proof.firstPacket, proof.secondPacket].map((number) => number || null) } }
  })
  return JSON.stringify({ frame: packet, findings })
}
