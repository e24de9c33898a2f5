import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { buildPrograms } from '../../main/setup/programs.mjs'
import type { BenchResult } from './bench.ts'
import type { KernelRun } from './engine-kernel-run.ts'
import { resultBeside, usualRuns } from './runs.ts'

const programs = ['engine-kernel-run', 'engine-kernel-peer']

/**
 * Our host against the kernel over a veth pair with all offloads off, beside iperf3 from kernel to kernel over another one.
 * Where that cannot be had the reason is printed and there are no figures.
 */
export async function kernelResults(quick: boolean): Promise<BenchResult[]> {
  const reason = obstacle()
  if (reason !== null) {
    console.error(`engine: nothing against the kernel: ${reason}`)
    return []
  }
  const folder = await buildPrograms(Object.fromEntries(programs.map((name) => [name, `test/bench/${name}.ts`])), 'bench-engine')
  const args = [...unshareArguments(), process.execPath, path.join(folder, 'engine-kernel-run.mjs'), quick ? '1' : '2', quick ? '1' : String(usualRuns)]
  const { status, stdout, stderr, error } = spawnSync('unshare', args, { encoding: 'utf8', timeout: 120_000 })
  if (status !== 0) {
    console.error(`engine: nothing against the kernel: ${error?.message ?? stderr.trim()}`)
    return []
  }
  const { sendingGbps, receivingGbps, kernelGbps, retransmitted, lost } = JSON.parse(stdout) as KernelRun
  const compared = (name: string, values: readonly number[]) => resultBeside(name, 'Gbit/s', values, 'iperf3, kernel to kernel', kernelGbps)
  return [
    compared('sending to the kernel over veth', sendingGbps),
    compared('receiving from the kernel over veth', receivingGbps),
    { name: 'segments sent again', value: retransmitted, unit: 'segments' },
    { name: 'frames lost before our ring', value: lost, unit: 'frames' },
  ]
}

function obstacle(): string | null {
  if (process.platform !== 'linux') return 'it needs Linux network namespaces'
  const path = `${process.env.PATH}:/usr/sbin:/sbin`
  for (const command of ['unshare', 'nsenter', 'ip', 'ethtool', 'iperf3']) {
    if (spawnSync('sh', ['-c', `command -v ${command}`], { env: { ...process.env, PATH: path } }).status !== 0) return `the program ${command} is not installed`
  }
  const { status, stderr } = spawnSync('unshare', [...unshareArguments(), 'true'], { encoding: 'utf8' })
  return status === 0 ? null : `this system refuses network namespaces: ${stderr.trim()}`
}

function unshareArguments(): string[] {
  return process.getuid?.() === 0 ? ['-n'] : ['-Urn']
}
