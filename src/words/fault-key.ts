import type { Fault } from '../base/fault.ts'
import { catalogues } from './catalogue.ts'

/** Parameters that choose a closer sentence than the code's own. */
const variantOf: Partial<Record<Fault['code'], (params: Fault['params']) => unknown>> = {
  interfaceNoPermission: ({ why }) => why,
  sandboxUnavailable: ({ why }) => why,
  badFilter: ({ why }) => why,
  fileInUse: ({ fresh }) => fresh ? 'fresh' : '',
  diskFull: ({ lost }) => lost === undefined ? 'once' : '',
  fileDamaged: ({ reason }) => reason,
  fileFormatUnknown: ({ why }) => why,
  fileNotReadable: ({ reason }) => reason,
  fileNotWritable: ({ reason }) => reason,
  serverPortInUse: ({ reason }) => reason,
  noSuchInterface: ({ available }) => available ? '' : 'none',
}

/** Where a fault's sentence stands in the catalogues: `faults.<code>`, or `faultVariants.<code>.<variant>` where there is one that says more. */
export function faultKey({ code, params }: Fault): string {
  const variant = variantOf[code]?.(params)
  const variants: Readonly<Record<string, object>> = catalogues.en.faultVariants
  return typeof variant === 'string' && Object.hasOwn(variants, code) && Object.hasOwn(variants[code], variant) ? `faultVariants.${code}.${variant}` : `faults.${code}`
}
