// node --import register.mjs <main entry>: there, `electron` means the double beside this file.
import { register } from 'node:module'

const url = new URL('./electron.mjs', import.meta.url).href
register(`data:text/javascript,${encodeURIComponent(`
export async function resolve(specifier, context, next) {
  return specifier === 'electron' || specifier === 'electron/main' ? { url: ${JSON.stringify(url)}, shortCircuit: true } : next(specifier, context)
}`)}`)
await import(url)
