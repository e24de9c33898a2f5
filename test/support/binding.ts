import { FaultError } from '../../src/base/fault.ts'
import { loadCap } from '../../main/link/cap-module.ts'
import { loadNative } from '../../main/link/native.ts'

/** Why tests of the capture binding cannot run here, or null. */
export function bindingObstacle(): string | null {
  return obstacleOf('the native capture binding', loadNative)
}

/** Why tests of the npm package cap cannot run here, or null. */
export function capObstacle(): string | null {
  return obstacleOf('the npm package cap', loadCap)
}

function obstacleOf(what: string, load: () => unknown): string | null {
  try {
    load()
    return null
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    return `needs ${what}: ${error.fault.params.reason}`
  }
}
