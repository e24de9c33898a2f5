import type { StreamStretch } from '../../src/rpc/stream-contract.ts'
import { formatBytes, formatCount } from '../format.ts'

type Translate = (key: string, params?: Record<string, unknown>) => string

/** What there is to say of bytes that are missing, or that came again. */
export function stretchWords({ kind, offset, length, packet }: StreamStretch, t: Translate): string {
  const params = { bytes: formatCount(length), from: formatCount(offset), to: formatCount(offset + length - 1), packet }
  if (kind === 'hole') return t(packet === 0 ? 'window.stream.missing' : 'window.stream.cut', params)
  return t(kind === 'conflict' ? 'window.stream.conflict' : 'window.stream.overlap', params)
}

export function savedStream(bytes: number, missing: number, t: Translate): string {
  return missing === 0 ? t('window.stream.saved', { bytes: formatBytes(bytes) }) : t('window.stream.savedWithHoles', { bytes: formatBytes(bytes), missing: formatBytes(missing) })
}
