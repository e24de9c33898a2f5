import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { ReaderResult } from './capture-reader.ts'

export interface Round {
  sent: number
  generatorSeconds: number
  received: number
  droppedByKernel: number
  droppedByRing: number
  droppedByInterface: number
  /** From the generator's last frame to the moment it was handed out; 0 for tcpdump, which does not tell. */
  lagMs: number
  cpuSeconds: number
  mainPauseMs: number
  readerPauseMs: number
}

interface Generated { sent: number, failed: number, startedAtMs: number, seconds: number }

/** Runs inside the namespace. Arguments: frames, rounds. Prints one JSON object: `{ ours: Round[], tcpdump: Round[] }`. */
const [frames, rounds] = process.argv.slice(2).map(Number)
const near = 'tlbench0'
const far = 'tlbench1'
const settleMs = 300
const patienceMs = 60_000
const resolutionMs = 2

await main()

async function main(): Promise<void> {
  shell(`ip link set lo up && ip link add ${near} type veth peer name ${far}`)
  for (const name of [near, far]) shell(`sysctl -qw net.ipv6.conf.${name}.disable_ipv6=1 && ip link set ${name} up`)
  const ours: Round[] = []
  const tcpdump: Round[] = []
  const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0
  await roundOfOurs(Math.min(frames, 50_000))
  for (let i = 0; i < rounds; i++) {
    ours.push(await roundOfOurs(frames))
    if (hasTcpdump) tcpdump.push(await roundOfTcpdump(frames))
  }
  console.log(JSON.stringify({ ours, tcpdump }))
}

async function roundOfOurs(count: number): Promise<Round> {
  const worker = new Worker(new URL('./capture-reader.mjs', import.meta.url), { workerData: { name: near } })
  await once(worker, 'message')
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  delay.enable()
  const cpu = process.cpuUsage()
  const generated = await generate(count)
  await pause(settleMs)
  const used = process.cpuUsage(cpu)
  delay.disable()
  const exited = once(worker, 'exit')
  worker.postMessage('finish')
  const [result] = await once(worker, 'message') as [ReaderResult]
  await exited
  const { droppedByKernel, droppedByRing, droppedByInterface } = result
  return {
    sent: generated.sent, generatorSeconds: generated.seconds, received: result.handedOut, droppedByKernel, droppedByRing, droppedByInterface,
    lagMs: Math.max(0, result.lastAtMs - generated.startedAtMs - generated.seconds * 1000), cpuSeconds: (used.user + used.system) / 1e6,
    mainPauseMs: Math.max(0, delay.max / 1e6 - resolutionMs), readerPauseMs: result.longestPauseMs,
  }
}

/** With the same buffer and snap length as ours. It ends by itself at the last frame, unless it lost one. */
async function roundOfTcpdump(count: number): Promise<Round> {
  const args = ['-i', near, '-n', '-w', '/dev/null', '-B', '65536', '-s', '262144', '-c', String(count)]
  const child = spawn('tcpdump', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  let ended = false
  let cpuSeconds = 0
  child.stderr.on('data', (chunk) => { words += chunk })
  child.on('exit', () => { ended = true })
  await until(() => words.includes('listening on'))
  const watch = setInterval(() => { cpuSeconds = cpuOf(child) ?? cpuSeconds }, 10)
  const generated = await generate(count)
  const impatience = setTimeout(() => child.kill('SIGINT'), 2000)
  await until(() => ended)
  clearTimeout(impatience)
  clearInterval(watch)
  const number = (pattern: RegExp) => Number(pattern.exec(words)?.[1] ?? NaN)
  return {
    sent: generated.sent, generatorSeconds: generated.seconds, received: number(/(\d+) packets? captured/), droppedByKernel: number(/(\d+) packets? dropped by kernel/),
    droppedByRing: 0, droppedByInterface: 0, lagMs: 0, cpuSeconds, mainPauseMs: 0, readerPauseMs: 0,
  }
}

async function generate(count: number): Promise<Generated> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./capture-generator.mjs', import.meta.url)), far, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  let output = ''
  child.stdout.on('data', (chunk) => { output += chunk })
  const [status] = await once(child, 'close')
  clearTimeout(timer)
  if (status !== 0) throw new Error(`the generator ended with ${status}: ${output}`)
  return JSON.parse(output) as Generated
}

/** Seconds of processor time that a process has used, or null when it is gone. */
function cpuOf(child: ChildProcess): number | null {
  try {
    return Number(readFileSync(`/proc/${child.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e9
  } catch {
    return null
  }
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + patienceMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${patienceMs} ms: ${condition}`)
    await pause(2)
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

function shell(command: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
}
