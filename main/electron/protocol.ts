import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { protocol } from 'electron'
import type { Protocol } from 'electron'

/** The window's own origin: nothing else may be loaded, and only it may speak to the main process. */
export const appOrigin = 'app://lab'

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../renderer')

/** Scripts only from the window's own files. Styles may be inline, because the console writes its colours into a style element. */
const contentSecurityPolicy = [
  'default-src \'none\'', 'script-src \'self\'', 'style-src \'self\' \'unsafe-inline\'', 'img-src \'self\' data: blob:', 'font-src \'self\'', 'connect-src \'self\'',
  'worker-src \'self\'', 'base-uri \'none\'', 'form-action \'none\'', 'frame-ancestors \'none\'', 'object-src \'none\'',
].join('; ')

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.json': 'application/json',
  '.map': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png', '.woff2': 'font/woff2', '.wasm': 'application/wasm',
}

/** Has to be called before the application is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } }])
}

/** Serves the built window as `app://lab/`. */
export function serveWindowFiles(into: Protocol): void {
  into.handle('app', answer)
}

async function answer(request: Request): Promise<Response> {
  const url = new URL(request.url)
  const file = fileFor(url)
  if (request.method !== 'GET' || file === null) return refusal(request.method === 'GET' ? 404 : 405)
  try {
    const body = await readFile(file)
    return new Response(new Uint8Array(body), { headers: headersFor(file) })
  } catch {
    return refusal(404)
  }
}

/** The file below the window's folder that a URL names, or null. `URL` has already resolved dots; encoded ones are resolved here. */
function fileFor(url: URL): string | null {
  if (url.host !== new URL(`${appOrigin}/`).host) return null
  let name: string
  try { name = decodeURIComponent(url.pathname) } catch { return null }
  if (name.includes('\0')) return null
  const file = path.join(folder, name === '/' ? 'index.html' : name)
  return file.startsWith(folder + path.sep) ? file : null
}

function headersFor(file: string): Record<string, string> {
  const type = contentTypes[path.extname(file)] ?? 'application/octet-stream'
  return { 'Content-Type': type, 'Content-Security-Policy': contentSecurityPolicy, 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-cache' }
}

function refusal(status: number): Response {
  return new Response('', { status, headers: { 'Content-Security-Policy': contentSecurityPolicy } })
}
