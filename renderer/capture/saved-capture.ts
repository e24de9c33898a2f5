import type { SaveResult } from '../../src/rpc/contract.ts'
import { formatBytes, formatCount } from '../format.ts'

/** What a save came to, and which comments it had no place for. */
export function savedCapture({ frames, bytes, commentsLeft }: SaveResult, t: (key: string, params: Record<string, unknown>) => string): string {
  const saved = t('window.result.saved', { frames: formatCount(frames), bytes: formatBytes(bytes) })
  return commentsLeft === 0 ? saved : `${saved} ${t('window.comment.left', { count: commentsLeft })}`
}
