import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

const children: ChildProcess[] = []

/** The command that runs what follows beside the second kernel. */
export interface SecondKernel { readonly prefix: readonly string[] }

/**
 * Two kernels, or one with two network stacks, at the ends of a veth pair without offloads:
 *
 *     10.78.0.1 on a0 ── veth ── b0 with 10.78.0.2 in a second namespace, where an iperf3 server listens
 */
export async function startKernelPair(): Promise<SecondKernel> {
  const other = start('unshare', ['-n', 'sleep', '600'])
  await pause(300)
  const prefix = ['nsenter', '-t', String(other.pid), '-n']
  const inside = prefix.join(' ')
  shell(`ip link set lo up && ip link add a0 type veth peer name b0 && ip link set b0 netns ${other.pid} && ip link set a0 up && ip addr add 10.78.0.1/24 dev a0`)
  shell(`${inside} ip link set b0 up && ${inside} ip addr add 10.78.0.2/24 dev b0`)
  turnOffloadsOff('a0')
  turnOffloadsOff('b0', inside)
  start(prefix[0], [...prefix.slice(1), 'iperf3', '-s'])
  return { prefix }
}

/** A program that ends with {@link stopAll}; what it prints and nobody listens for is read away, so that it never waits for a reader. */
export function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  child.stdout.resume()
  return child
}

export function stopAll(): void {
  for (const child of children) child.kill('SIGKILL')
}

/** @throws Error what the command said, where it failed */
export function shell(command: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
}

export function turnOffloadsOff(name: string, inside = ''): void {
  shell(`${inside} ethtool -K ${name} tx off rx off gso off gro off tso off`)
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
