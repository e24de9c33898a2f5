import { once } from 'node:events'
import { pause, shell, start, startKernelPair, stopAll } from './kernel-pair.ts'

/**
 * Runs inside a network namespace. Arguments: file, packets. Writes a pcap file of iperf3 transfers between two kernels, 42 connections at once,
 * each frame cut to 128 bytes; the far end loses one segment in 997 behind where the capture looks, which sends duplicates and repetitions.
 */
const [file, packets] = process.argv.slice(2)
const connections = 42

try {
  await main()
} finally {
  stopAll()
}

async function main(): Promise<void> {
  const { prefix } = await startKernelPair()
  shell(`${prefix.join(' ')} nft 'add table inet lossy; add chain inet lossy in { type filter hook input priority 0; }; add rule inet lossy in tcp dport 5201 numgen inc mod 997 0 drop'`)
  const capture = start('dumpcap', ['-i', 'a0', '-P', '-q', '-s', '128', '-B', '64', '-f', 'tcp', '-c', packets, '-w', file])
  await pause(1000)
  start('iperf3', ['-c', '10.78.0.2', '-P', String(connections), '-t', '100'])
  await once(capture, 'exit')
}
