import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Random } from '../../src/base/random.ts'
import { macOf } from '../../src/sim/network.ts'
import { pseudoHeaderSum4Of } from '../../src/wire/checksum.ts'
import { ethernetHeaderBytes } from '../../src/wire/ethernet.ts'
import { fillIpv4, ipv4HeaderBytes, IpProtocol } from '../../src/wire/ipv4.ts'
import { writeIpv4Frame } from '../../src/stack/ipv4-output.ts'
import { encodeTcp, fillTcpChecksum, TcpFlag, TcpHeader, tcpHeaderBytes } from '../../src/wire/tcp.ts'
import type { BenchResult } from './bench.ts'
import { clockUs, turn, twoHosts } from './engine-memory.ts'

const clientAddress = 0x0a4d0002
const serverAddress = 0x0a4d0001
const port = 9
/** SYNs between two real connections. */
const between = 1000

/** A flood of SYNs from addresses all over the network, while one connection goes on and new ones are opened. */
export function floodResults(quick: boolean): BenchResult[] {
  const count = quick ? 50_000 : 1_000_000
  const ends = twoHosts(1500, { mslUs: 1000 })
  const { client, server } = ends
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  server.host.listen(port)
  const old = client.host.connect(serverAddress, port, {}, clockUs()) as number
  while (turn(ends, clockUs()) > 0);
  const flood = new Flood()
  let opened = 0
  let beforeBytes = 0
  let spentMs = 0
  for (let sent = 0; sent < count; sent += between) {
    // By then the backlog is full and every table has its size.
    if (sent === count / 10) beforeBytes = weigh(collect)
    const begin = performance.now()
    for (let i = 0; i < between; i++) {
      const frame = flood.next()
      server.host.handleFrame(frame, 0, frame.length, clockUs())
      if (i % 128 === 127) server.transmit(clockUs())
    }
    server.transmit(clockUs())
    spentMs += performance.now() - begin
    client.receive(clockUs())
    client.host.connect(serverAddress, port, {}, clockUs())
    client.host.send(old, Uint8Array.of(1), 0, 1, clockUs())
    for (let round = 0; round < 4; round++) turn(ends, clockUs())
    for (const { host } of [client, server]) {
      for (let event = host.pollEvent(); event !== null; event = host.pollEvent()) {
        if (event.kind === 'connected' && event.connection !== old) { opened++; host.abort(event.connection, clockUs()) }
      }
    }
  }
  const grown = weigh(collect) - beforeBytes
  const { cookiesSent, cookiesTaken } = server.host.statistics().tcp
  if (opened !== count / between || cookiesTaken === 0) throw new Error(`${opened} of ${count / between} connections opened during the flood, ${cookiesTaken} by cookie`)
  const { connection } = [...server.host.connections()][0]
  for (const begin = performance.now(); connection.receivableBytes < opened && performance.now() - begin < 2000;) turn(ends, clockUs())
  if (connection.receivableBytes !== opened) throw new Error(`${connection.receivableBytes} of ${opened} bytes arrived during the flood`)
  return [
    { name: `SYNs of a flood of ${count.toLocaleString('en')}, ${cookiesSent.toLocaleString('en')} answered by cookie`, value: count / spentMs * 1000, unit: '1/s' },
    { name: `memory grown during it, ${opened.toLocaleString('en')} connections opened`, value: grown / 1024, unit: 'KiB' },
  ]
}

function weigh(collect: () => void): number {
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

class Flood {
  private readonly random = new Random(7)
  private readonly frame = new Uint8Array(ethernetHeaderBytes + ipv4HeaderBytes + tcpHeaderBytes)
  private readonly header = Object.assign(new TcpHeader(), { destinationPort: port, flags: TcpFlag.syn, window: 65_535 })

  next(): Uint8Array {
    const { frame, header, random } = this
    const source = 0x0a4d_0000 + 3 + random.nextBelow(250)
    header.sourcePort = 1024 + random.nextBelow(64_000)
    header.seq = random.nextU32()
    frame.set(macOf(serverAddress), 0)
    writeIpv4Frame(frame, macOf(clientAddress), source, serverAddress, IpProtocol.tcp, 64)
    fillIpv4(frame, ethernetHeaderBytes, ipv4HeaderBytes + tcpHeaderBytes)
    const at = ethernetHeaderBytes + ipv4HeaderBytes
    encodeTcp(header, frame, at, 0, frame, at)
    fillTcpChecksum(frame, at, tcpHeaderBytes, pseudoHeaderSum4Of(source, serverAddress, IpProtocol.tcp, tcpHeaderBytes))
    return frame
  }
}
