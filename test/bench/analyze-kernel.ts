import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs inside a network namespace. Arguments: file, packets. Writes a pcap file of iperf3 transfers between two kernels, 42 connections at once,
 * each frame cut to 128 bytes; the far end loses one segment in 997 behind where the capture looks, which sends duplicates and repetitions.
 *
 *     iperf3 client, dumpcap on a0 ── veth ── b0 in a second namespace, iperf3 server
 */
const [file, packets] = process.argv.slice(2)
const connections = 42
const children: ChildProcess[] = []

try {
  await main()
} finally {
  for (const child of children) child.kill('SIGKILL')
}

async function main(): Promise<void> {
  const other = start('unshare', ['-n', 'sleep', '600'])
  await pause(300)
  const inside = `nsenter -t ${other.pid} -n`
  shell(`ip link set lo up && ip link add a0 type veth peer name b0 && ip link set b0 netns ${other.pid} && ip link set a0 up && ip addr add 10.78.0.1/24 dev a0`)
  shell(`${inside} ip link set b0 up && ${inside} ip addr add 10.78.0.2/24 dev b0`)
  for (const [name, prefix] of [['a0', ''], ['b0', inside]]) shell(`${prefix} ethtool -K ${name} tx off rx off gso off gro off tso off`)
  shell(`${inside} nft 'add table inet lossy; add chain inet lossy in { type filter hook input priority 0; }; add rule inet lossy in tcp dport 5201 numgen inc mod 997 0 drop'`)
  start('nsenter', ['-t', String(other.pid), '-n', 'iperf3', '-s'])
  const capture = start('dumpcap', ['-i', 'a0', '-P', '-q', '-s', '128', '-B', '64', '-f', 'tcp', '-c', packets, '-w', file])
  await pause(1000)
  start('iperf3', ['-c', '10.78.0.2', '-P', String(connections), '-t', '100'])
  await once(capture, 'exit')
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: 'ignore' })
  children.push(child)
  return child
}

function shell(command: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
