import { spawn } from 'node:child_process'
import { root } from './root.mjs'

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {string[]} args
 * @param {{ timeoutMs?: number, show?: boolean, env?: Record<string, string | undefined>, shell?: boolean }} options
 *   `show` passes the output through as it comes; otherwise it is only collected
 * @returns {Promise<{ ok: boolean, status: number | null, output: string, timedOut: boolean, seconds: number }>}
 */
export function run(command, args, { timeoutMs = 600_000, show = false, env = {}, shell = false } = {}) {
  return new Promise((resolve) => {
    const startedAt = performance.now()
    const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], shell, detached: process.platform !== 'win32' })
    let output = ''
    let timedOut = false
    const stop = () => { try { process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL') } catch { /* it ended by itself */ } }
    const timer = setTimeout(() => { timedOut = true; stop() }, timeoutMs)
    const interrupted = () => { stop(); process.exit(130) }
    process.once('SIGINT', interrupted)
    process.once('SIGTERM', interrupted)
    const take = (stream) => (chunk) => {
      output = (output + chunk).slice(-1_000_000)
      if (show) stream.write(chunk)
    }
    child.stdout.on('data', take(process.stdout))
    child.stderr.on('data', take(process.stderr))
    const finish = (status, failure) => {
      clearTimeout(timer)
      process.off('SIGINT', interrupted)
      process.off('SIGTERM', interrupted)
      resolve({ ok: status === 0 && !timedOut, status, output: failure ? `${output}${failure.message}\n` : output, timedOut, seconds: (performance.now() - startedAt) / 1000 })
    }
    child.on('error', (failure) => finish(null, failure))
    child.on('close', (status) => finish(status, null))
  })
}

/** The last lines of a program's output that say something, for a message of ours. */
export function lastLines(output, count) {
  return output.split('\n').map((line) => line.trimEnd()).filter((line) => line !== '').slice(-count).join('\n')
}
