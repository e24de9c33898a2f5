import { closeSync, openSync, writeSync } from 'node:fs'
import { Random } from '../../src/base/random.ts'
import { encodeEthernet, EthernetHeader, EtherType } from '../../src/wire/ethernet.ts'
import { encodeIpv4, fillIpv4, IpProtocol, Ipv4Header } from '../../src/wire/ipv4.ts'
import { encodeTcp, TcpFlag, TcpHeader } from '../../src/wire/tcp.ts'

/** Arguments: file, packets. Transfers that lose, repeat and reorder a little; every third segment is an acknowledgment. */
const [file, packetsText] = process.argv.slice(2)
const packets = Number(packetsText)
const conversations = 42
const frameBytes = 128
const recordBytes = 16 + frameBytes
const framesEach = 4096

interface Conversation { sent: number, acked: number, lost: number, step: number }

const random = new Random(7)
const flows = Array.from({ length: conversations }, (): Conversation => ({ sent: random.nextU32(), acked: 0, lost: -1, step: 0 }))
const ethernet = new EthernetHeader()
const ip = new Ipv4Header()
const tcp = new TcpHeader()
const timestamps = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2)

main()

function main(): void {
  const descriptor = openSync(file, 'w')
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(65_535, 16)
  header.writeUInt32LE(1, 20)
  writeSync(descriptor, header)
  const chunk = Buffer.alloc(framesEach * recordBytes)
  for (let done = 0; done < packets; done += framesEach) {
    const count = Math.min(framesEach, packets - done)
    for (let i = 0; i < count; i++) writeRecord(chunk, i * recordBytes, done + i)
    writeSync(descriptor, chunk, 0, count * recordBytes)
  }
  closeSync(descriptor)
}

function writeRecord(into: Buffer, at: number, number: number): void {
  const us = number * 10
  into.writeUInt32LE(1_700_000_000 + Math.floor(us / 1e6), at)
  into.writeUInt32LE(us % 1e6, at + 4)
  into.writeUInt32LE(frameBytes, at + 8)
  const which = number < 3 * conversations ? number % conversations : random.nextBelow(conversations)
  into.writeUInt32LE(writeFrame(into, at + 16, which, flows[which]), at + 12)
}

/** @returns bytes on the wire */
function writeFrame(into: Buffer, at: number, which: number, flow: Conversation): number {
  const isOpening = flow.step < 3
  const isData = !isOpening && flow.step % 3 !== 0
  const isFromClient = isOpening ? flow.step !== 1 : isData
  let payload = 0
  tcp.flags = isOpening && flow.step < 2 ? TcpFlag.syn | (flow.step === 1 ? TcpFlag.ack : 0) : TcpFlag.ack
  tcp.seq = isFromClient ? flow.sent : 5000
  tcp.ack = isFromClient ? (flow.step === 0 ? 0 : 5001) : flow.acked
  if (isData) payload = takeData(flow)
  else if (!isFromClient) tcp.ack = flow.acked = flow.lost >= 0 ? flow.lost : flow.sent
  if (isOpening && flow.step === 0) flow.acked = flow.sent = (flow.sent + 1) >>> 0
  if (!isFromClient && !isOpening) tcp.seq = 5001
  flow.step++
  tcp.sourcePort = isFromClient ? 40_000 + which : 80
  tcp.destinationPort = isFromClient ? 80 : 40_000 + which
  tcp.window = 65_000
  tcp.dataOffsetWords = 8
  ethernet.etherType = EtherType.ipv4
  ip.protocol = IpProtocol.tcp
  ip.source = isFromClient ? 0x0a4d0002 : 0x0a4d0003
  ip.destination = isFromClient ? 0x0a4d0003 : 0x0a4d0002
  const ipAt = at + encodeEthernet(ethernet, into, at)
  const tcpAt = ipAt + encodeIpv4(ip, into, 0, 0, into, ipAt)
  encodeTcp(tcp, timestamps, 0, timestamps.length, into, tcpAt)
  fillIpv4(into, ipAt, 52 + payload)
  return Math.max(frameBytes, 14 + 52 + payload)
}

/** New data, one in 200 lost on the way, and what was lost again some time later. */
function takeData(flow: Conversation): number {
  const length = 1448
  if (flow.lost >= 0 && random.nextBelow(8) === 0) {
    tcp.seq = flow.lost
    flow.lost = -1
    return length
  }
  if (flow.lost < 0 && random.nextBelow(200) === 0) {
    flow.lost = flow.sent
    flow.sent = (flow.sent + length) >>> 0
    tcp.seq = flow.sent
  }
  flow.sent = (flow.sent + length) >>> 0
  return length
}
