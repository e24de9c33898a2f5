import { ensureNpmPackages } from './npm-packages.mjs'
import { ensureSystemPackages } from './system-packages.mjs'
import { words } from './words.mjs'

/**
 * Brings a checkout to the point where the lab can run: system packages, npm packages, the native binding.
 * Quick when everything is there. What is missing and not vital is said in one line.
 * @param {{ say: (line: string) => void, forTests?: boolean }} options
 * @returns {Promise<{ missing: string[], nativeReason: string | null }>} what tests may have to do without; why there is no binding, or null
 */
export async function setUp({ say, forTests = false }) {
  const missing = await ensureSystemPackages('build', say)
  if (forTests) missing.push(...await ensureSystemPackages('test', say))
  await ensureNpmPackages(say)
  const nativeReason = await ensureBinding(say)
  if (nativeReason !== null) say(words('nativeFailed', { reason: nativeReason }))
  return { missing, nativeReason }
}

async function ensureBinding(say) {
  // Loaded only now: it may use packages that were missing a moment ago.
  const { ensureNative } = await import('./build-native.mjs')
  const { ok, reason } = await ensureNative({ say })
  return ok ? null : reason
}
