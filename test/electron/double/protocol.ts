import type { Route } from 'playwright-core'

type Handler = (request: Request) => Response | Promise<Response>

/** Chromium navigates to no scheme it does not know, so `app://lab/x` travels as `https://lab.app.<suffix>/x`, which is routed here and never leaves. */
const suffix = 'electron-double.invalid'
const handlers = new Map<string, Handler>()

export const protocol = {
  registerSchemesAsPrivileged(): void {},
  handle(scheme: string, handler: Handler): void {
    if (handlers.has(scheme)) throw new Error(`Failed to register protocol: ${scheme}`)
    handlers.set(scheme, handler)
  },
  unhandle(scheme: string): void { handlers.delete(scheme) },
  isProtocolHandled: (scheme: string): boolean => handlers.has(scheme),
}

/** The address under which Chromium knows a URL. */
export function toBrowser(url: string): string {
  const [, scheme, host, rest] = /^([a-z]+):\/\/([^/?#]*)(.*)$/.exec(url) ?? []
  return scheme !== undefined && handlers.has(scheme) ? `https://${host}.${scheme}.${suffix}${rest || '/'}` : url
}

/** The application's own address of a URL that Chromium shows. */
export function fromBrowser(url: string): string {
  const [, host, scheme, rest] = new RegExp(`^https://(.*)\\.([a-z]+)\\.${suffix.replaceAll('.', '\\.')}(.*)$`).exec(url) ?? []
  return scheme === undefined ? url : `${scheme}://${host}${rest}`
}

export function isRouted(url: string): boolean {
  return fromBrowser(url) !== url
}

/** Lets the application's handler answer a request. */
export async function serve(route: Route): Promise<void> {
  const request = route.request()
  const url = fromBrowser(request.url())
  const handler = handlers.get(url.slice(0, url.indexOf(':')))
  if (handler === undefined) { await route.abort('addressunreachable'); return }
  const response = await handler(new Request(url, { method: request.method(), headers: await request.allHeaders().then(withoutPseudo) }))
  await route.fulfill({ status: response.status, headers: Object.fromEntries(response.headers), body: Buffer.from(await response.arrayBuffer()) })
}

function withoutPseudo(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')))
}
