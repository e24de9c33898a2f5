import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** The server can inject packets: it serves its own window on this machine and nobody else. */
export const contentSecurityPolicy = [
  'default-src \'none\'', 'script-src \'self\'', 'style-src \'self\' \'unsafe-inline\'', 'img-src \'self\' data: blob:', 'font-src \'self\'', 'connect-src \'self\'', 'worker-src \'self\'',
  'manifest-src \'self\'', 'base-uri \'none\'', 'form-action \'none\'', 'frame-ancestors \'none\'',
].join('; ')

export const securityHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
}

const cookieName = 'tcplab'

export function newToken(): string {
  return randomBytes(24).toString('base64url')
}

/** Who may come in: whoever says the token, from a page of this very server. */
export class Guard {
  private readonly token: string
  private readonly port: number

  constructor(token: string, port: number) {
    this.token = token
    this.port = port
  }

  /** The request was made to this server by its own name (no DNS rebinding), and not from another site's page. */
  isOwn(request: IncomingMessage): boolean {
    const hosts = this.hosts()
    if (!hosts.includes(request.headers.host ?? '')) return false
    const { origin } = request.headers
    if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`)) return false
    const site = request.headers['sec-fetch-site']
    return site === undefined || site === 'same-origin' || site === 'none'
  }

  /** The token in the address or in the cookie is right. */
  mayEnter(request: IncomingMessage, url: URL): boolean {
    return this.matches(url.searchParams.get('token')) || this.matches(cookieOf(request))
  }

  hasTokenInAddress(url: URL): boolean {
    return this.matches(url.searchParams.get('token'))
  }

  cookie(): string {
    return `${cookieName}-${this.port}=${this.token}; HttpOnly; SameSite=Strict; Path=/`
  }

  private hosts(): string[] {
    return [`127.0.0.1:${this.port}`, `localhost:${this.port}`]
  }

  /** Compared as digests, so that neither length nor content shows in the time it takes. */
  private matches(candidate: string | null): boolean {
    return candidate !== null && timingSafeEqual(digest(candidate), digest(this.token))
  }
}

function cookieOf(request: IncomingMessage): string | null {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2)
    if (name.startsWith(`${cookieName}-`) && value !== undefined && name === `${cookieName}-${request.socket.localPort}`) return value
  }
  return null
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
