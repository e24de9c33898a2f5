import { createReadStream, realpathSync, statSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import path from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.json': 'application/json', '.map': 'application/json',
  '.svg': 'image/svg+xml', '.png': 'image/png', '.ico': 'image/x-icon', '.woff2': 'font/woff2', '.txt': 'text/plain; charset=utf-8', '.webmanifest': 'application/manifest+json',
}

/**
 * The file of a folder that a URL path means, or null. A path names plain parts below the folder: no `..`, no backslash, no NUL,
 * nothing hidden, and links that lead out of the folder lead nowhere.
 */
export function findStaticFile(folder: string, urlPath: string): string | null {
  let decoded: string
  try {
    decoded = decodeURIComponent(urlPath)
  } catch {
    return null
  }
  const parts = decoded.split('/').slice(1)
  if (parts.at(-1) === '') parts[parts.length - 1] = 'index.html'
  if (!decoded.startsWith('/') || parts.some((part) => part === '' || part.startsWith('.') || /[\\\0:]/.test(part))) return null
  const file = path.join(folder, ...parts)
  if (!(path.extname(file) in types)) return null
  try {
    const real = realpathSync(file)
    return real.startsWith(realpathSync(folder) + path.sep) && statSync(real).isFile() ? real : null
  } catch {
    return null
  }
}

export function sendFile(file: string, isHead: boolean, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': types[path.extname(file)], 'Content-Length': statSync(file).size })
  if (isHead) response.end()
  else createReadStream(file).on('error', () => response.destroy()).pipe(response)
}
