import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { BroadcastChannel } from 'node:worker_threads'
import { createBirpc } from 'birpc'
import { LabWorker } from '../../main/lab/worker-client.ts'
import type { LabUpdate } from '../../src/rpc/contract.ts'
import { keepAll } from '../../src/trace/keep.ts'
import type { CoreFunctions, ShellFunctions } from '../../src/rpc/outcome.ts'
import { turnsChannel } from './turn-watch.ts'
import type { Turns, TurnsRequest } from './turn-watch.ts'

export interface LiveRun {
  sent: number
  seconds: number
  tracked: number
  recorded: number
  droppedByKernel: number
  droppedByRing: number
  retransmissions: number
  turns: Turns[]
  megabytesBefore: number
  megabytesAfter: number
  /** Resident memory, a number a second while the flood lasts. */
  megabytesBySecond: number[]
  /** Of the recording on disk, the most there was. */
  recordingMegabytes: number
  kept: number
}

/** Runs inside the namespace. Arguments: the built worker, seconds, frames a second, packets to keep (0: all). Prints one {@link LiveRun} as JSON. */
const [workerPath, seconds, rate, keepPackets = '0'] = process.argv.slice(2)
const near = 'tllive0'
const far = 'tllive1'
const threads = 2
/** Counts that have stood still for so long are final: a busy machine comes late to what waits in rings. */
const settleMs = 5000
const askMs = 250
const turnsOfThreads = new BroadcastChannel(turnsChannel)

console.log(JSON.stringify(await main()))
process.exit()

async function main(): Promise<LiveRun> {
  shell(`ip link set lo up && ip link add ${near} type veth peer name ${far}`)
  for (const name of [near, far]) shell(`sysctl -qw net.ipv6.conf.${name}.disable_ipv6=1 && ip link set ${name} up`)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-live-'))
  const lab = new LabWorker({ version: 'bench', recordingFolder: folder, electron: false, keep: keepPackets === '0' ? keepAll : { kind: 'packets', limit: Number(keepPackets) }, defaultLink: { kind: 'nic', name: near }, workerUrl: pathToFileURL(workerPath) })
  try {
    let update: LabUpdate | null = null
    const port = lab.connect()
    const shellFunctions: ShellFunctions = { update: (latest) => { update = latest } }
    const rpc = createBirpc<CoreFunctions, ShellFunctions>(shellFunctions, { post: (message) => port.postMessage(message), on: (listener) => { port.on('message', listener) }, timeout: -1 })
    const state = () => update as LabUpdate | null
    for (let tries = 0; state()?.link.info?.name !== near; tries++) {
      if (tries > 100) throw new Error(`the lab does not open ${near}: ${JSON.stringify(state()?.faults)}`)
      await pause(100)
    }
    const megabytesBefore = memoryMegabytes()
    ask('begin')
    const megabytesBySecond: number[] = []
    let recordingMegabytes = 0
    const looks = setInterval(() => {
      megabytesBySecond.push(memoryMegabytes())
      recordingMegabytes = Math.max(recordingMegabytes, Math.round(state()!.link.recording.bytes / 1e6))
    }, 1000)
    const { sent, seconds: spent } = await generate()
    clearInterval(looks)
    const turns = await toldTurns()
    for (let counted = -1, since = 0; counted < sent && since < settleMs; since += askMs) {
      // Asked for, an update comes although nothing has changed: the link counts its losses once a second.
      await rpc.call('watch', [{ connection: null }])
      await pause(askMs)
      const { link: { statistics }, packets } = state()!
      const now = packets.total + statistics.droppedByKernel + statistics.droppedByRing
      if (now > counted) since = 0
      counted = now
    }
    const { link, packets } = state()!
    const { droppedByKernel, droppedByRing } = link.statistics
    return {
      sent, seconds: spent, tracked: packets.total, recorded: link.recording.frames, droppedByKernel, droppedByRing,
      retransmissions: state()!.flows.changed.reduce((sum, flow) => sum + flow.retransmissions, 0),
      turns, megabytesBefore, megabytesAfter: memoryMegabytes(), megabytesBySecond, recordingMegabytes,
      kept: packets.total - packets.left,
    }
  } finally {
    await lab.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function generate(): Promise<{ sent: number, seconds: number }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./live-generator.mjs', import.meta.url)), far, seconds, rate], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => { output += chunk })
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`the generator ended with ${status}: ${output}`)
  return JSON.parse(output) as { sent: number, seconds: number }
}

function ask(request: TurnsRequest): void {
  turnsOfThreads.postMessage(request)
}

async function toldTurns(): Promise<Turns[]> {
  const told: Turns[] = []
  const all = new Promise<Turns[]>((resolve) => {
    turnsOfThreads.onmessage = (event) => {
      const { data } = event as { data: Turns | TurnsRequest }
      if (typeof data === 'object' && told.push(data) === threads) resolve(told)
    }
  })
  ask('tell')
  return all
}

function memoryMegabytes(): number {
  return Math.round(process.memoryUsage.rss() / 1e6)
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

function shell(command: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
  if (status !== 0) throw new Error(`${command}: ${stderr}`)
}
